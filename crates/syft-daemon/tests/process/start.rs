use std::{
    fs,
    os::unix::fs::MetadataExt,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use syft_daemon::{StartError, start};

use crate::daemon::{Daemon, is_alive};

#[tokio::test]
async fn a_start_returns_when_the_worker_is_ready() {
    let daemon = Daemon::new();
    assert!(daemon.holder().is_none());
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut launch = daemon.launch("good");
    launch.on_status = Box::new({
        let told = Arc::clone(&told);
        move |status| told.lock().unwrap().push(status.to_owned())
    });
    let started = start(launch).await.unwrap();
    assert_eq!(started.status.as_deref(), Some("watching"));
    assert_eq!(*told.lock().unwrap(), ["looking around", "watching"]);
    let holder = daemon.holder().unwrap();
    assert_eq!(holder.pid, started.pid);
    assert!(holder.since.is_some());
    let pid = fs::read_to_string(daemon.paths.pid()).unwrap();
    assert_eq!(pid, format!("{}\n", started.pid));
    // T24: what belongs to the daemon is its user's alone.
    for path in [
        daemon.paths.pid(),
        daemon.paths.lock(),
        daemon.paths.error_log(),
    ] {
        assert_eq!(
            fs::metadata(&path).unwrap().mode() & 0o777,
            0o600,
            "{path:?}"
        );
    }
}

/// T16: a start that does not work says so and why.
#[tokio::test]
async fn a_start_that_fails_tells_the_reason_and_the_code() {
    for (kind, code, reason) in [
        ("refused", 4, "the token is revoked: log in again"),
        ("panics", 101, "looking around"),
        ("dies early", 1, "looking around"),
    ] {
        let daemon = Daemon::new();
        match daemon.try_start(kind).await {
            Err(StartError::Ended {
                status,
                reason: told,
            }) => {
                assert_eq!(status.code(), Some(code), "{kind}");
                assert_eq!(told.as_deref(), Some(reason), "{kind}");
            }
            other => panic!("{kind}: {other:?}"),
        }
        assert!(daemon.holder().is_none());
        assert!(!daemon.paths.pid().exists());
        let ended = daemon.ended().unwrap();
        assert!(
            ended.gave_up && ended.failures == 1 && ended.restarts == 0,
            "{ended:?}"
        );
        assert!(ended.why.contains(reason), "{ended:?}");
        // A start that works takes that back.
        daemon.start("good").await;
        assert_eq!(daemon.ended(), None);
    }
}

#[tokio::test]
async fn a_program_that_is_missing_is_named() {
    let daemon = Daemon::new();
    let mut launch = daemon.launch("good");
    launch.program = daemon.directory().join("nowhere");
    let error = start(launch).await.unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");

    let error = daemon.try_start("missing").await.unwrap_err();
    assert!(matches!(error, StartError::Ended { .. }), "{error:?}");
    let why = daemon.ended().unwrap().why;
    assert!(why.starts_with("it could not be started ("), "{why}");
}

#[tokio::test]
async fn a_program_that_knows_no_links_has_only_an_exit_code() {
    let daemon = Daemon::new();
    let mut launch = daemon.launch("good");
    launch.program = "/bin/sh".into();
    launch.arguments = vec!["-c".into(), "exit 7".into()];
    match start(launch).await {
        Err(StartError::Ended { status, reason }) => {
            assert_eq!((status.code(), reason), (Some(7), None));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_start_that_takes_long_goes_on_by_itself() {
    let daemon = Daemon::new();
    let mut launch = daemon.launch("good");
    launch.arguments = crate::program::arguments("supervise", daemon.directory(), "slow");
    launch.patience = Duration::from_millis(300);
    match start(launch).await {
        Err(StartError::NotReady { pid, waited, .. }) => {
            assert_eq!(waited, Duration::from_millis(300));
            daemon.until("going on", || {
                daemon.holder().is_some_and(|holder| holder.pid == pid)
            });
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_second_start_names_the_first() {
    let daemon = Daemon::new();
    let first = daemon.start("good").await;
    match daemon.try_start("good").await {
        Err(StartError::Running(holder)) => assert_eq!(holder.pid, first.pid),
        other => panic!("{other:?}"),
    }
    daemon.until("at work", || !daemon.workers().is_empty());
    assert_eq!(daemon.workers().len(), 1);
}

/// R3: of two that start at once exactly one runs, and the other names it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_starts_at_once_exactly_one_runs() {
    for race in 0..50 {
        let daemon = Daemon::new();
        let (one, other) = tokio::join!(
            tokio::spawn(start(daemon.launch("good"))),
            tokio::spawn(start(daemon.launch("good")))
        );
        let (started, refused) = match (one.unwrap(), other.unwrap()) {
            (Ok(started), Err(refused)) | (Err(refused), Ok(started)) => (started, refused),
            both => panic!("race {race}: {both:?}"),
        };
        match refused {
            StartError::Running(holder) => assert_eq!(holder.pid, started.pid, "race {race}"),
            other => panic!("race {race}: {other:?}"),
        }
        daemon.until("at work", || !daemon.workers().is_empty());
        assert_eq!(daemon.workers().len(), 1, "race {race}");
    }
}

/// The daemon keeps nothing of the place that it was started from.
#[tokio::test]
async fn a_daemon_inherits_nothing_that_is_open() {
    let daemon = Daemon::new();
    // What rustix duplicates is inherited, as what a shell has opened.
    let secret = fs::File::create(daemon.directory().join("somebody's")).unwrap();
    let _open = rustix::io::dup(&secret).unwrap();
    let started = daemon.start("good").await;
    for pid in [started.pid, daemon.workers()[0]] {
        let about = |name: &str| fs::read_link(format!("/proc/{pid}/{name}")).unwrap();
        for entry in fs::read_dir(format!("/proc/{pid}/fd")).unwrap() {
            // A descriptor may be closed between the listing and the look.
            let Ok(open) = fs::read_link(entry.unwrap().path()) else {
                continue;
            };
            assert!(!open.to_string_lossy().contains("somebody's"), "{open:?}");
        }
        assert_eq!(about("fd/0").to_str(), Some("/dev/null"));
        assert_eq!(about("fd/1").to_str(), Some("/dev/null"));
        assert_eq!(about("cwd").to_str(), Some("/"));
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        assert!(status.contains("Umask:\t0077\n"), "{status}");
        // `proc_pid_stat(5)`: state, parent, group, session, terminal.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<_> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        assert_eq!(fields[3], started.pid.to_string(), "its own session");
        assert_eq!(fields[4], "0", "no terminal");
    }
}

/// What starts the daemon may wait for its output to end, as `$(…)` and ssh do; and what a
/// service manager told it is not for the daemon.
#[tokio::test]
async fn a_daemon_keeps_neither_our_output_nor_our_manager() {
    let daemon = Daemon::new();
    let arguments = crate::program::arguments("start", daemon.directory(), "good");
    let output = tokio::process::Command::new(syft_daemon::this_program().unwrap())
        .args(arguments)
        .env("NOTIFY_SOCKET", "/nowhere")
        .stdin(Stdio::null())
        .output();
    let output = tokio::time::timeout(Duration::from_secs(30), output).await;
    assert!(output.unwrap().unwrap().status.success());
    let pid = daemon.holder().unwrap().pid;
    assert!(is_alive(pid));
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
    assert!(!environment.windows(13).any(|name| name == b"NOTIFY_SOCKET"));
}
