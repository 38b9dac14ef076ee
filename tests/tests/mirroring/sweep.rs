//! Killed at every system call, and refused at every one.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use crate::{
    edits::edit,
    faults::without_clashes,
    program::{Ending, Job},
    random::Random,
    scale::{IS_FULL, SEED, say},
    trees::grow,
    verdict::{Before, Tally, text},
};

/// Everything that a run does to a tree or learns of it.
const CALLS: [&str; 27] = [
    "openat",
    "read",
    "pread64",
    "write",
    "pwrite64",
    "copy_file_range",
    "ioctl",
    "lseek",
    "close",
    "fstat",
    "newfstatat",
    "statx",
    "getdents64",
    "readlinkat",
    "ftruncate",
    "fchmod",
    "fchown",
    "utimensat",
    "flock",
    "renameat",
    "renameat2",
    "linkat",
    "symlinkat",
    "mkdirat",
    "unlinkat",
    "syncfs",
    "mkdir",
];
/// Which of them fail, and how (R4 of the test matrix).
const FAILURES: [(&str, &str); 23] = [
    ("openat", "EACCES"),
    ("openat", "EIO"),
    ("openat", "EMFILE"),
    ("pread64", "EIO"),
    ("pwrite64", "ENOSPC"),
    ("pwrite64", "EIO"),
    ("copy_file_range", "ENOSPC"),
    ("copy_file_range", "EIO"),
    ("copy_file_range", "EXDEV"),
    ("ftruncate", "ENOSPC"),
    ("fchmod", "EPERM"),
    ("utimensat", "EIO"),
    ("flock", "ENOLCK"),
    ("renameat", "EIO"),
    ("renameat2", "EINVAL"),
    ("renameat2", "ENOSPC"),
    ("linkat", "EMLINK"),
    ("linkat", "ENOENT"),
    ("linkat", "ENOSPC"),
    ("openat", "EOPNOTSUPP"),
    ("mkdirat", "EDQUOT"),
    ("unlinkat", "EROFS"),
    ("syncfs", "EIO"),
];
/// Of the uses of a usual run, every so many-th is disturbed.
const STEP: usize = 9;

/// A small tree of everything and an older version of it, made anew for each run.
fn scene(directory: &Path, seed: u64, options: &[&str]) {
    let mut random = Random::new(seed);
    let (source, destination) = (directory.join("source"), directory.join("destination"));
    grow(&source, 25, &mut random);
    let copied = Command::new("cp")
        .arg("-a")
        .args([&source, &destination])
        .status();
    assert!(copied.unwrap().success());
    edit(&destination, 8, &mut random);
    if !options.contains(&"--delete") {
        without_clashes(&source, &destination);
    }
}

/// Returns how often the busiest thread of an undisturbed run uses each system call.
fn census(seed: u64, options: &[&str]) -> BTreeMap<String, usize> {
    let directory = tempfile::tempdir().unwrap();
    scene(directory.path(), seed, options);
    let log = directory.path().join("strace.log");
    let trace = format!("trace={}", CALLS.join(","));
    let job = Job {
        source: &directory.path().join("source"),
        destination: &directory.path().join("destination"),
        options,
    };
    let ending = job.run_traced(&["-o", &text(&log), "-e", &trace]);
    assert!(matches!(ending, Ending::Ended(0, _)), "{ending:?}");
    let mut by_thread = BTreeMap::<(String, String), usize>::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if call.starts_with('<') {
            continue;
        }
        let name = call.split('(').next().unwrap().to_owned();
        *by_thread.entry((thread.to_owned(), name)).or_default() += 1;
    }
    let mut most = BTreeMap::new();
    for ((_, call), count) in by_thread {
        let known: &mut usize = most.entry(call).or_default();
        *known = count.max(*known);
    }
    most
}

/// Disturbs the `nth` use of a system call in a run of its own and judges what follows.
fn disturb(seed: u64, options: &[&str], call: &str, how: &str, tally: &mut Tally) -> Ending {
    let directory = tempfile::tempdir().unwrap();
    scene(directory.path(), seed, options);
    let job = Job {
        source: &directory.path().join("source"),
        destination: &directory.path().join("destination"),
        options,
    };
    let before = Before::of(&job);
    let log = directory.path().join("strace.log");
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:{how}"));
    let ending = job.run_traced(&["-o", &text(&log), "-e", &trace, "-e", &inject]);
    let place = format!("seed {seed}, {options:?}, {call} {how}");
    let is_disturbed = match &ending {
        Ending::Killed => true,
        Ending::Ended(..) => fs::read_to_string(&log).unwrap().contains("(INJECTED)"),
    };
    if is_disturbed {
        let name = match &ending {
            Ending::Killed => format!("killed at {call}"),
            Ending::Ended(code, _) => format!("{call} {code}"),
        };
        *tally.endings.entry(name).or_default() += 1;
        if let Ending::Ended(_, told) = &ending
            && ending.report().is_none()
            && ending.has_begun()
        {
            tally.complain(&place, &format!("no report: {told}"));
        }
    }
    tally.judge(&place, &job, &before, &ending);
    ending
}

fn sweep(title: &str, options: &[&str]) {
    let seed = *SEED;
    let mut tally = Tally::default();
    let uses = census(seed, options);
    say(&format!("{title}: most uses by one thread: {uses:?}"));
    let step = if *IS_FULL { 1 } else { STEP };
    let mut passed = usize::try_from(seed % step as u64).unwrap();
    for call in CALLS {
        let last = uses.get(call).copied().unwrap_or_default();
        for nth in 1..=last {
            passed += 1;
            if passed.is_multiple_of(step) {
                let how = format!("signal=SIGKILL:when={nth}");
                disturb(seed, options, call, &how, &mut tally);
            }
        }
    }
    tally.conclude(title);
}

fn failures(title: &str, options: &[&str]) {
    let seed = SEED.wrapping_add(1);
    let mut tally = Tally::default();
    let uses = census(seed, options);
    let step = if *IS_FULL { 1 } else { STEP };
    let mut passed = usize::try_from(seed % step as u64).unwrap();
    for (call, error) in FAILURES {
        let last = uses.get(call).copied().unwrap_or_default();
        for nth in 1..=last {
            passed += 1;
            if passed.is_multiple_of(step) {
                for when in [format!("{nth}"), format!("{nth}+")] {
                    let how = format!("error={error}:when={when}");
                    disturb(seed, options, call, &how, &mut tally);
                }
            }
        }
    }
    tally.conclude(title);
}

#[test]
fn killed_at_system_calls() {
    sweep(
        "killed, with deletions",
        &["--delete", "--force", "--times"],
    );
}

#[test]
fn killed_at_system_calls_without_deletions() {
    sweep("killed, without deletions", &["--verify", "--continue"]);
}

#[test]
fn refused_by_the_system() {
    failures("refused", &["--delete", "--force", "--times"]);
}

#[test]
fn refused_by_the_system_and_going_on() {
    failures("refused, going on", &["--delete", "--force", "--continue"]);
}
