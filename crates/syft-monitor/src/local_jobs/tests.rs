use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    time::SystemTime,
};

use proptest::prelude::*;

use super::*;
use crate::fixtures::{Layout, LocalState, SampleJob};

const DO: &str = "do@x.org";
const DS: &str = "john_doe@y.org";

#[expect(
    clippy::disallowed_methods,
    reason = "file times are those of the real clock"
)]
fn now() -> Timestamp {
    SystemTime::now().into()
}

/// Looks as if every file were old enough.
fn later() -> ScanOptions {
    ScanOptions::at(now().after(Duration::from_secs(60)))
}

struct Datasite {
    root: tempfile::TempDir,
}

impl Datasite {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    fn with(sample: &SampleJob, state: LocalState) -> Self {
        let datasite = Self::new();
        sample.write_local(datasite.root.path(), state).unwrap();
        datasite
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "plays a client, whose writes are not atomic"
    )]
    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn scan(&self) -> LocalScan {
        scan(self.root.path(), &later())
    }

    #[track_caller]
    fn only_job(&self) -> LocalJob {
        let mut found = self.scan();
        assert_eq!(found.gaps, []);
        assert_eq!(found.jobs.len(), 1);
        found.jobs.remove(0)
    }

    #[track_caller]
    fn only_gap(&self, path: &str, reason: &str) {
        let found = self.scan();
        let expected = Gap {
            path: self.root.path().join(path),
            reason: reason.to_owned(),
        };
        assert_eq!(found.gaps, [expected]);
    }
}

fn sample(layout: Layout) -> SampleJob {
    SampleJob::python(layout, DO, DS, "my job\nsecond line: ☃")
}

#[test]
fn t1_finds_jobs_of_every_layout_in_every_state() {
    use LocalState::{Approved, Deposited, Pending, Ran, Received, Rejected, Running};
    for layout in Layout::ALL {
        let has_states = layout.job_layout() == JobLayout::W3W4;
        let rejected = Reached::Rejected {
            reason: Some("no such data here".to_owned()),
        };
        let failed = |return_code| Reached::Failed { return_code };
        for (state, expected) in [
            (Received, vec![]),
            (Pending, vec![]),
            (Approved, vec![Reached::Approved]),
            (Running, vec![Reached::Approved]),
            (Rejected, if has_states { vec![rejected] } else { vec![] }),
            (
                Ran { return_code: 0 },
                vec![Reached::Approved, Reached::Executed],
            ),
            (
                Ran { return_code: 3 },
                vec![Reached::Approved, failed(Some(3))],
            ),
            (
                Ran { return_code: -1 },
                vec![Reached::Approved, failed(Some(-1))],
            ),
            (Deposited, vec![Reached::Approved, Reached::Executed]),
        ] {
            let sample = sample(layout);
            let job = Datasite::with(&sample, state).only_job();
            assert_eq!(job.reached, expected, "{layout:?} {state:?}");
            assert_eq!(job.job, sample.name);
            assert_eq!(job.name.as_ref(), Some(&sample.name));
            assert_eq!(job.layout, layout.job_layout());
            assert_eq!(job.details.kind.as_deref(), Some("python"));
        }
    }
}

#[test]
fn the_state_files_of_a_real_client() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for (status, expected) in [
        ("received", "[]"),
        ("pending", "[]"),
        ("approved", "[Approved]"),
        ("running", "[Approved]"),
        ("done", "[Approved, Executed]"),
        ("failed", "[Approved, Failed { return_code: Some(-1) }]"),
        (
            "rejected",
            "[Rejected { reason: Some(\"Expected {'code', 'config.yaml', 'run.sh'}, got {'config.yaml'}\") }]",
        ),
    ] {
        let datasite = Datasite::with(
            &SampleJob::bash(Layout::W4, DO, DS, "j"),
            LocalState::Received,
        );
        let state = fs::read(golden.join(format!("state-{status}.yaml"))).unwrap();
        datasite.write(&format!("app_data/job/review/{DS}/j/state.yaml"), state);
        assert_eq!(
            format!("{:?}", datasite.only_job().reached),
            expected,
            "{status}"
        );
    }
}

#[test]
fn t9_only_a_directory_says_whose_job_it_is() {
    let ds: Email = DS.parse().unwrap();
    for layout in Layout::ALL {
        let job = Datasite::with(&sample(layout), LocalState::Received).only_job();
        if layout == Layout::W1 {
            assert_eq!(job.submitter, Submitter::Claimed(ds.clone()));
            assert_eq!(job.key(), None);
        } else {
            assert_eq!(job.submitter, Submitter::Directory(ds.clone()));
            assert_eq!(job.key().unwrap().ds, ds);
        }
    }
    let datasite = Datasite::new();
    datasite.write(
        "app_data/job/j/config.yaml",
        "name: j\nsubmitted_by: nobody\n",
    );
    assert_eq!(datasite.only_job().submitter, Submitter::Unknown);
}

#[test]
fn t18_done_waits_for_the_return_code() {
    let datasite = Datasite::with(&sample(Layout::W1), LocalState::Deposited);
    let job = datasite.root.path().join(sample(Layout::W1).directory());
    let reached = |now| {
        let found = scan(datasite.root.path(), &ScanOptions::at(now));
        assert_eq!(found.gaps, []);
        found.jobs[0].reached.clone()
    };
    let young = now();
    assert_eq!(reached(young), [Reached::Approved]);
    // A clock that was set back does not hurry.
    assert_eq!(reached(Timestamp::EPOCH), [Reached::Approved]);
    assert_eq!(
        reached(young.after(Duration::from_secs(11))),
        [Reached::Approved, Reached::Executed]
    );

    let failed = Reached::Failed {
        return_code: Some(1),
    };
    datasite.write("rc", "1\n");
    fs::rename(datasite.root.path().join("rc"), job.join("returncode.txt")).unwrap();
    assert_eq!(reached(young), [Reached::Approved, failed.clone()]);

    // That of an earlier run counts only when no other comes.
    let done = fs::File::options()
        .write(true)
        .open(job.join("done"))
        .unwrap();
    let again = SystemTime::from(young.after(Duration::from_secs(5)).to_utc());
    done.set_modified(again).unwrap();
    assert_eq!(
        reached(young.after(Duration::from_secs(6))),
        [Reached::Approved]
    );
    assert_eq!(
        reached(young.after(Duration::from_secs(20))),
        [Reached::Approved, failed]
    );
}

#[test]
fn t18_the_return_code_beside_the_state_counts() {
    let sample = SampleJob::bash(Layout::W4, DO, DS, "j");
    let datasite = Datasite::with(&sample, LocalState::Deposited);
    datasite.write(&format!("app_data/job/review/{DS}/j/returncode.txt"), "7");
    let failed = Reached::Failed {
        return_code: Some(7),
    };
    assert_eq!(datasite.only_job().reached, [Reached::Approved, failed]);
}

#[test]
fn t20_what_is_half_written_is_a_gap() {
    let state = format!("app_data/job/review/{DS}/j/state.yaml");
    for (text, reason) in [
        ("", "empty"),
        ("stat", "not a mapping"),
        ("status: 'don", "not readable as YAML (line 1, column 13)"),
        ("approved_at: null\n", "it has no status that is known"),
        ("status: unheard of\n", "it has no status that is known"),
    ] {
        let datasite = Datasite::with(
            &SampleJob::bash(Layout::W4, DO, DS, "j"),
            LocalState::Received,
        );
        datasite.write(&state, text);
        datasite.only_gap(&state, reason);
        assert!(datasite.scan().jobs.is_empty());
    }
    let config = "app_data/job/j/config.yaml";
    let datasite = Datasite::new();
    datasite.write(config, "");
    datasite.only_gap(config, "empty");
    datasite.write(config, "name: j\n");
    datasite.write("app_data/job/j/done", "");
    datasite.write("app_data/job/j/returncode.txt", "");
    datasite.only_gap("app_data/job/j/returncode.txt", "it holds no number");
}

#[test]
fn t20_a_config_that_cannot_be_read_does_not_hide_a_known_submitter() {
    let sample = SampleJob::bash(Layout::W4, DO, DS, "j");
    let datasite = Datasite::with(&sample, LocalState::Approved);
    let config = format!("app_data/job/inbox/{DS}/j/config.yaml");
    datasite.write(&config, "name: [");
    let found = datasite.scan();
    assert_eq!(found.gaps.len(), 1);
    assert_eq!(
        (found.jobs[0].name.clone(), found.jobs[0].reached.len()),
        (None, 1)
    );
}

#[test]
fn t20_a_missing_datasite_is_a_gap_and_one_without_jobs_is_empty() {
    let datasite = Datasite::new();
    let missing = scan(&datasite.root.path().join("missing"), &later());
    assert_eq!(missing.gaps[0].reason, "it does not exist");
    assert!(datasite.scan().gaps.is_empty());
    datasite.write("app_data/other", "");
    assert!(datasite.scan().gaps.is_empty());
    datasite.write("app_data/job", "");
    datasite.only_gap("app_data/job", "it is not a directory");
}

#[test]
fn names_of_one_layout_are_no_directories_of_another() {
    let datasite = Datasite::new();
    for (layout, name) in [
        (Layout::W1, "inbox"),
        (Layout::W1, "review"),
        (Layout::W1, "a@b.c"),
        (Layout::W2, "inbox"),
        (Layout::W4, "review"),
    ] {
        let sample = SampleJob::bash(layout, DO, DS, name);
        sample
            .write_local(datasite.root.path(), LocalState::Approved)
            .unwrap();
    }
    datasite.write("app_data/job/not a job/notes.txt", "");
    datasite.write("app_data/job/notes.txt", "");
    datasite.write("app_data/job/inbox/no address/j/config.yaml", "name: j\n");
    let found = datasite.scan();
    assert_eq!(found.gaps, []);
    let found: Vec<_> = found
        .jobs
        .iter()
        .map(|job| (job.layout, job.job.as_str()))
        .collect();
    let expected = [
        (JobLayout::W1, "a@b.c"),
        (JobLayout::W1, "inbox"),
        (JobLayout::W3W4, "review"),
        (JobLayout::W2, "inbox"),
        (JobLayout::W1, "review"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_name_in_a_file_becomes_no_path() {
    let datasite = Datasite::new();
    let outside = format!("app_data/job/review/{DS}/other/state.yaml");
    datasite.write(&outside, "status: done\n");
    datasite.write(
        &format!("app_data/job/inbox/{DS}/j/config.yaml"),
        "name: other\n",
    );
    let job = datasite.only_job();
    assert_eq!(
        (job.job.as_str(), job.name.as_deref()),
        ("j", Some("other"))
    );
    assert_eq!(job.reached, []);
}

#[test]
fn links_are_not_followed() {
    let elsewhere = Datasite::with(&sample(Layout::W1), LocalState::Approved);
    let datasite = Datasite::new();
    datasite.write("app_data/job/j/other", "");
    let jobs = datasite.root.path().join("app_data/job");
    let target = elsewhere.root.path().join(sample(Layout::W1).directory());
    symlink(&target, jobs.join("linked")).unwrap();
    assert!(datasite.scan().jobs.is_empty());
    symlink(target.join("config.yaml"), jobs.join("j/config.yaml")).unwrap();
    datasite.only_gap(
        "app_data/job/j/config.yaml",
        "it is a symbolic link, not a regular file",
    );
    fs::remove_dir_all(&jobs).unwrap();
    symlink(elsewhere.root.path().join("app_data/job"), &jobs).unwrap();
    datasite.only_gap("app_data/job", "it is not a directory");
}

#[test]
fn names_that_are_not_utf8_are_gaps() {
    let datasite = Datasite::new();
    datasite.write("app_data/job/j/config.yaml", "name: j\n");
    let name = OsStr::from_bytes(b"bad \xff name");
    fs::create_dir(datasite.root.path().join("app_data/job").join(name)).unwrap();
    let found = datasite.scan();
    assert_eq!((found.jobs.len(), found.gaps.len()), (1, 1));
    assert_eq!(found.gaps[0].reason, "its name is not UTF-8");
}

#[test]
fn directories_and_files_have_limits() {
    let datasite = Datasite::new();
    for job in 0..10 {
        datasite.write(&format!("app_data/job/{job}/config.yaml"), "name: j\n");
    }
    let options = ScanOptions {
        max_entries: 4,
        ..later()
    };
    let found = scan(datasite.root.path(), &options);
    assert_eq!(found.jobs.len(), 4);
    assert_eq!(found.gaps[0].reason, "it has more than 4 entries");

    let datasite = Datasite::new();
    datasite.write("app_data/job/j/config.yaml", vec![b'#'; 100_000]);
    datasite.only_gap(
        "app_data/job/j/config.yaml",
        "it is longer than 65536 bytes",
    );
}

#[test]
fn what_was_reached_becomes_an_event() {
    let job = JobKey {
        ds: DS.parse().unwrap(),
        job: "j".to_owned(),
    };
    let failed = Reached::Failed {
        return_code: Some(2),
    };
    let expected = Event::JobFailed {
        job: job.clone(),
        return_code: Some(2),
    };
    assert_eq!(failed.into_event(job), expected);
}

proptest! {
    #[test]
    fn any_content_is_a_job_or_a_gap(
        config in proptest::collection::vec(any::<u8>(), 0..80), state in "[-a-z:,&*!'\"\\n ]{0,60}", code in ".{0,8}",
    ) {
        let datasite = Datasite::new();
        datasite.write(&format!("app_data/job/inbox/{DS}/j/config.yaml"), &config);
        datasite.write(&format!("app_data/job/review/{DS}/j/state.yaml"), &state);
        datasite.write(&format!("app_data/job/review/{DS}/j/returncode.txt"), &code);
        let found = datasite.scan();
        prop_assert!(found.jobs.len() + found.gaps.len() > 0);
    }
}
