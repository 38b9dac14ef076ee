//! A disk that is full or broken, and a system without file handles, at each access to the ledger.

use crate::{
    program::{Ending, once_traced},
    recovery::{due, recover},
    scale::{IS_FULL, SEED},
    scene::{Meeting, Scene},
    verdict::Tally,
};

/// Which system call fails, and how (R4 of the test matrix).
const FAILURES: [(&str, &str); 11] = [
    ("fsync", "EIO"),
    ("writev", "ENOSPC"),
    ("write", "ENOSPC"),
    ("writev", "EDQUOT"),
    ("open", "EMFILE"),
    ("openat", "EMFILE"),
    ("open", "EROFS"),
    ("rename", "ENOSPC"),
    ("rename", "EROFS"),
    ("linkat", "ENOSPC"),
    ("unlink", "EIO"),
];
/// Of the failures, every so many-th is tried in a usual run.
const STEP: usize = 5;

/// The ledger's own files; the directory is there for its sync.
fn ledger_files(scene: &Scene) -> Vec<String> {
    let directory = scene.path("creds").to_str().unwrap().to_owned();
    let names = [
        ".notification_state.json.tmp-0",
        "notification_state.json",
        "notification_state.json.bak",
        "notification_state.json.bak.new",
        "notification_state.lock",
    ];
    let files = names.map(|name| format!("{directory}/{name}"));
    files.into_iter().chain([directory]).collect()
}

/// Lets one system call on the ledger fail from its `nth` use on; returns whether it came to that.
async fn fail_from(
    meeting: Meeting,
    (call, error): (&str, &str),
    nth: usize,
    tally: &mut Tally,
) -> bool {
    let scene = due(meeting).await;
    let log = scene.path("strace.log");
    let (trace, inject) = (
        format!("trace={call}"),
        format!("inject={call}:error={error}:when={nth}+"),
    );
    let files = ledger_files(&scene);
    let mut options = vec!["-o", log.to_str().unwrap(), "-e", &trace, "-e", &inject];
    for file in &files {
        options.extend(["-P", file]);
    }
    let ending = once_traced(&scene, &options);
    let place = format!("{call} {nth} {error}");
    let log = std::fs::read_to_string(&log).unwrap();
    let has_failed = log.contains("(INJECTED)");
    *tally
        .endings
        .entry(format!("{error} {}", ending.code()))
        .or_default() += usize::from(has_failed);
    // Whoever reads the message learns which file or directory it is about; a report for
    // `status` that cannot be written is a warning, and no reason to fail.
    let creds = scene.path("creds");
    match &ending {
        Ending::Ended(0, _) if !has_failed => {}
        Ending::Ended(0 | 1, told) if told.contains(creds.to_str().unwrap()) => {}
        ending => tally.complain(&place, ending),
    }
    recover(tally, &place, &scene);
    has_failed
}

async fn failures(meeting: Meeting, title: &str) {
    let mut tally = Tally::default();
    let step = if *IS_FULL { 1 } else { STEP };
    let first = 1 + usize::try_from(*SEED % step as u64).unwrap();
    for failure in FAILURES {
        for nth in (first..).step_by(step) {
            if !fail_from(meeting, failure, nth, &mut tally).await {
                break;
            }
        }
    }
    tally.conclude(title);
    assert!(tally.endings.values().sum::<usize>() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_cannot_be_written() {
    failures(Meeting::DRAFTS, "failing disk, Gmail with drafts").await;
}
