//! A service over real trees: what is written is copied, because it is due or because it changed.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use syft_jobs::{
    Filter, Job, JobId, Options, Schedule, Service, Status,
    job::Timing,
    queue::{Cause, Request},
    service::{Event, Settings, Setup},
    store::Store,
    trigger::{EventKinds, WatcherSpec},
};

struct World {
    dir: tempfile::TempDir,
    service: Service,
    store: Arc<Store>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl World {
    fn new(schedule: Schedule, change: impl FnOnce(&mut Job)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir(root.join("source")).unwrap();
        let mut job = Job {
            id: id(),
            name: "Documents".to_owned(),
            source: root.join("source"),
            destination: root.join("copy"),
            enabled: true,
            schedule,
            timing: Timing::default(),
            priority: 0,
            tags: Vec::new(),
            options: Options::default(),
        };
        change(&mut job);
        let watcher = WatcherSpec {
            id: id(),
            name: "Watcher".to_owned(),
            path: job.source.clone(),
            job: id(),
            enabled: job.schedule == Schedule::Manual,
            recursive: true,
            debounce: Duration::from_millis(20),
            events: EventKinds::default(),
            ignore: Filter::default(),
            max_events_per_second: None,
        };
        let store = Arc::new(Store::open(&root.join("jobs.sqlite")).unwrap());
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&events);
        let setup = Setup {
            jobs: vec![job],
            watchers: vec![watcher],
        };
        let listener = move |event: &Event| told.lock().unwrap().push(event.clone());
        let service = Service::start(setup, Settings::default(), Arc::clone(&store), listener);
        Self {
            dir,
            service,
            store,
            events,
        }
    }

    fn source(&self, name: &str) -> PathBuf {
        self.dir.path().join("source").join(name)
    }

    fn copy(&self, name: &str) -> PathBuf {
        self.dir.path().join("copy").join(name)
    }

    fn count(&self, kind: &str) -> usize {
        let events = self.events.lock().unwrap();
        events.iter().filter(|event| event.kind() == kind).count()
    }
}

fn id() -> JobId {
    "documents".parse().unwrap()
}

fn write(path: &Path, text: &str) {
    let mut file = fs::File::create(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

async fn wait_until(holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "it never comes to pass"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_file_that_is_written_is_copied() {
    let world = World::new(Schedule::Manual, |_| {});
    wait_until(|| world.count("watcher_armed") == 1).await;
    fs::create_dir(world.source("deep")).unwrap();
    write(&world.source("deep/a"), "text");
    wait_until(|| fs::read_to_string(world.copy("deep/a")).is_ok_and(|text| text == "text")).await;
    wait_until(|| world.service.snapshot().jobs[0].last_run.is_some()).await;
    let run = world.service.snapshot().jobs[0].last_run.clone().unwrap();
    assert_eq!(
        (run.trigger, run.report.status),
        (Cause::FileWatcher, Status::Success)
    );
    // Its own writes make no further run due.
    world.service.stop(Duration::from_secs(10)).await;
    assert_eq!(
        world.count("started"),
        world.store.runs(None, 100).unwrap().len()
    );
}

/// R8: what is in a new directory from its first moment is copied, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_in_new_directories_is_missed() {
    let world = World::new(Schedule::Manual, |_| {});
    wait_until(|| world.count("watcher_armed") == 1).await;
    for number in 0..200 {
        let deep = world.source(&format!("{number}/a/b"));
        fs::create_dir_all(&deep).unwrap();
        write(&deep.join("file"), &number.to_string());
    }
    let is_copied = |number: &i32| {
        let copy = fs::read_to_string(world.copy(&format!("{number}/a/b/file")));
        copy.is_ok_and(|text| text == number.to_string())
    };
    wait_until(|| (0..200).all(|number| is_copied(&number))).await;
}

#[tokio::test]
async fn what_is_due_at_the_start_runs() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("a");
    write(&text, "text");
    let world = World::new(Schedule::interval("1h").unwrap(), |job| {
        job.source = dir.path().to_owned();
    });
    wait_until(|| world.count("finished") == 1).await;
    assert_eq!(fs::read_to_string(world.copy("a")).unwrap(), "text");
    let due = world.service.snapshot().jobs[0].next_due.unwrap();
    let last = world.store.runs(Some(&id()), 1).unwrap().remove(0);
    assert_eq!(
        (last.trigger, last.report.counts.copied),
        (Cause::Schedule, 1)
    );
    let hour = due.timestamp_micros() - last.started.as_micros();
    assert!((3_590_000_000..=3_600_000_000).contains(&hour), "{hour}");
}

#[tokio::test]
async fn a_source_that_is_gone_is_named_and_nothing_is_forgotten_in_a_pause() {
    let world = World::new(Schedule::Manual, |_| {});
    wait_until(|| world.count("watcher_armed") == 1).await;
    world.service.pause();
    write(&world.source("a"), "text");
    wait_until(|| world.count("queued") == 1).await;
    assert_eq!(world.service.snapshot().queue_length, 1);
    fs::rename(world.source(""), world.dir.path().join("elsewhere")).unwrap();
    world.service.resume();
    wait_until(|| world.count("finished") == 1).await;
    let report = world.store.runs(None, 1).unwrap().remove(0).report;
    assert_eq!(report.status, Status::Failed);
    assert!(report.reason.unwrap().contains("source"));
}

#[tokio::test]
async fn a_dry_run_copies_nothing() {
    let new_year = Schedule::cron("@yearly", chrono_tz::Tz::UTC).unwrap();
    let world = World::new(new_year, |_| {});
    write(&world.source("a"), "text");
    let dry = Request {
        dry_run: true,
        ..Request::new(Cause::Manual)
    };
    let ticket = world.service.trigger(&id(), dry).await.unwrap();
    let report = ticket.wait().await.report;
    assert!(report.dry_run, "{report:?}");
    assert_eq!((report.status, report.counts.copied), (Status::Success, 1));
    assert!(!world.copy("a").exists());
}
