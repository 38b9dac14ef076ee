//! Looking at two trees of 100,000 files that are in step, and planning: what a run costs that
//! finds nothing to do.
//!
//! The last line on standard output is the peak of resident memory.

#![expect(clippy::print_stdout, reason = "figures are read by people")]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::OnceLock,
    time::UNIX_EPOCH,
};

use divan::Bencher;
use syft_jobs::{
    Options,
    mirror::{
        Cancel, Comparison, Context, Insist, Permits, Place,
        compare::{Contents, Unread},
        plan::{Side, plan},
        progress::Silent,
        tree::{Tree, scan},
    },
    store::Store,
};

const DIRECTORIES: usize = 100;
const FILES: usize = 1_000;

fn main() {
    divan::main();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    println!(
        "{}",
        peak.unwrap_or("the system does not tell the peak of memory")
    );
}

#[divan::bench]
fn scan_100_000(bencher: Bencher<'_, '_>) {
    let root = trees().path().join("source");
    bencher.bench(|| look(&root, Side::Source));
}

#[divan::bench]
fn plan_100_000(bencher: Bencher<'_, '_>) {
    let source = look(&trees().path().join("source"), Side::Source);
    let destination = look(&trees().path().join("destination"), Side::Destination);
    bencher.bench(|| {
        let plan = plan(&source, &destination, &options(), &Unread);
        assert!(plan.actions.is_empty());
        plan
    });
}

#[divan::bench]
fn scan_both_and_plan_100_000(bencher: Bencher<'_, '_>) {
    let [source, destination] = ["source", "destination"].map(|side| trees().path().join(side));
    bencher.bench(|| {
        let source = look(&source, Side::Source);
        let destination = look(&destination, Side::Destination);
        plan(&source, &destination, &options(), &Unread)
    });
}

/// Contents are compared by what is remembered of them: nothing is read.
#[divan::bench]
fn compare_known_100_000(bencher: Bencher<'_, '_>) {
    let path = trees().path().join("jobs.sqlite");
    let store = Store::open(&path).expect("a store can be made");
    let [source, destination] = [Side::Source, Side::Destination].map(|side| {
        let root = trees().path().join(side.to_string());
        let tree = look(&root, side);
        Place { root, tree }
    });
    let (cancel, permits) = (Cancel::default(), Permits::new(2));
    let context = Context {
        cancel: &cancel,
        permits: &permits,
        progress: &Silent,
        store: Some(&store),
        insist: Insist::No,
    };
    let options = Options::default();
    let compare = || {
        Contents::compare(&source, &destination, &options, &context).expect("both trees are there")
    };
    compare();
    bencher.bench(compare);
}

fn look(root: &Path, side: Side) -> Tree {
    scan(root, side, &options()).expect("the tree was made a moment ago")
}

fn options() -> Options {
    Options {
        comparison: Comparison::SizeMtime,
        ..Options::default()
    }
}

/// Makes both trees once.
fn trees() -> &'static tempfile::TempDir {
    static TREES: OnceLock<tempfile::TempDir> = OnceLock::new();
    TREES.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        for side in ["source", "destination"] {
            fill(&dir.path().join(side));
        }
        dir
    })
}

fn fill(root: &Path) {
    for directory in 0..DIRECTORIES {
        let directory: PathBuf = root.join(format!("directory-{directory:03}"));
        fs::create_dir_all(&directory).expect("a directory can be made");
        for file in 0..FILES {
            let file = File::create(directory.join(format!("file-{file:04}.txt")));
            let settled = file.and_then(|file| {
                file.set_len(1)?;
                file.set_modified(UNIX_EPOCH)
            });
            settled.expect("a file can be made");
        }
    }
    for directory in fs::read_dir(root).expect("the root was made a moment ago") {
        let directory = directory.and_then(|directory| File::open(directory.path()));
        let settled = directory.and_then(|directory| directory.set_modified(UNIX_EPOCH));
        settled.expect("a directory can be touched");
    }
    let settled = File::open(root).and_then(|root| root.set_modified(UNIX_EPOCH));
    settled.expect("the root can be touched");
}
