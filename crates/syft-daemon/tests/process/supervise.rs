use std::{
    fs,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use syft_daemon::Stopped;

use crate::daemon::{Daemon, is_alive, kill, signal};

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_killed_worker_is_started_again() {
    let daemon = Daemon::new();
    let started = daemon.start("good").await;
    kill(daemon.workers()[0]);
    daemon.until("started again", || daemon.workers().len() == 2);
    daemon.until("on record", || daemon.ended().is_some());
    let ended = daemon.ended().unwrap();
    assert_eq!(ended.why, "it was killed by signal 9 (watching)");
    assert_eq!(
        (ended.failures, ended.restarts, ended.gave_up),
        (1, 0, false)
    );
    assert_eq!(daemon.holder().unwrap().pid, started.pid);
    assert!(is_alive(daemon.workers()[1]));
}

#[tokio::test]
async fn a_worker_whose_supervisor_is_killed_goes_and_the_next_start_works() {
    let daemon = Daemon::new();
    let started = daemon.start("good").await;
    let worker = daemon.workers()[0];
    kill(started.pid);
    daemon.within(Duration::from_secs(2), "gone", || !is_alive(worker));
    assert!(daemon.holder().is_none());
    // T22: what it left behind names a dead process.
    assert!(daemon.paths.pid().exists());
    let next = daemon.start("good").await;
    assert_eq!(daemon.holder().unwrap().pid, next.pid);
}

#[tokio::test]
async fn a_worker_that_fails_again_and_again_is_given_up_visibly() {
    let daemon = Daemon::new();
    let started = daemon.start("fails").await;
    daemon.until("given up", || !is_alive(started.pid));
    assert_eq!(daemon.workers().len(), 3);
    let ended = daemon.ended().unwrap();
    assert_eq!(ended.why, "it ended with exit code 3 (watching)");
    assert_eq!(
        (ended.code, ended.failures, ended.restarts),
        (Some(3), 3, 2)
    );
    assert!(ended.gave_up);
    assert!(daemon.holder().is_none());
    let log = daemon.error_log();
    assert!(
        log.contains("ERROR") && log.contains("giving up: the worker failed 3 times"),
        "{log}"
    );
}

#[tokio::test]
async fn a_silent_worker_is_killed_and_started_again() {
    let daemon = Daemon::new();
    daemon.start("silent").await;
    daemon.until("started again", || daemon.workers().len() == 2);
    assert!(!is_alive(daemon.workers()[0]));
    let why = daemon.ended().unwrap().why;
    assert_eq!(why, "it made no progress and was killed (watching)");
}

#[tokio::test]
async fn a_worker_that_is_done_ends_the_daemon() {
    let daemon = Daemon::new();
    let started = daemon.start("done").await;
    daemon.until("ended", || !is_alive(started.pid));
    assert_eq!((daemon.workers().len(), daemon.ended()), (1, None));
}

#[tokio::test]
async fn a_reload_reaches_the_worker() {
    let daemon = Daemon::new();
    daemon.start("good").await;
    let holder = daemon.holder().unwrap();
    for times in 1..=3 {
        holder.signal(syft_daemon::Signal::HangUp).unwrap();
        daemon.until("reloaded", || {
            daemon.log().matches("reloaded\n").count() == times
        });
    }
    assert_eq!(daemon.workers().len(), 1);
}

#[tokio::test]
async fn a_reload_does_not_kill_a_worker_that_does_not_listen_yet() {
    let daemon = Daemon::new();
    let mut launch = daemon.launch("slow");
    launch.patience = Duration::from_millis(1);
    drop(syft_daemon::start(launch).await.unwrap_err());
    daemon.until("begun", || daemon.workers().len() == 1);
    let holder = daemon.holder().unwrap();
    holder.signal(syft_daemon::Signal::HangUp).unwrap();
    // The next thing that it does shows that it has seen the other signal before.
    assert_eq!(holder.stop(LONG).await.unwrap(), Stopped::Gracefully);
    assert_eq!(daemon.ended(), None);
}

#[tokio::test]
async fn a_stop_lets_the_worker_finish() {
    let daemon = Daemon::new();
    let started = daemon.start("good").await;
    let holder = daemon.holder().unwrap();
    assert_eq!(holder.stop(LONG).await.unwrap(), Stopped::Gracefully);
    assert!(daemon.log().ends_with("stopped\n"));
    assert!(!is_alive(started.pid) && !is_alive(daemon.workers()[0]));
    assert!(daemon.holder().is_none());
    assert!(!daemon.paths.pid().exists());
    assert_eq!(daemon.ended(), None);
}

#[tokio::test]
async fn a_worker_that_will_not_end_is_cut_off() {
    let daemon = Daemon::new();
    daemon.start("deaf").await;
    let holder = daemon.holder().unwrap();
    let began = Instant::now();
    assert_eq!(holder.stop(LONG).await.unwrap(), Stopped::Gracefully);
    assert!(began.elapsed() >= Duration::from_millis(500));
    assert!(daemon.log().ends_with("no\n"));
    assert!(!is_alive(daemon.workers()[0]));
}

/// R16: who asks twice does not want to wait.
#[tokio::test]
async fn a_second_signal_cuts_off_at_once() {
    let daemon = Daemon::new();
    let started = daemon.start("deaf").await;
    signal(started.pid, Signal::TERM);
    daemon.until("asked", || daemon.log().ends_with("no\n"));
    signal(started.pid, Signal::INT);
    daemon.within(Duration::from_millis(400), "cut off", || {
        !is_alive(daemon.workers()[0])
    });
}

#[tokio::test]
async fn a_supervisor_that_hangs_is_stopped_by_force() {
    let daemon = Daemon::new();
    let started = daemon.start("good").await;
    signal(started.pid, Signal::STOP);
    let holder = daemon.holder().unwrap();
    let stopped = holder.stop(Duration::from_millis(50)).await.unwrap();
    assert_eq!(stopped, Stopped::Forced);
    daemon.within(Duration::from_secs(2), "gone", || {
        !is_alive(daemon.workers()[0])
    });
}

#[tokio::test]
async fn a_stop_and_a_reload_end_the_wait_before_a_restart() {
    let daemon = Daemon::new();
    daemon.start("patient").await;
    daemon.until("waiting", || daemon.ended().is_some());
    let holder = daemon.holder().unwrap();
    holder.signal(syft_daemon::Signal::HangUp).unwrap();
    daemon.until("started again", || daemon.workers().len() == 2);
    daemon.until("waiting", || daemon.ended().unwrap().failures == 2);
    assert_eq!(holder.stop(LONG).await.unwrap(), Stopped::Gracefully);
}

/// What a worker wrote last is what people need most.
#[tokio::test]
async fn the_last_words_of_a_worker_are_kept() {
    let daemon = Daemon::new();
    let started = daemon.start("last words").await;
    daemon.until("given up", || !is_alive(started.pid));
    let log = daemon.log();
    assert_eq!(log.matches("the last words\n").count(), 3);
    assert_eq!(log.matches("bytes left out)\n").count(), 3);
    assert!(log.len() < 3 * 70_000);
    let why = daemon.ended().unwrap().why;
    assert_eq!(why, "it was killed by signal 6 (watching)");
}

/// Idle for months, it should be felt by nobody.
#[tokio::test]
async fn a_supervisor_is_one_thread_and_few_descriptors() {
    let daemon = Daemon::new();
    let started = daemon.start("good").await;
    kill(daemon.workers()[0]);
    daemon.until("started again", || daemon.workers().len() == 2);
    let count = |name: &str| {
        let entries = fs::read_dir(format!("/proc/{}/{name}", started.pid)).unwrap();
        entries.count()
    };
    // The test harness has a thread of its own.
    assert_eq!(count("task"), 2);
    let after_one = count("fd");
    assert!(after_one < 20, "{after_one}");
    kill(daemon.workers()[1]);
    daemon.until("started again", || daemon.workers().len() == 3);
    daemon.until("no descriptor more", || count("fd") == after_one);
}
