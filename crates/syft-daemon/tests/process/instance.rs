use std::{
    fs,
    os::unix::fs::MetadataExt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use syft_daemon::{Error, Instance, Paths, holder};
use syft_state::fs::{Lock, write_atomic};

use crate::daemon::Daemon;

const PATIENCE: Duration = Duration::from_secs(2);

fn own_start() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let rest = stat.rsplit(')').next().unwrap();
    rest.split_whitespace().nth(19).unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_instance_is_found_while_it_is_held() {
    let directory = tempfile::tempdir().unwrap();
    let paths = Paths::new(directory.path().join("new/place"), "x");
    assert!(holder(&paths).unwrap().is_none());
    let instance = Instance::acquire(&paths, PATIENCE).await.unwrap();
    assert_eq!(instance.paths(), &paths);
    assert_eq!(
        fs::metadata(&paths.directory).unwrap().mode() & 0o777,
        0o700
    );
    assert_eq!(holder(&paths).unwrap().unwrap().pid, std::process::id());
    match Instance::acquire(&paths, PATIENCE).await {
        Err(Error::Running(holder)) => assert_eq!(holder.pid, std::process::id()),
        other => panic!("{other:?}"),
    }
    drop(instance);
    assert!(holder(&paths).unwrap().is_none());
    assert!(!paths.pid().exists());
    drop(Instance::acquire(&paths, PATIENCE).await.unwrap());
}

/// T22: neither a pid file nor an old note blocks or misleads, whatever they hold.
#[tokio::test]
async fn what_a_dead_daemon_left_means_nothing() {
    let own = format!("{}\n", std::process::id());
    for stale in ["", "junk", "1\n", "-1", "99999999999999999999", &own] {
        let daemon = Daemon::new();
        write_atomic(&daemon.paths.pid(), stale.as_bytes(), 0o644).unwrap();
        write_atomic(&daemon.paths.lock(), stale.as_bytes(), 0o644).unwrap();
        assert!(daemon.holder().is_none(), "{stale:?}");
        let started = daemon.start("good").await;
        assert_eq!(daemon.holder().unwrap().pid, started.pid, "{stale:?}");
        let pid = fs::read_to_string(daemon.paths.pid()).unwrap();
        assert_eq!(pid, format!("{}\n", started.pid));
    }
}

#[tokio::test]
async fn a_directory_in_place_of_the_pid_file_is_no_obstacle() {
    let daemon = Daemon::new();
    fs::create_dir(daemon.paths.pid()).unwrap();
    fs::create_dir(daemon.paths.pid().join("full")).unwrap();
    let started = daemon.start("good").await;
    assert_eq!(daemon.holder().unwrap().pid, started.pid);
}

/// The seeds tell people to remove the pid file.
#[tokio::test]
async fn a_pid_file_that_is_removed_or_altered_is_not_missed() {
    let daemon = Daemon::new();
    let started = daemon.start("good").await;
    fs::remove_file(daemon.paths.pid()).unwrap();
    assert_eq!(daemon.holder().unwrap().pid, started.pid);
    write_atomic(&daemon.paths.pid(), b"1\n", 0o600).unwrap();
    daemon.holder().unwrap().stop(PATIENCE).await.unwrap();
    assert!(daemon.holder().is_none());
    assert_eq!(
        fs::read(daemon.paths.pid()).unwrap(),
        b"1\n",
        "not ours to remove"
    );
}

/// A reused number is a different process, and a living one is not ours without the lock.
#[tokio::test]
async fn a_note_is_believed_only_with_the_lock_and_the_right_start() {
    let daemon = Daemon::new();
    let (pid, ticks) = (std::process::id(), own_start());
    let lock = Lock::try_acquire(&daemon.paths.lock()).unwrap().unwrap();
    for note in ["", "junk", &format!("{pid} {}", ticks + 1)] {
        lock.set_note(note).unwrap();
        let error = holder(&daemon.paths).unwrap_err();
        assert!(
            matches!(error, Error::HeldElsewhere { .. }),
            "{note:?}: {error}"
        );
    }
    let error = Instance::acquire(&daemon.paths, Duration::ZERO)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::HeldElsewhere { .. }), "{error}");
    lock.set_note(&format!("{pid} {ticks}")).unwrap();
    assert_eq!(daemon.holder().unwrap().pid, pid);
    drop(lock);
    assert!(daemon.holder().is_none());
}

/// Between taking the lock and writing the note a reader must wait, not guess.
#[tokio::test]
async fn a_holder_that_has_not_introduced_itself_is_waited_for() {
    let daemon = Daemon::new();
    let lock = Lock::try_acquire(&daemon.paths.lock()).unwrap().unwrap();
    lock.set_note("1 1").unwrap();
    let paths = daemon.paths.clone();
    let looking = std::thread::spawn(move || holder(&paths).unwrap().unwrap().pid);
    daemon.until("looking", || {
        fs::read_dir("/proc/self/task").unwrap().count() > 1
    });
    lock.set_note(&format!("{} {}", std::process::id(), own_start()))
        .unwrap();
    assert_eq!(looking.join().unwrap(), std::process::id());
}

#[tokio::test]
async fn something_else_in_place_of_the_lock_is_an_error_and_not_a_free_lock() {
    let daemon = Daemon::new();
    fs::create_dir(daemon.paths.lock()).unwrap();
    assert!(matches!(holder(&daemon.paths), Err(Error::File(_))));
    let acquired = Instance::acquire(&daemon.paths, PATIENCE).await;
    assert!(matches!(acquired, Err(Error::File(_))), "{acquired:?}");
}

/// `status` in a loop must not make a start fail.
#[tokio::test]
async fn looking_does_not_disturb_a_start() {
    let daemon = Daemon::new();
    let looks = Arc::new(AtomicU32::new(0));
    let looking = std::thread::spawn({
        let (paths, looks) = (daemon.paths.clone(), Arc::clone(&looks));
        move || {
            for _ in 0..2000 {
                drop(holder(&paths).unwrap());
                looks.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    daemon.until("looking", || looks.load(Ordering::Relaxed) > 0);
    while looks.load(Ordering::Relaxed) < 2000 {
        drop(Instance::acquire(&daemon.paths, PATIENCE).await.unwrap());
    }
    looking.join().unwrap();
}
