//! The same result as `rsync -a --delete`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    edits::edit,
    program::Job,
    random::Random,
    scale::{IS_FULL, SEED, say},
    snapshot::Snapshot,
    trees::grow,
    verdict::nothing_done,
};

/// So many trees in a usual run.
const FEW: usize = 60;
const MANY: usize = 1000;

/// Mirrors one random tree over an older, edited version of it with both programs.
#[track_caller]
fn compare(seed: u64, directory: &Path) {
    let mut random = Random::new(seed);
    let at = |name: &str| -> PathBuf { directory.join(name) };
    let (source, ours, theirs) = (at("source"), at("ours"), at("theirs"));
    let entries = random.below(60);
    grow(&source, entries, &mut random);
    if !random.one_in(4) {
        run("cp", &["-a"], &source, &ours);
        let changes = random.below(15);
        edit(&ours, changes, &mut random);
        run("cp", &["-a"], &ours, &theirs);
    }
    run(
        "rsync",
        &["-aH", "--delete"],
        &source.join(""),
        &theirs.join(""),
    );
    // Both ways of comparing have to come to this.
    let comparison: &[&str] = if random.one_in(2) { &["--times"] } else { &[] };
    let options = [&["--delete", "--force", "--unsafe"], comparison].concat();
    let job = Job {
        source: &source,
        destination: &ours,
        options: &options,
    };
    let report = job.report();
    let told = format!("seed {seed}: {report}");
    assert_eq!(report["status"], "success", "{told}");
    let differences = Snapshot::of(&theirs).differences(&Snapshot::of(&ours));
    assert!(differences.is_empty(), "{told}\n{differences}");
    nothing_done(&job.report(), &told);
}

#[track_caller]
fn run(program: &str, options: &[&str], from: &Path, to: &Path) {
    let output = Command::new(program)
        .args(options)
        .args([from, to])
        .output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {output:?}");
}

#[test]
fn random_trees_become_what_rsync_makes_of_them() {
    let trees = if *IS_FULL { MANY } else { FEW };
    let mut seeds = Random::new(*SEED);
    for _ in 0..trees {
        let directory = tempfile::tempdir().unwrap();
        compare(seeds.next(), directory.path());
    }
    say(&format!("{trees} random trees, each as rsync has it"));
}
