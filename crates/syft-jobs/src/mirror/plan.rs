//! What is to be done, decided from two looks and nothing else.

use std::{fmt, path::PathBuf};

use super::{FileError, NodeId, Options, Tree, base::Base, compare::Same};

pub(crate) mod aside;
mod delete;
mod draft;
mod links;
mod one_way;
mod two_way;
mod verdict;

/// Decides how the destination becomes what the source is.
///
/// `same` answers where contents have to be compared, and is asked for files of equal size alone.
/// The disk is not touched.
#[must_use]
pub fn plan(source: &Tree, destination: &Tree, options: &Options, same: &dyn Same) -> Plan {
    one_way::plan(source, destination, options, same)
}

/// Decides how both sides become the same, by what they agreed upon after the last run.
///
/// A deletion goes to the other side where the options allow deletions, and loses against a
/// change. While nothing was agreed upon nothing is deleted. Times are kept whatever the options
/// say; those of directories go to new ones alone.
#[must_use]
pub fn plan_two_way(
    source: &Tree,
    destination: &Tree,
    options: &Options,
    same: &dyn Same,
    base: &Base,
) -> Plan {
    two_way::plan(source, destination, options, same, base)
}

/// What is to be done to bring two trees in step.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In the order of their [`Phase`]s; within a phase a directory comes before what is in it,
    /// or, where things are taken away or finished, after it.
    pub actions: Vec<Action>,
    /// How many bytes are to be copied.
    pub bytes: u64,
    /// How many entries are in step, or take no part.
    pub skipped: u64,
    /// Paths that both sides changed, whoever wins.
    pub conflicts: Vec<Conflict>,
    /// What can be seen already to go wrong.
    pub errors: Vec<FileError>,
    /// Why this must not be carried out unless somebody insists.
    pub held: Option<Held>,
}

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// What.
    pub work: Work,
    /// The tree that is changed by it; that of a one-way job is always the destination.
    pub on: Side,
    /// The entry of the other tree that is the model, unless something is deleted.
    pub from: Option<NodeId>,
    /// The entry of the changed tree that is there now, if one is.
    pub over: Option<NodeId>,
}

/// One of the two trees of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that a one-way job reads.
    Source,
    /// The one that a one-way job writes.
    Destination,
}

/// What an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// Takes away what is in the way of something of another type, with everything in it.
    MakeRoom,
    /// Makes a directory.
    MakeDirectory,
    /// Copies a file, over an older one or not.
    CopyFile,
    /// Makes a further name of a file that has the name of this entry of the model tree.
    HardLink(NodeId),
    /// Makes a symbolic link.
    MakeSymlink,
    /// Brings permissions, owner and times in step, of what has the right content.
    SetAttributes,
    /// Moves what is there aside to a name of its own, where both are to be kept.
    KeepAside,
    /// Deletes an entry, a directory when it is empty.
    Delete,
    /// Brings permissions, owner and times of a directory in step, when all in it is done.
    FinishDirectory,
}

/// The order of things: everything of one phase is done before anything of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// What stands in the way goes away.
    MakeRoom,
    /// Directories, from the root down.
    Directories,
    /// Files and links, in any order and several at once.
    Files,
    /// Further names of files, which must exist by now.
    HardLinks,
    /// Deletions, from the leaves up.
    Deletions,
    /// Attributes of directories, from the leaves up.
    Finish,
}

/// A path that both sides changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Where.
    pub path: PathBuf,
    /// What comes of it.
    pub outcome: Outcome,
}

/// What comes of a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The source's version is at both sides.
    SourceWins,
    /// The destination's version stays.
    DestinationWins,
    /// The winner has the name, the loser another one.
    BothKept,
    /// Nothing; somebody has to decide.
    Undecided,
    /// Nothing, and nobody has to.
    Left,
}

/// Why a plan must not be carried out unless somebody insists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Held {
    /// The source is there and empty, and things would be deleted.
    SourceEmpty {
        /// The tree that is not empty.
        on: Side,
        /// How many entries would be deleted.
        deletions: usize,
    },
    /// More would be deleted than the options allow.
    TooManyDeletions {
        /// The tree of which so much would go.
        on: Side,
        /// How many entries would be deleted.
        deletions: usize,
        /// Of how many.
        of: usize,
        /// The allowed share in percent.
        limit_percent: u8,
    },
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 6] = [
        Self::MakeRoom,
        Self::Directories,
        Self::Files,
        Self::HardLinks,
        Self::Deletions,
        Self::Finish,
    ];
}

impl Work {
    /// Returns when this is done.
    #[must_use]
    pub fn phase(self) -> Phase {
        match self {
            Self::MakeRoom | Self::KeepAside => Phase::MakeRoom,
            Self::MakeDirectory => Phase::Directories,
            Self::CopyFile | Self::MakeSymlink | Self::SetAttributes => Phase::Files,
            Self::HardLink(_) => Phase::HardLinks,
            Self::Delete => Phase::Deletions,
            Self::FinishDirectory => Phase::Finish,
        }
    }
}

impl Side {
    /// Returns the other tree.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Source => Self::Destination,
            Self::Destination => Self::Source,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Destination => "destination",
        })
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SourceEmpty { on, deletions } => write!(
                f,
                "the {} is empty, and {deletions} entries of the {on} would be deleted",
                on.other()
            ),
            Self::TooManyDeletions {
                on,
                deletions,
                of,
                limit_percent,
            } => write!(
                f,
                "{deletions} of {of} entries of the {on} would be deleted, more than {limit_percent} %"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
