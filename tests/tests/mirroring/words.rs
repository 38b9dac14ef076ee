//! What a person reads when a disk or a right is missing.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    program::{Ending, Job},
    trees::set_mode,
};

/// Nobody's user and group on Debian.
const NOBODY: u32 = 65_534;

struct Desk {
    directory: TempDir,
}

impl Desk {
    /// Makes a source with these files of 20 KB each and an empty destination.
    fn with(files: &[&str]) -> Self {
        let desk = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        for root in ["source", "destination"] {
            fs::create_dir(desk.path(root)).unwrap();
        }
        for file in files {
            put(&desk.path("source").join(file), &"x".repeat(20_000));
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn act(&self, options: &[&str], act: impl FnOnce(&Job<'_>) -> Ending) -> Value {
        let ending = act(&Job {
            source: &self.path("source"),
            destination: &self.path("destination"),
            options,
        });
        ending.report().unwrap_or_else(|| panic!("{ending:?}"))
    }

    /// Lets everything belong to a user without special rights, if this one has them.
    fn for_nobody(&self) {
        set_mode(self.directory.path(), 0o755);
        if rustix::process::geteuid().is_root() {
            for path in crate::edits::entries(self.directory.path()) {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
    }
}

fn put(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::File::create(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, content.as_bytes()))
        .unwrap();
}

#[track_caller]
fn check(report: &Value, status: &str, kind: &str, words: &[&str]) {
    assert_eq!(report["status"], status, "{report}");
    assert!(report["failures"][kind].as_u64() >= Some(1), "{report}");
    let told = report.to_string();
    for word in words {
        assert!(told.contains(word), "{word:?} in {told}");
    }
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_file() {
    let desk = Desk::with(&["a", "b"]);
    let inject = "inject=pwrite64:error=ENOSPC:when=1+";
    let options = ["--continue", "--threads", "1"];
    let report = desk.act(&options, |job| {
        job.run_traced(&["-o", "/dev/null", "-e", inject])
    });
    let reason = format!(
        "no space is left in {} for a",
        desk.path("destination").display()
    );
    let words = [reason.as_str(), "No space left on device"];
    check(&report, "failed", "no_space", &words);
    assert_eq!(
        report["counts"]["failed"], 1,
        "one reason is enough: {report}"
    );
    let left = fs::read_dir(desk.path("destination")).unwrap();
    assert_eq!(left.count(), 0, "no half file stays");
}

#[test]
fn a_destination_that_turned_read_only() {
    let desk = Desk::with(&["a", "b"]);
    let inject = "inject=linkat:error=EROFS:when=2+";
    let options = ["--continue", "--threads", "1"];
    let report = desk.act(&options, |job| {
        job.run_traced(&["-o", "/dev/null", "-e", inject])
    });
    let reason = format!("{} cannot be written", desk.path("destination").display());
    check(
        &report,
        "failed",
        "read_only",
        &[&reason, "Read-only file system"],
    );
    assert_eq!(report["counts"]["copied"], 1);
}

#[test]
fn a_file_that_may_not_be_read() {
    let desk = Desk::with(&["open", "secret"]);
    set_mode(&desk.path("source/secret"), 0o000);
    desk.for_nobody();
    let report = desk.act(&["--continue"], |job| job.run_as_nobody());
    let words = ["\"path\":\"secret\"", "Permission denied"];
    check(&report, "partial", "permission_denied", &words);
    assert!(desk.path("destination/open").exists());
}

#[test]
fn a_directory_that_may_not_be_read_is_not_taken_for_empty() {
    let desk = Desk::with(&["d/a", "b", "c"]);
    desk.for_nobody();
    let options = ["--continue", "--delete"];
    let report = desk.act(&options, |job| job.run_as_nobody());
    assert_eq!(report["status"], "success", "{report}");
    set_mode(&desk.path("source/d"), 0o000);
    let report = desk.act(&options, |job| job.run_as_nobody());
    check(&report, "partial", "permission_denied", &["\"path\":\"d\""]);
    assert!(desk.path("destination/d/a").exists());
    set_mode(&desk.path("source/d"), 0o755);
}

/// As `cp` and `rsync` do it: the owner gets the right for the time being.
#[test]
fn a_directory_of_the_destination_that_its_owner_may_not_write() {
    let desk = Desk::with(&["d/new", "d/e/new"]);
    put(&desk.path("destination/d/old"), "old");
    fs::create_dir(desk.path("destination/d/e")).unwrap();
    for directory in ["source/d/e", "source/d", "destination/d/e", "destination/d"] {
        set_mode(&desk.path(directory), 0o555);
    }
    desk.for_nobody();
    let report = desk.act(&["--delete", "--force"], |job| job.run_as_nobody());
    assert_eq!(report["status"], "success", "{report}");
    assert!(desk.path("destination/d/new").exists());
    assert!(desk.path("destination/d/e/new").exists());
    assert!(!desk.path("destination/d/old").exists());
    for directory in ["destination/d", "destination/d/e"] {
        let mode = fs::metadata(desk.path(directory)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o555, "{directory}");
        set_mode(&desk.path(directory), 0o755);
    }
}
