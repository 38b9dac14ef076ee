//! Which changes count for a watcher: pure.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use syft_state::watch::{Change, Hint};

use super::{EventKind, EventKinds, WatcherSpec};
use crate::{Filter, Job};

/// What a mirror names its unfinished files, which are nobody's changes.
const UNFINISHED: &[u8] = b".syft-tmp.";

/// Tells the changes that count from those that do not.
#[derive(Clone, Debug)]
pub(super) struct Sieve {
    root: PathBuf,
    /// The one file in the root that counts.
    only: Option<OsString>,
    events: EventKinds,
    ignore: Filter,
    job: Filter,
    ignores_hidden: bool,
    source: Place,
    /// What the job writes, as far as it is in the root, relative to it.
    destination: Option<PathBuf>,
}

/// Where a job's source is, seen from what is watched.
#[derive(Clone, Debug)]
enum Place {
    /// What is watched is so far below it.
    Above(PathBuf),
    /// It is so far below what is watched.
    Below(PathBuf),
    Elsewhere,
}

impl Sieve {
    /// Makes the sieve of a watcher that looks at a root, of which `real` tells the canonical path
    /// as of any other.
    pub(super) fn new(
        spec: &WatcherSpec,
        job: &Job,
        (root, only): (PathBuf, Option<OsString>),
        real: impl Fn(&Path) -> PathBuf,
    ) -> Self {
        let (real_root, source) = (real(&root), real(&job.source));
        let source = if let Ok(below) = real_root.strip_prefix(&source) {
            Place::Above(below.to_owned())
        } else if let Ok(below) = source.strip_prefix(&real_root) {
            Place::Below(below.to_owned())
        } else {
            Place::Elsewhere
        };
        let destination = real(&job.destination);
        let destination = destination.strip_prefix(&real_root).ok();
        Self {
            only,
            events: spec.events,
            ignore: spec.ignore.clone(),
            job: job.options.filter.clone(),
            ignores_hidden: job.options.ignore_hidden,
            source,
            destination: destination.map(Path::to_owned),
            root,
        }
    }

    /// Returns whether something that happened counts.
    pub(super) fn lets_through(&self, hint: &Hint) -> bool {
        use EventKind::{Chmod, Create, Remove, Rename, Write};

        match hint {
            Hint::File { path, change } => {
                let kind = match change {
                    Change::Created => Create,
                    Change::Modified | Change::Written => Write,
                    Change::Removed => Remove,
                };
                self.wants(&[kind]) && self.counts(path, false)
            }
            Hint::Directory(path) => self.wants(&[Create]) && self.counts(path, true),
            Hint::Attributes(path) => self.wants(&[Chmod]) && self.counts(path, false),
            Hint::Arrived(path) => self.wants(&[Create, Rename]) && self.counts(path, false),
            Hint::Departed(path) => self.wants(&[Remove, Rename]) && self.counts(path, false),
            // What takes no part under one of its names comes or goes for those that do.
            Hint::Renamed { from, to } => {
                match (self.counts(from, false), self.counts(to, false)) {
                    (true, true) => self.wants(&[Rename]),
                    (true, false) => self.wants(&[Remove, Rename]),
                    (false, true) => self.wants(&[Create, Write, Rename]),
                    (false, false) => false,
                }
            }
            // What was lost may be anything.
            _ => true,
        }
    }

    /// Returns whether nothing below a directory counts.
    pub(super) fn skips(&self, directory: &Path) -> bool {
        self.only.is_none() && !self.counts(directory, true)
    }

    fn wants(&self, any_of: &[EventKind]) -> bool {
        any_of.iter().any(|kind| self.events.contains(*kind))
    }

    /// Returns whether a path takes part.
    fn counts(&self, path: &Path, is_directory: bool) -> bool {
        let Ok(path) = path.strip_prefix(&self.root) else {
            return true;
        };
        if let Some(only) = &self.only {
            return path == Path::new(only);
        }
        let is_unfinished = |name: &std::ffi::OsStr| name.as_bytes().starts_with(UNFINISHED);
        if path.iter().any(is_unfinished) || self.ignore.excludes(path, is_directory) {
            return false;
        }
        if let Some(destination) = &self.destination
            && path.starts_with(destination)
        {
            return false;
        }
        match &self.source {
            Place::Elsewhere => true,
            Place::Above(below) if below.as_os_str().is_empty() => {
                self.is_in_job(path, is_directory)
            }
            Place::Above(below) => self.is_in_job(&below.join(path), is_directory),
            Place::Below(below) => match path.strip_prefix(below) {
                Ok(path) => self.is_in_job(path, is_directory),
                Err(_) => true,
            },
        }
    }

    /// Returns whether a path takes part in the job, relative to whose source it is.
    fn is_in_job(&self, path: &Path, is_directory: bool) -> bool {
        let is_hidden = |name: &std::ffi::OsStr| name.as_bytes().starts_with(b".");
        let is_left_out = self.ignores_hidden && path.iter().any(is_hidden);
        !is_left_out && !self.job.excludes(path, is_directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::tests::{job, spec};

    fn sieve(change: impl FnOnce(&mut WatcherSpec, &mut Job)) -> Sieve {
        let (mut job, mut spec) = (job("/data/source", "/data/copy"), spec("/data/source"));
        change(&mut spec, &mut job);
        let root = (spec.path.clone(), None);
        Sieve::new(&spec, &job, root, Path::to_owned)
    }

    fn written(path: &str) -> Hint {
        Hint::File {
            path: path.into(),
            change: Change::Written,
        }
    }

    fn renamed(from: &str, to: &str) -> Hint {
        Hint::Renamed {
            from: from.into(),
            to: to.into(),
        }
    }

    #[track_caller]
    fn check(sieve: &Sieve, hint: &Hint, expected: bool) {
        assert_eq!(sieve.lets_through(hint), expected, "{hint:?}");
    }

    /// B8: the kinds that a watcher names are those that count.
    #[test]
    fn kinds_are_exact() {
        let at = |hint: fn(PathBuf) -> Hint| hint("/data/source/a".into());
        let file = |change| Hint::File {
            path: "/data/source/a".into(),
            change,
        };
        let hints = [
            (file(Change::Created), vec!["create"]),
            (file(Change::Modified), vec!["write"]),
            (file(Change::Written), vec!["write"]),
            (file(Change::Removed), vec!["remove"]),
            (at(Hint::Directory), vec!["create"]),
            (at(Hint::Attributes), vec!["chmod"]),
            (at(Hint::Arrived), vec!["create", "rename"]),
            (at(Hint::Departed), vec!["remove", "rename"]),
            (renamed("/data/source/a", "/data/source/b"), vec!["rename"]),
        ];
        for kind in EventKind::ALL {
            let sieve = sieve(|spec, _| spec.events = kind.into());
            for (hint, kinds) in &hints {
                check(&sieve, hint, kinds.contains(&kind.as_str()));
            }
            for lost in [Hint::Everything, Hint::Limited, Hint::Lost] {
                check(&sieve, &lost, true);
            }
        }
    }

    #[test]
    fn what_is_ignored_does_not_count() {
        let sieve = sieve(|spec, job| {
            spec.ignore = Filter::new(&["*.log", "cache/"], &[]).unwrap();
            job.options.filter = Filter::new(&["*.tmp", ".git/*"], &[]).unwrap();
        });
        check(&sieve, &written("/data/source/a"), true);
        check(&sieve, &written("/data/source/deep/a.log"), false);
        check(&sieve, &written("/data/source/a.tmp"), false);
        check(&sieve, &written("/data/source/.git/index"), false);
        check(&sieve, &written("/data/source/cache/x"), false);
        check(&sieve, &written("/data/source/.syft-tmp.0123"), false);
        check(
            &sieve,
            &renamed("/data/source/a.tmp", "/data/source/a"),
            true,
        );
        check(
            &sieve,
            &renamed("/data/source/a.tmp", "/data/source/b.tmp"),
            false,
        );
        assert!(sieve.skips(Path::new("/data/source/x/.git")));
        assert!(!sieve.skips(Path::new("/data/source/x")));
    }

    /// An editor writes beside a file and renames over it: its content changed.
    #[test]
    fn what_gets_a_name_that_counts_was_written() {
        let sieve = sieve(|spec, _| {
            spec.events = EventKind::Write.into();
            spec.ignore = Filter::new(&["*.swp"], &[]).unwrap();
        });
        check(
            &sieve,
            &renamed("/data/source/a.swp", "/data/source/a"),
            true,
        );
        check(&sieve, &renamed("/data/source/b", "/data/source/a"), false);
    }

    #[test]
    fn hidden_names_count_as_in_the_job() {
        let sieve = sieve(|_, job| job.options.ignore_hidden = true);
        check(&sieve, &written("/data/source/.a"), false);
        check(&sieve, &written("/data/source/.d/a"), false);
        check(&sieve, &written("/data/source/d/a"), true);
    }

    #[test]
    fn the_destination_never_counts() {
        let sieve = sieve(|spec, _| spec.path = "/data".into());
        check(&sieve, &written("/data/copy/a"), false);
        check(&sieve, &written("/data/copying"), true);
        assert!(sieve.skips(Path::new("/data/copy")));
    }

    #[test]
    fn filters_hold_from_the_source_wherever_the_watch_begins() {
        let filter = Filter::new(&["/build"], &[]).unwrap();
        for (root, path, counts) in [
            ("/data", "/data/source/build/a", false),
            ("/data", "/data/build", true),
            ("/data/source/build", "/data/source/build/a", false),
            ("/data/source/lib", "/data/source/lib/build", true),
            ("/elsewhere", "/elsewhere/build", true),
        ] {
            let sieve = sieve(|spec, job| {
                spec.path = root.into();
                job.options.filter = filter.clone();
            });
            check(&sieve, &written(path), counts);
        }
    }

    #[test]
    fn one_file_alone_counts() {
        let (spec, job) = (spec("/data/source/a"), job("/data/source", "/data/copy"));
        let root = ("/data/source".into(), Some("a".into()));
        let sieve = Sieve::new(&spec, &job, root, Path::to_owned);
        check(&sieve, &written("/data/source/a"), true);
        check(&sieve, &written("/data/source/b"), false);
        check(&sieve, &renamed("/data/source/b", "/data/source/a"), true);
    }
}
