//! Whether there is room for the record and the logs.

use std::path::{Path, PathBuf};

use rustix::fs::StatVfsMountFlags;
use syft_monitor::Config;

use super::finding::Finding;

const TOPIC: &str = "disk";
const MIB: u64 = 1024 * 1024;
/// Ten log files of ten megabytes and the record take more than this in a bad week.
const LITTLE_ROOM: u64 = 50 * MIB;
const FEW_FILES: u64 = 1000;

/// What is left of a disk.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) directory: PathBuf,
    /// What is kept there, as `the record`.
    pub(super) holds: &'static str,
    pub(super) free_bytes: u64,
    /// How many files can still be made; `None` where the file system does not count them.
    pub(super) free_files: Option<u64>,
    pub(super) is_read_only: bool,
}

/// Looks at the disks of a config's files.
pub(super) fn gather(config: &Config) -> Vec<Facts> {
    let state = config.state_path.parent();
    let log = config.log.path.parent();
    let places = if log == state {
        vec![(state, "the record and the logs")]
    } else {
        vec![(state, "the record"), (log, "the logs")]
    };
    let places = places.into_iter();
    places
        .filter_map(|(directory, holds)| look(directory?, holds))
        .collect()
}

/// Looks at the disk below a directory, or below the nearest one above it that exists.
///
/// Returns `None` where the system does not tell.
fn look(directory: &Path, holds: &'static str) -> Option<Facts> {
    let there = directory.ancestors().find(|path| path.is_dir())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(Facts {
        directory: directory.to_owned(),
        holds,
        free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
        free_files: (disk.f_files > 0).then_some(disk.f_favail),
        is_read_only: disk.f_flag.contains(StatVfsMountFlags::RDONLY),
    })
}

pub(super) fn findings(disks: &[Facts]) -> Vec<Finding> {
    disks.iter().map(finding).collect()
}

fn finding(facts: &Facts) -> Finding {
    let directory = facts.directory.display();
    let holds = facts.holds;
    if facts.is_read_only {
        return Finding::problem(TOPIC, format!("{directory} is mounted read-only"))
            .because(format!("{holds} cannot be written"))
            .mend("mount it for writing, or set `state_path` to another disk");
    }
    let room = format!("df -h {}", super::finding::quoted(&facts.directory));
    if facts.free_bytes == 0 {
        return Finding::problem(TOPIC, format!("no room is left for {holds} in {directory}"))
            .because("no mail is sent that cannot be recorded")
            .mend(format!("make room; {room}"));
    }
    if facts.free_files == Some(0) {
        return Finding::problem(TOPIC, format!("no more files can be made in {directory}"))
            .because("the disk has run out of inodes, and no mail is sent that cannot be recorded")
            .mend(format!("remove files; df -i {directory}"));
    }
    let mib = facts.free_bytes / MIB;
    if facts.free_bytes < LITTLE_ROOM {
        return Finding::warning(
            TOPIC,
            format!("only {mib} MiB are left for {holds} in {directory}"),
        )
        .because("no mail is sent that cannot be recorded")
        .mend(format!("make room; {room}"));
    }
    if let Some(files) = facts.free_files.filter(|files| *files < FEW_FILES) {
        return Finding::warning(
            TOPIC,
            format!("only {files} more files can be made in {directory}"),
        )
        .because("the disk runs out of inodes")
        .mend(format!("remove files; df -i {directory}"));
    }
    Finding::ok(TOPIC, format!("{} are left for {holds}", size(mib)))
}

fn size(mib: u64) -> String {
    match mib {
        0..1024 => format!("{mib} MiB"),
        1024..1_048_576 => format!("{} GiB", mib / 1024),
        _ => format!("{} TiB", mib / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::lines;

    #[track_caller]
    fn check(change: impl FnOnce(&mut Facts), expected: &str) {
        let mut facts = Facts {
            directory: "/d".into(),
            holds: "the record",
            free_bytes: 100 * MIB,
            free_files: Some(5000),
            is_read_only: false,
        };
        change(&mut facts);
        assert_eq!(lines(&findings(&[facts])), [expected]);
    }

    #[test]
    fn room_and_files() {
        check(|_| {}, "✅ 100 MiB are left for the record");
        check(
            |disk| disk.free_bytes = 50 * MIB,
            "✅ 50 MiB are left for the record",
        );
        check(
            |disk| disk.free_bytes = 3 * 1024 * MIB,
            "✅ 3 GiB are left for the record",
        );
        check(
            |disk| disk.free_files = None,
            "✅ 100 MiB are left for the record",
        );
        check(
            |disk| disk.free_bytes = 50 * MIB - 1,
            "⚠️ only 49 MiB are left for the record in /d — no mail is sent that cannot be recorded \
             — make room; df -h /d",
        );
        check(
            |disk| disk.free_bytes = 0,
            "❌ no room is left for the record in /d — no mail is sent that cannot be recorded — \
             make room; df -h /d",
        );
        check(
            |disk| disk.free_files = Some(999),
            "⚠️ only 999 more files can be made in /d — the disk runs out of inodes — remove \
             files; df -i /d",
        );
        check(
            |disk| disk.free_files = Some(0),
            "❌ no more files can be made in /d — the disk has run out of inodes, and no mail is \
             sent that cannot be recorded — remove files; df -i /d",
        );
        check(
            |disk| disk.is_read_only = true,
            "❌ /d is mounted read-only — the record cannot be written — mount it for writing, or \
             set `state_path` to another disk",
        );
    }

    #[test]
    fn a_directory_that_is_not_made_yet_has_the_disk_above_it() {
        let dir = tempfile::tempdir().unwrap();
        let facts = look(&dir.path().join("a/b"), "the record").unwrap();
        assert!(!facts.is_read_only);
        assert_eq!(facts.directory, dir.path().join("a/b"));
    }
}
