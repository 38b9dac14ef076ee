//! Random trees, edits, options and faults, all at once.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::{
    edits::{edit, entries, remove},
    program::{Ending, Job},
    random::Random,
    scale::{IS_FULL, SEED, say},
    snapshot::Snapshot,
    trees::grow,
    verdict::{Before, Tally},
};

/// So many trees in a usual run.
const FEW: usize = 60;
const MANY: usize = 10_000;
const OPTIONS: [&str; 6] = [
    "--times",
    "--verify",
    "--continue",
    "--unsafe",
    "--bytes",
    "--xattrs",
];
const KILLS: [&str; 10] = [
    "openat",
    "pread64",
    "pwrite64",
    "renameat2",
    "renameat",
    "utimensat",
    "unlinkat",
    "mkdirat",
    "linkat",
    "symlinkat",
];
const ERRORS: [&str; 4] = ["EIO", "ENOSPC", "EACCES", "EROFS"];

/// What happens to a run.
#[derive(Debug)]
enum Fault {
    Kill(&'static str, usize),
    Error(&'static str, &'static str, usize),
    /// Its source is edited while it runs.
    Edits,
    Nothing,
}

impl Fault {
    fn any(random: &mut Random) -> Self {
        let call = KILLS[random.below(KILLS.len())];
        let nth = 1 + random.below(20);
        match random.below(8) {
            0..4 => Self::Kill(call, nth),
            4 | 5 => Self::Error(call, ERRORS[random.below(ERRORS.len())], nth),
            6 => Self::Edits,
            _ => Self::Nothing,
        }
    }

    fn strace(&self) -> Option<String> {
        match self {
            Self::Kill(call, nth) => Some(format!("inject={call}:signal=SIGKILL:when={nth}")),
            Self::Error(call, error, nth) => {
                Some(format!("inject={call}:error={error}:when={nth}+"))
            }
            Self::Edits => Some("inject=openat:delay_enter=300".to_owned()),
            Self::Nothing => None,
        }
    }
}

fn one(seed: u64, tally: &mut Tally) {
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random::new(seed);
    let (source, destination) = (
        directory.path().join("source"),
        directory.path().join("destination"),
    );
    let size = 1 + random.below(40);
    grow(&source, size, &mut random);
    if !random.one_in(4) {
        let status = Command::new("cp")
            .arg("-a")
            .args([&source, &destination])
            .status();
        assert!(status.unwrap().success());
        let changes = random.below(12);
        edit(&destination, changes, &mut random);
    }
    let mut options = vec!["--force"];
    if random.one_in(2) {
        options.push("--delete");
    } else if destination.exists() {
        without_clashes(&source, &destination);
    }
    options.extend(OPTIONS.into_iter().filter(|_| random.one_in(3)));
    let job = Job {
        source: &source,
        destination: &destination,
        options: &options,
    };
    let fault = Fault::any(&mut random);
    let before = Before::of(&job);
    let place = format!("seed {seed}, {options:?}, {fault:?}");
    let ending = match fault {
        Fault::Edits => {
            let ending = run_while_edited(&job, &fault, &mut random);
            if !job.options.contains(&"--delete") {
                without_clashes(job.source, job.destination);
            }
            // What was copied while it changed has no version to be compared with, and the
            // source has to be as it is now; a torn copy would differ from it.
            tally.judge_later(&place, &job, &ending);
            ending
        }
        _ => {
            let ending = run(&job, &fault);
            tally.judge(&place, &job, &before, &ending);
            ending
        }
    };
    let name = match ending {
        Ending::Killed => "killed".to_owned(),
        Ending::Ended(code, _) => format!("ended with {code}"),
    };
    *tally.endings.entry(name).or_default() += 1;
}

fn run(job: &Job<'_>, fault: &Fault) -> Ending {
    match fault.strace() {
        Some(inject) => job.run_traced(&["-o", "/dev/null", "-e", &inject]),
        None => job.run(),
    }
}

/// Edits the source until the run ends.
fn run_while_edited(job: &Job<'_>, fault: &Fault, random: &mut Random) -> Ending {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                edit(job.source, 1, random);
            }
        });
        let ending = run(job, fault);
        is_over.store(true, Ordering::Relaxed);
        ending
    })
}

/// Takes away what is of another kind than in the source, for only deletions would.
pub(crate) fn without_clashes(source: &Path, destination: &Path) {
    for path in entries(destination) {
        let relative = path.strip_prefix(destination).unwrap();
        let kind = |path: &Path| fs::symlink_metadata(path).map(|metadata| metadata.file_type());
        if let (Ok(here), Ok(there)) = (kind(&path), kind(&source.join(relative)))
            && here != there
        {
            remove(&path);
        }
    }
}

#[test]
fn random_trees_edits_options_and_faults() {
    let trees = if *IS_FULL { MANY } else { FEW };
    let mut seeds = Random::new(SEED.wrapping_add(2));
    let mut tally = Tally::default();
    for _ in 0..trees {
        one(seeds.next(), &mut tally);
    }
    say(&format!("{trees} random trees with faults"));
    tally.conclude("random faults");
}

/// A file that is torn at its final name would look like one that is in step.
#[test]
fn edits_during_the_copy_leave_no_torn_file() {
    let runs = if *IS_FULL { 300 } else { 10 };
    let mut random = Random::new(SEED.wrapping_add(3));
    for _ in 0..runs {
        let directory = tempfile::tempdir().unwrap();
        let (source, destination) = (
            directory.path().join("source"),
            directory.path().join("destination"),
        );
        grow(&source, 20, &mut random);
        let job = Job {
            source: &source,
            destination: &destination,
            options: &["--delete", "--force", "--times", "--continue"],
        };
        run_while_edited(&job, &Fault::Edits, &mut random);
        let report = job.report();
        assert_eq!(report["status"], "success", "{report}");
        let differences = Snapshot::of(&source).differences(&Snapshot::of(&destination));
        assert!(differences.is_empty(), "{report}\n{differences}");
    }
}
