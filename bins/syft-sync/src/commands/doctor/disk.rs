//! Whether there is room where something is written.

use std::path::Path;

use rustix::fs::StatVfsMountFlags;
use syft_terminal::finding::{Finding, quoted};

use crate::{config::Config, words};

const TOPIC: &str = "disk";
/// A copy needs room for a whole file beside the old one.
const LITTLE: u64 = 100 * 1024 * 1024;

/// What is left of a disk.
#[derive(Clone, Copy, Debug)]
struct Room {
    bytes: u64,
    /// `None` where the file system does not count files.
    files: Option<u64>,
    is_read_only: bool,
}

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let destinations = config.jobs.iter().filter(|job| job.enabled);
    let mut places: Vec<(&Path, String)> = destinations
        .map(|job| (job.destination.as_path(), format!("job {}", job.id)))
        .collect();
    places.push((&config.daemon.state_dir, "the record of runs".to_owned()));
    let findings: Vec<_> = places
        .into_iter()
        .filter_map(|(path, holds)| finding(path, &holds, look(path)?))
        .collect();
    if findings.is_empty() {
        return vec![Finding::ok(TOPIC, "there is room everywhere")];
    }
    findings
}

/// Looks at the disk below a directory, or below the nearest one above it that exists.
fn look(path: &Path) -> Option<Room> {
    let there = path.ancestors().find(|path| path.is_dir())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(Room {
        bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
        files: (disk.f_files > 0).then_some(disk.f_favail),
        is_read_only: disk.f_flag.contains(StatVfsMountFlags::RDONLY),
    })
}

fn finding(path: &Path, holds: &str, room: Room) -> Option<Finding> {
    let at = path.display();
    if room.is_read_only {
        return Some(
            Finding::problem(TOPIC, format!("{at} is mounted read-only"))
                .because(format!("{holds} cannot write there"))
                .mend("mount it for writing"),
        );
    }
    if room.bytes == 0 || room.files == Some(0) {
        return Some(
            Finding::problem(TOPIC, format!("no room is left at {at}"))
                .because(format!("{holds} cannot write there"))
                .mend(format!("make room; df -h {0}; df -i {0}", quoted(path))),
        );
    }
    (room.bytes < LITTLE).then(|| {
        Finding::warning(
            TOPIC,
            format!("only {} are left at {at}", words::bytes(room.bytes)),
        )
        .because(format!("{holds} will soon fail"))
        .mend(format!("make room; df -h {}", quoted(path)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(change: impl FnOnce(&mut Room), expected: Option<&str>) {
        let mut room = Room {
            bytes: LITTLE,
            files: Some(9),
            is_read_only: false,
        };
        change(&mut room);
        let found = finding(Path::new("/d"), "job a", room).map(|finding| finding.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn room_and_files() {
        check(|_| {}, None);
        check(|room| room.files = None, None);
        check(
            |room| room.bytes = 1024,
            Some("only 1.00 KiB are left at /d — job a will soon fail — make room; df -h /d"),
        );
        check(
            |room| room.files = Some(0),
            Some(
                "no room is left at /d — job a cannot write there — make room; df -h /d; df -i /d",
            ),
        );
        check(
            |room| room.is_read_only = true,
            Some("/d is mounted read-only — job a cannot write there — mount it for writing"),
        );
    }
}
