//! How two entries of one name differ.

use crate::mirror::{
    Comparison, Conflicts, FileError, Kind, Meta, NodeId, Options, Time, Tree, compare::Same,
    plan::Outcome,
};

/// How two entries of one name and of one kind differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not at all.
    InStep,
    /// In permissions, owner or times.
    Attributes,
    /// In what they hold.
    Content,
    /// It cannot be said.
    Unknown(FileError),
}

/// What two entries are compared by.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) source: &'a Tree,
    pub(super) destination: &'a Tree,
    pub(super) options: &'a Options,
    pub(super) same: &'a dyn Same,
}

impl Judge<'_> {
    /// Compares two entries that are no directories.
    pub(super) fn compare(&self, source: NodeId, destination: NodeId) -> Verdict {
        let (model, copy) = (self.source.meta(source), self.destination.meta(destination));
        let is_same = match (model.kind, copy.kind) {
            (Kind::File, Kind::File) => self.same_content(source, destination),
            (Kind::Symlink, Kind::Symlink) => {
                Ok(self.source.target(source) == self.destination.target(destination))
            }
            _ => Ok(false),
        };
        match is_same {
            Err(error) => Verdict::Unknown(error),
            Ok(false) => Verdict::Content,
            Ok(true) if self.same_attributes(model, copy) => Verdict::InStep,
            Ok(true) => Verdict::Attributes,
        }
    }

    /// Returns whether permissions, owner and time are the same, as far as they are kept.
    pub(super) fn same_attributes(&self, model: &Meta, copy: &Meta) -> bool {
        let options = self.options;
        let is_link = model.kind == Kind::Symlink;
        (!options.timestamps || self.same_time(model.mtime, copy.mtime))
            && (!options.permissions || is_link || model.mode == copy.mode)
            && (!options.ownership || (model.uid, model.gid) == (copy.uid, copy.gid))
    }

    /// Returns what comes of it that the destination differs and is the newer one, in a mirror.
    pub(super) fn conflict(&self, source: NodeId, destination: NodeId) -> Option<Outcome> {
        let (model, copy) = (self.source.meta(source), self.destination.meta(destination));
        if copy.mtime <= model.mtime || self.same_time(model.mtime, copy.mtime) {
            return None;
        }
        Some(match self.options.conflicts {
            Conflicts::Source => Outcome::SourceWins,
            Conflicts::Destination | Conflicts::Newer => Outcome::DestinationWins,
            Conflicts::Larger if copy.size > model.size => Outcome::DestinationWins,
            Conflicts::Larger => Outcome::SourceWins,
            Conflicts::Copy => Outcome::BothKept,
            Conflicts::Manual => Outcome::Undecided,
            Conflicts::Skip => Outcome::Left,
        })
    }

    fn same_content(&self, source: NodeId, destination: NodeId) -> Result<bool, FileError> {
        let (model, copy) = (self.source.meta(source), self.destination.meta(destination));
        let comparison = self.options.comparison;
        let same_time = || self.is_as_new(model.mtime, copy.mtime);
        Ok(match comparison {
            Comparison::Mtime => same_time(),
            _ if model.size != copy.size => false,
            Comparison::Size => true,
            Comparison::SizeMtime => same_time(),
            _ if model.size == 0 || (model.dev, model.ino) == (copy.dev, copy.ino) => true,
            _ => self.same.same(source, destination)?,
        })
    }

    /// Where times are not kept, a copy has the time at which it was made.
    fn is_as_new(&self, model: Time, copy: Time) -> bool {
        self.same_time(model, copy) || (!self.options.timestamps && copy > model)
    }

    fn same_time(&self, one: Time, other: Time) -> bool {
        one.distance(other) <= self.options.modify_window
    }
}
