use std::{
    os::fd::BorrowedFd,
    path::PathBuf,
    sync::{PoisonError, atomic::Ordering},
};

use rustix::{fs::Mode, io::Errno};

use super::{
    Execution, Failure, entries, outcome,
    outcome::Ending,
    walker::{Links, Walker},
};
use crate::mirror::{
    Direction, ErrorKind, NodeId, Report, Symlinks, Tree,
    copy::{self, At, Buffer, Errand},
    plan::{Action, Side, Work},
};

/// One thread at work, with the directories that it has open.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    execution: &'a Execution<'a>,
    to_destination: Ways<'a>,
    to_source: Ways<'a>,
    buffer: Buffer,
    pub(super) report: Report,
}

/// The ways to the directories of both trees, when one of them is changed after the other.
#[derive(Debug)]
struct Ways<'a> {
    model_tree: &'a Tree,
    own_tree: &'a Tree,
    /// Where things are read.
    model: Walker<'a>,
    /// Where they are written: names of the model below the other root.
    mirror: Walker<'a>,
    /// The same again, for the file that a further name is made of.
    linked: Walker<'a>,
    /// Where things are deleted: names of the changed tree itself.
    own: Walker<'a>,
}

/// A directory that was made writable for the time being.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loosened {
    on: Side,
    /// Of the model's tree or, for deletions, of the changed one.
    directory: Whose,
    before: Mode,
    since: Mode,
}

#[derive(Clone, Copy, Debug)]
enum Whose {
    Model(NodeId),
    Own(NodeId),
}

/// What an action came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Copied(u64),
    Updated(u64),
    CreatedDirectory,
    Deleted,
    Skipped,
    /// Something that nobody counts.
    Settled,
}

impl<'a> Worker<'a> {
    pub(super) fn new(execution: &'a Execution<'a>) -> Self {
        let (source, destination) = (&execution.source, &execution.destination);
        let options = execution.options;
        let follows =
            options.symlinks == Symlinks::Follow && options.direction == Direction::OneWay;
        let links = if follows {
            Links::FollowAsSeen
        } else {
            Links::Refuse
        };
        let ways = |model: &'a super::Ground<'a>, own: &'a super::Ground<'a>| Ways {
            model_tree: &model.place.tree,
            own_tree: &own.place.tree,
            model: Walker::new(model.fd(), &model.place.tree, links),
            mirror: Walker::new(own.fd(), &model.place.tree, Links::Refuse),
            linked: Walker::new(own.fd(), &model.place.tree, Links::Refuse),
            own: Walker::new(own.fd(), &own.place.tree, Links::Refuse),
        };
        Self {
            execution,
            to_destination: ways(source, destination),
            to_source: ways(destination, source),
            buffer: Buffer::new(),
            report: Report::default(),
        }
    }

    pub(super) fn carry_out_all(&mut self, actions: &[Action]) {
        for action in actions {
            if self.execution.is_over() {
                return;
            }
            let permit = self.execution.context.permits.acquire();
            self.carry_out(*action);
            drop(permit);
        }
    }

    fn carry_out(&mut self, action: Action) {
        let mut result = self.attempt(action);
        if matches!(&result, Err(failure) if failure.kind == ErrorKind::PermissionDenied)
            && self.loosen(action)
        {
            result = self.attempt(action);
        }
        let path = self.path(action);
        self.execution.context.progress.done(&path);
        match result {
            Ok(done) => self.count(action.on, done),
            Err(failure) => self.note(action, failure, path),
        }
    }

    fn attempt(&mut self, action: Action) -> Result<Done, Failure> {
        let ways = match action.on {
            Side::Destination => &mut self.to_destination,
            Side::Source => &mut self.to_source,
        };
        let options = self.execution.options;
        match (action.work, action.from, action.over) {
            (Work::CopyFile, Some(from), _) => {
                ways.copy(action, from, self.execution, &mut self.buffer)
            }
            (Work::HardLink(first), Some(from), _) => {
                match ways.link(action, from, first, options)? {
                    Some(done) => Ok(done),
                    None => ways.copy(action, from, self.execution, &mut self.buffer),
                }
            }
            (Work::MakeSymlink, Some(from), over) => {
                let over = over.map(|over| ways.own_tree.meta(over));
                let target = ways.model_tree.target(from);
                let meta = ways.model_tree.meta(from);
                entries::make_symlink(ways.to(from)?, target, meta, over, options)
            }
            (Work::MakeDirectory, Some(from), _) => {
                let mode = ways.model_tree.meta(from).mode;
                entries::make_directory(ways.to(from)?, mode)
            }
            (Work::SetAttributes, Some(from), _) => {
                let meta = ways.model_tree.meta(from);
                entries::set_attributes(ways.to(from)?, meta, options)
            }
            (Work::FinishDirectory, Some(from), _) => ways.finish_directory(from, options),
            (Work::Delete | Work::MakeRoom, _, Some(over)) => {
                let meta = ways.own_tree.meta(over);
                let done = entries::delete(ways.at_own(over)?, meta)?;
                entries::check_room(action.work, done)
            }
            (Work::KeepAside, _, Some(over)) => {
                let meta = ways.own_tree.meta(over);
                entries::keep_aside(ways.at_own(over)?, meta)
            }
            _ => Err(Failure::new(
                ErrorKind::Internal,
                "the plan says nothing of what is to be done",
            )),
        }
    }

    fn count(&mut self, on: Side, done: Done) {
        let counts = &mut self.report.counts;
        let mut copied = 0;
        match done {
            Done::Copied(bytes) => {
                counts.copied += 1;
                copied = bytes;
            }
            Done::Updated(bytes) => {
                counts.updated += 1;
                copied = bytes;
            }
            Done::CreatedDirectory => counts.created_dirs += 1,
            Done::Deleted => counts.deleted += 1,
            Done::Skipped => counts.skipped += 1,
            Done::Settled => {}
        }
        match on {
            Side::Destination => self.report.bytes += copied,
            Side::Source => self.report.bytes_back += copied,
        }
    }

    fn note(&mut self, action: Action, failure: Failure, path: PathBuf) {
        if failure.is_conflict {
            self.report.counts.conflicts += 1;
            let is_undecided = &self.execution.is_undecided;
            is_undecided.store(true, Ordering::Relaxed);
            self.report.note_conflict(path);
            return;
        }
        let ends_the_run = failure.ends_the_run();
        let error = failure.at(path);
        if ends_the_run {
            let ground = self.execution.ground(action.on);
            let (root, path) = (ground.place.root.display(), error.path.display());
            let reason = match error.kind {
                ErrorKind::NoSpace => format!("no space is left in {root} for {path}"),
                _ => format!("{root} cannot be written ({path})"),
            };
            let reason = format!("{reason}: {}", error.message);
            self.execution.end(Ending::Stopped(reason));
        } else if !self.execution.options.continue_on_error {
            self.execution
                .end(Ending::Stopped(outcome::stopped_at(&error)));
        }
        self.report.fail(error);
    }

    fn path(&self, action: Action) -> PathBuf {
        let ways = match action.on {
            Side::Destination => &self.to_destination,
            Side::Source => &self.to_source,
        };
        match (action.from, action.over) {
            (Some(from), _) => ways.model_tree.path(from),
            (None, Some(over)) => ways.own_tree.path(over),
            (None, None) => PathBuf::new(),
        }
    }

    /// Gives the owner of a directory the right to write there, as `cp` and `rsync` do.
    ///
    /// Returns whether that changed something, so that another attempt makes sense.
    fn loosen(&mut self, action: Action) -> bool {
        let ways = match action.on {
            Side::Destination => &mut self.to_destination,
            Side::Source => &mut self.to_source,
        };
        let directory = match (action.from, action.over) {
            (Some(from), _) => Whose::Model(ways.model_tree.parent(from)),
            (None, Some(over)) => Whose::Own(ways.own_tree.parent(over)),
            (None, None) => return false,
        };
        let Ok(open) = ways.directory(directory) else {
            return false;
        };
        let Some((before, since)) = make_writable(open) else {
            return false;
        };
        let loosened = Loosened {
            on: action.on,
            directory,
            before,
            since,
        };
        let all = &self.execution.loosened;
        all.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(loosened);
        true
    }

    /// Takes back the rights that were given for the time being, where that is still to be done.
    pub(super) fn tighten(&mut self) {
        for loosened in self.execution.loosened() {
            let ways = match loosened.on {
                Side::Destination => &mut self.to_destination,
                Side::Source => &mut self.to_source,
            };
            let tightened = ways.directory(loosened.directory).and_then(|directory| {
                let now = Mode::from_raw_mode(rustix::fs::fstat(directory)?.st_mode);
                if now == loosened.since {
                    rustix::fs::fchmod(directory, loosened.before)?;
                }
                Ok(())
            });
            match tightened {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => tracing::warn!("cannot restore a directory's permissions: {errno}"),
            }
        }
    }
}

impl Ways<'_> {
    /// Returns the place of an entry of the model in the tree that is changed.
    fn to(&mut self, from: NodeId) -> Result<At<'_>, Failure> {
        let name = self.model_tree.name(from);
        let directory = self.mirror.parent(from);
        let directory =
            directory.map_err(|errno| Failure::of("open the directory that is to have", errno))?;
        Ok(At { directory, name })
    }

    /// Returns the place of an entry of the tree that is changed.
    fn at_own(&mut self, over: NodeId) -> Result<At<'_>, Failure> {
        let name = self.own_tree.name(over);
        let directory = self.own.parent(over);
        let directory =
            directory.map_err(|errno| Failure::of("open the directory that has", errno))?;
        Ok(At { directory, name })
    }

    fn directory(&mut self, directory: Whose) -> Result<BorrowedFd<'_>, Errno> {
        match directory {
            Whose::Model(id) => self.mirror.directory(id),
            Whose::Own(id) => self.own.directory(id),
        }
    }

    fn copy(
        &mut self,
        action: Action,
        from: NodeId,
        execution: &Execution<'_>,
        buffer: &mut Buffer,
    ) -> Result<Done, Failure> {
        let opened = |errno| Failure::of("open the directory of", errno);
        let name = self.model_tree.name(from);
        let over = action.over.map(|over| self.own_tree.meta(over));
        let errand = Errand {
            from: At {
                directory: self.model.parent(from).map_err(opened)?,
                name,
            },
            seen: self.model_tree.meta(from),
            to: At {
                directory: self.mirror.parent(from).map_err(opened)?,
                name,
            },
            over,
        };
        let heard = |bytes| execution.context.progress.copied(bytes);
        let bytes = execution.copier.copy(&errand, buffer, &heard)?;
        Ok(match over {
            Some(_) => Done::Updated(bytes),
            None => Done::Copied(bytes),
        })
    }

    /// Makes a further name of a file; `None` when a copy of its own is needed instead.
    fn link(
        &mut self,
        action: Action,
        from: NodeId,
        first: NodeId,
        options: &crate::Options,
    ) -> Result<Option<Done>, Failure> {
        let opened = |errno| Failure::of("open the directory of", errno);
        let first_at = At {
            directory: self.linked.parent(first).map_err(opened)?,
            name: self.model_tree.name(first),
        };
        let to = At {
            directory: self.mirror.parent(from).map_err(opened)?,
            name: self.model_tree.name(from),
        };
        let over = action.over.map(|over| self.own_tree.meta(over));
        entries::make_hard_link(first_at, self.model_tree.meta(first), to, over, options)
    }

    fn finish_directory(
        &mut self,
        from: NodeId,
        options: &crate::Options,
    ) -> Result<Done, Failure> {
        match self.mirror.directory(from) {
            Ok(directory) => copy::give_open(directory, self.model_tree.meta(from), options)?,
            // That it could not be made was said before.
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(Failure::of("open", errno)),
        }
        Ok(Done::Settled)
    }
}

fn make_writable(directory: BorrowedFd<'_>) -> Option<(Mode, Mode)> {
    let needed = Mode::WUSR | Mode::XUSR;
    let stat = rustix::fs::fstat(directory).ok()?;
    let before = Mode::from_raw_mode(stat.st_mode);
    let is_ours = stat.st_uid == rustix::process::geteuid().as_raw();
    if !is_ours || before.contains(needed) {
        return None;
    }
    rustix::fs::fchmod(directory, before | needed).ok()?;
    Some((before, before | needed))
}
