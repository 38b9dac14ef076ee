//! Jobs of both ways, on the disk and with a store.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use syft_jobs::{
    Job, Options, Report, Schedule, Status,
    job::Timing,
    mirror::{
        Cancel, Comparison, Conflicts, Context, Direction, Insist, Permits, progress::Silent,
        run::run,
    },
    store::Store,
};

struct Desk {
    dir: tempfile::TempDir,
    job: Job,
}

impl Desk {
    fn new(options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let [source, destination] = ["source", "destination"].map(|side| dir.path().join(side));
        fs::create_dir(&source).unwrap();
        fs::create_dir(&destination).unwrap();
        let job = Job {
            id: "notes".parse().unwrap(),
            name: "Notes".to_owned(),
            source,
            destination,
            enabled: true,
            schedule: Schedule::Manual,
            timing: Timing::default(),
            priority: 0,
            tags: Vec::new(),
            options: Options {
                direction: Direction::TwoWay,
                ..options
            },
        };
        Self { dir, job }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Writes a file whose modification time is so many seconds after 1970.
    fn put(&self, path: &str, content: &str, mtime: u64) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        syft_state::fs::write_atomic(&path, content.as_bytes(), 0o644).unwrap();
        let file = File::options().write(true).open(path).unwrap();
        let time = UNIX_EPOCH + Duration::from_secs(mtime);
        file.set_modified(time).unwrap();
    }

    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path(path)).ok()
    }

    /// Runs the job as a program does that was started anew.
    fn run(&self) -> Report {
        self.run_with(Insist::No)
    }

    fn run_with(&self, insist: Insist) -> Report {
        let store = Store::open(&self.path("jobs.sqlite")).unwrap();
        let (cancel, permits) = (Cancel::default(), Permits::new(4));
        let context = Context {
            cancel: &cancel,
            permits: &permits,
            progress: &Silent,
            store: Some(&store),
            insist,
        };
        run(&self.job, &context)
    }

    #[track_caller]
    fn check_names(&self, expected: &[&str]) {
        for side in [&self.job.source, &self.job.destination] {
            assert_eq!(names(side), expected, "{}", side.display());
        }
    }
}

fn names(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[track_caller]
fn check_nothing_done(report: &Report) {
    assert_eq!(report.status, Status::Success, "{report:?}");
    assert_eq!((report.bytes, report.bytes_back), (0, 0));
    assert_eq!(
        report.counts.deleted + report.counts.updated,
        0,
        "{report:?}"
    );
}

fn deleting() -> Options {
    Options {
        delete: true,
        delete_limit_percent: 80,
        ..Options::default()
    }
}

#[test]
fn changes_go_both_ways_and_settle() {
    for comparison in [Comparison::Sha256, Comparison::SizeMtime] {
        let desk = Desk::new(Options {
            comparison,
            ..deleting()
        });
        desk.put("source/ours", "1", 10);
        desk.put("destination/theirs", "2", 10);
        let first = desk.run();
        assert_eq!((first.bytes, first.bytes_back), (1, 1), "{first:?}");
        desk.check_names(&["ours", "theirs"]);
        check_nothing_done(&desk.run());

        desk.put("destination/ours", "changed there", 20);
        desk.put("source/d/new", "3", 20);
        fs::remove_file(desk.path("source/theirs")).unwrap();
        let second = desk.run();
        assert_eq!(second.status, Status::Success, "{second:?}");
        desk.check_names(&["d", "ours"]);
        assert_eq!(desk.read("source/ours").unwrap(), "changed there");
        assert_eq!(desk.read("destination/d/new").unwrap(), "3");
        check_nothing_done(&desk.run());
    }
}

#[test]
fn without_leave_to_delete_a_deletion_stays_where_it_was_done() {
    let desk = Desk::new(Options::default());
    desk.put("source/a", "1", 10);
    desk.put("source/b", "1", 10);
    desk.run();
    fs::remove_file(desk.path("source/a")).unwrap();
    check_nothing_done(&desk.run());
    check_nothing_done(&desk.run());
    assert_eq!(names(&desk.job.source), ["b"]);
    assert_eq!(names(&desk.job.destination), ["a", "b"]);
}

#[test]
fn who_loses_a_conflict_is_kept_on_both_sides() {
    let desk = Desk::new(Options {
        conflicts: Conflicts::Copy,
        ..deleting()
    });
    desk.put("source/a.txt", "old", 10);
    desk.run();
    desk.put("source/a.txt", "ours", 60);
    desk.put("destination/a.txt", "theirs", 120);
    let report = desk.run();
    assert_eq!(report.counts.conflicts, 1, "{report:?}");
    desk.run();
    let aside = "a (conflict 1970-01-01 000100).txt";
    desk.check_names(&[aside, "a.txt"]);
    for side in ["source", "destination"] {
        assert_eq!(desk.read(&format!("{side}/a.txt")).unwrap(), "theirs");
        assert_eq!(desk.read(&format!("{side}/{aside}")).unwrap(), "ours");
    }
    check_nothing_done(&desk.run());
}

#[test]
fn a_disk_that_is_not_there_empties_nothing() {
    let desk = Desk::new(deleting());
    for name in ["a", "b", "c"] {
        desk.put(&format!("source/{name}"), "1", 10);
    }
    desk.run();
    fs::rename(desk.path("destination"), desk.path("unplugged")).unwrap();
    fs::create_dir(desk.path("destination")).unwrap();
    let report = desk.run();
    assert_eq!(report.status, Status::Failed, "{report:?}");
    assert_eq!(names(&desk.job.source), ["a", "b", "c"]);
    fs::remove_dir(desk.path("destination")).unwrap();
    fs::rename(desk.path("unplugged"), desk.path("destination")).unwrap();
    check_nothing_done(&desk.run());
}
