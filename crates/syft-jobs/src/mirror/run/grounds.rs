use std::{fmt, io, path::Path, str::FromStr, time::Duration};

use super::roots::Roots;
use crate::{Error, JobId, Options, store::Store};

/// FAT keeps times in steps of two seconds.
const FAT_STEP: Duration = Duration::from_secs(2);
/// What Linux calls FAT and exFAT, in its `linux/magic.h`.
const FAT: [u64; 2] = [0x4d44, 0x2011_bab0];

/// The file systems that a job's trees are on, now and in its last run.
#[derive(Debug)]
pub(super) struct Grounds {
    source: Ground,
    destination: Option<Ground>,
}

/// A file system that a tree is on, now and in the last run.
#[derive(Debug)]
struct Ground {
    root: String,
    now: Identity,
    before: Option<Identity>,
}

/// What tells a file system from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    kind: u64,
    id: u64,
    /// The inode of the tree's root.
    ino: u64,
}

const SOURCE: &str = "source";
const DESTINATION: &str = "destination";

impl Grounds {
    pub(super) fn find(roots: &Roots, job: &JobId, store: Option<&Store>) -> Result<Self, Error> {
        let ground = |root: &Path, key| {
            let note = store.map(|store| store.note(job, key)).transpose()?;
            Ok::<_, Error>(Ground {
                root: format!("the {key} {}", root.display()),
                now: Identity::of(root)?,
                before: note.flatten().and_then(|note| note.parse().ok()),
            })
        };
        Ok(Self {
            source: ground(&roots.source, SOURCE)?,
            destination: roots
                .is_made()
                .then(|| ground(&roots.destination, DESTINATION))
                .transpose()?,
        })
    }

    /// Says why a run should not begin: probably a disk is missing.
    pub(super) fn reason_to_stop(&self) -> Option<String> {
        let grounds = [Some(&self.source), self.destination.as_ref()];
        let mut moved = grounds
            .into_iter()
            .flatten()
            .filter(|ground| ground.has_moved());
        let root = &moved.next()?.root;
        Some(format!(
            "{root} is on another file system than in the last run; is a disk not mounted?"
        ))
    }

    /// Keeps what this run found for the next one to compare.
    pub(super) fn remember(roots: &Roots, job: &JobId, store: Option<&Store>) -> Result<(), Error> {
        let Some(store) = store else { return Ok(()) };
        for (root, key) in [(&roots.source, SOURCE), (&roots.destination, DESTINATION)] {
            let now = Identity::of(root)?.to_string();
            if store.note(job, key)?.as_ref() != Some(&now) {
                store.set_note(job, key, &now)?;
            }
        }
        Ok(())
    }
}

impl Ground {
    /// Some file systems get another number each time they are mounted, but the root of a tree
    /// stays the same then. Under a disk that is not mounted there is neither.
    fn has_moved(&self) -> bool {
        self.before.is_some_and(|before| {
            before.id != self.now.id && (before.kind, before.ino) != (self.now.kind, self.now.ino)
        })
    }
}

impl Identity {
    fn of(path: &Path) -> Result<Self, Error> {
        let find = || {
            Ok::<_, rustix::io::Errno>(Self {
                kind: kind_of(path)?,
                id: rustix::fs::statvfs(path)?.f_fsid,
                ino: rustix::fs::stat(path)?.st_ino,
            })
        };
        find().map_err(|errno| failure(path, errno.into()))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x} {:x} {}", self.kind, self.id, self.ino)
    }
}

impl FromStr for Identity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<_> = text.split(' ').collect();
        let [kind, id, ino] = parts[..] else {
            return Err(());
        };
        let hex = |text| u64::from_str_radix(text, 16).map_err(drop);
        Ok(Self {
            kind: hex(kind)?,
            id: hex(id)?,
            ino: ino.parse().map_err(drop)?,
        })
    }
}

/// What a destination's file system makes of a job.
#[derive(Debug)]
pub(super) struct Fitting {
    /// The options, as far as it can follow them.
    pub(super) options: Options,
    /// Whether names that differ in case alone are one name there.
    pub(super) folds_case: bool,
}

/// Changes options to what the destination's file system can keep.
pub(super) fn fitting(roots: &Roots, options: &Options) -> Result<Fitting, Error> {
    let mut options = options.clone();
    let existing = roots.existing();
    let kind = kind_of(existing).map_err(|errno| failure(existing, errno.into()))?;
    let is_fat = FAT.contains(&kind);
    if is_fat {
        options.modify_window = options.modify_window.max(FAT_STEP);
        options.permissions = false;
        options.hard_links = false;
    }
    // Only root may give files away; without it each run would try again.
    options.ownership &= !is_fat && rustix::process::geteuid().is_root();
    Ok(Fitting {
        options,
        folds_case: is_fat,
    })
}

fn kind_of(path: &Path) -> Result<u64, rustix::io::Errno> {
    let kind = rustix::fs::statfs(path)?.f_type;
    Ok(u64::try_from(kind).unwrap_or(0))
}

fn failure(path: &Path, source: io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        action: "examine the file system of",
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: Option<&str>, now: &str, has_moved: bool) {
        let ground = Ground {
            root: "the source /s".to_owned(),
            now: now.parse().unwrap(),
            before: before.map(|before| before.parse().unwrap()),
        };
        assert_eq!(ground.has_moved(), has_moved, "{before:?} {now}");
    }

    #[test]
    fn a_disk_that_is_not_mounted_is_noticed() {
        check(None, "ef53 aa 2", false);
        check(Some("ef53 aa 2"), "ef53 aa 2", false);
        // What is below the mount point is another directory of another file system.
        check(Some("ef53 aa 2"), "ef53 bb 4711", true);
        check(Some("58465342 aa 128"), "ef53 bb 128", true);
        // The disk got another number, as some do each time.
        check(Some("58465342 aa 128"), "58465342 bb 128", false);
        // A tree was made anew on the same disk.
        check(Some("ef53 aa 12"), "ef53 aa 13", false);
    }

    #[test]
    fn what_is_remembered_is_read_again() {
        let now = Identity::of(Path::new("/")).unwrap();
        assert_eq!(now.to_string().parse(), Ok(now));
        assert_eq!("1 2".parse::<Identity>(), Err(()));
    }

    #[test]
    fn a_missing_disk_is_named() {
        let ground = |before: &str| Ground {
            root: "the source /s".to_owned(),
            now: "1 1 1".parse().unwrap(),
            before: before.parse().ok(),
        };
        let grounds = |source, destination| Grounds {
            source: ground(source),
            destination: Some(ground(destination)),
        };
        assert_eq!(grounds("1 1 1", "1 1 1").reason_to_stop(), None);
        let reason = grounds("1 1 1", "1 2 2").reason_to_stop().unwrap();
        assert!(reason.contains("is a disk not mounted?"), "{reason}");
    }
}
