mod limits;
mod time;

use std::sync::{
    Mutex,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use chrono::TimeDelta;
use tokio::time::{Instant, sleep};

use super::*;
use crate::{
    RunRecord, Schedule, Status,
    job::Timing,
    mirror::{Insist, Options},
    queue::Cause,
};

/// A service over jobs that a closure plays, at a time that tests make.
struct World {
    service: Option<Service>,
    events: Arc<Mutex<Vec<Event>>>,
    clock: Arc<Clock>,
    store: Arc<Store>,
}

struct Clock {
    base: DateTime<Utc>,
    since: Instant,
    /// Seconds by which somebody put the clock forward or back.
    jumps: AtomicI64,
    /// How often somebody looked.
    looks: AtomicUsize,
}

impl Clock {
    fn now(&self) -> DateTime<Utc> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let jumps = TimeDelta::seconds(self.jumps.load(Ordering::Relaxed));
        self.base + TimeDelta::from_std(self.since.elapsed()).unwrap() + jumps
    }
}

impl World {
    fn new(
        jobs: Vec<Job>,
        settings: Settings,
        run: impl Fn(&Job, &Context<'_>) -> Report + Send + Sync + 'static,
    ) -> Self {
        Self::with_store(Arc::new(Store::in_memory()), jobs, settings, run)
    }

    fn with_store(
        store: Arc<Store>,
        jobs: Vec<Job>,
        settings: Settings,
        run: impl Fn(&Job, &Context<'_>) -> Report + Send + Sync + 'static,
    ) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let clock = Arc::new(Clock {
            base: "2026-11-21T12:00:00Z".parse().unwrap(),
            since: Instant::now(),
            jumps: AtomicI64::new(0),
            looks: AtomicUsize::new(0),
        });
        let (told, time) = (Arc::clone(&events), Arc::clone(&clock));
        let surroundings = Surroundings {
            store: Arc::clone(&store),
            clock: Box::new(move || time.now()),
            run: Box::new(run),
            listener: Box::new(move |event| told.lock().unwrap().push(event.clone())),
        };
        let setup = Setup {
            jobs,
            watchers: Vec::new(),
        };
        let service = Some(Service::start_in(setup, settings, surroundings));
        Self {
            service,
            events,
            clock,
            store,
        }
    }

    fn service(&self) -> &Service {
        self.service.as_ref().unwrap()
    }

    fn finished(&self) -> Vec<RunRecord> {
        let events = self.events.lock().unwrap();
        let records = events.iter().filter_map(|event| match event {
            Event::Finished(record) => Some(record.clone()),
            _ => None,
        });
        records.collect()
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.events
            .lock()
            .unwrap()
            .iter()
            .map(Event::kind)
            .collect()
    }

    async fn stop(mut self) -> Vec<JobId> {
        self.service
            .take()
            .unwrap()
            .stop(Duration::from_secs(5))
            .await
    }
}

fn id(text: &str) -> JobId {
    text.parse().unwrap()
}

fn job(name: &str, schedule: Schedule) -> Job {
    Job {
        id: id(name),
        name: name.to_owned(),
        source: format!("/nowhere/{name}/source").into(),
        destination: format!("/nowhere/{name}/destination").into(),
        enabled: true,
        schedule,
        timing: Timing::default(),
        priority: 0,
        tags: Vec::new(),
        options: Options::default(),
    }
}

fn every(text: &str) -> Schedule {
    Schedule::interval(text).unwrap()
}

fn done(_: &Job, _: &Context<'_>) -> Report {
    Report::default()
}

fn by_hand() -> Request {
    Request::new(Cause::Manual)
}

/// Lets other tasks and threads come to rest.
async fn settle(until: impl Fn() -> bool) {
    while !until() {
        // Where time is paused this goes on at once, and it yields to the blocking threads.
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_is_queued_started_and_finished() {
    let world = World::new(vec![job("a", Schedule::Manual)], Settings::default(), done);
    let ticket = world.service().trigger(&id("a"), by_hand()).await.unwrap();
    let run_id = ticket.run_id().to_owned();
    assert_eq!(run_id.len(), 15);
    assert!(
        run_id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    );
    let record = ticket.wait().await;
    assert_eq!((record.run_id, record.trigger), (run_id, Cause::Manual));
    assert_eq!(world.kinds(), ["queued", "started", "finished"]);
    let state = &world.service().snapshot().jobs[0];
    assert_eq!(
        state.last_run.as_ref().unwrap().report.status,
        Status::Success
    );
    assert_eq!((state.next_due, state.running.as_ref()), (None, None));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_run_is_refused() {
    let mut disabled = job("off", every("1s"));
    disabled.enabled = false;
    let world = World::new(vec![disabled], Settings::default(), done);
    let unknown = world
        .service()
        .trigger(&id("none"), by_hand())
        .await
        .unwrap_err();
    assert_eq!(unknown, Refused::Unknown);
    let off = world
        .service()
        .trigger(&id("off"), by_hand())
        .await
        .unwrap_err();
    assert_eq!(off, Refused::Disabled);
    sleep(Duration::from_secs(100)).await;
    assert_eq!(
        world.kinds(),
        ["refused"],
        "an unknown name is told to nobody else"
    );
}

async fn wait_until(holds: impl Fn() -> bool) {
    let started = std::time::Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "it never comes to pass"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_and_insisting_reach_the_run() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let inner = Arc::clone(&seen);
    let world = World::new(
        vec![job("a", Schedule::Manual)],
        Settings::default(),
        move |job, context| {
            inner
                .lock()
                .unwrap()
                .push((job.options.dry_run, context.insist));
            Report::default()
        },
    );
    let requests = [
        Request {
            dry_run: true,
            ..by_hand()
        },
        Request {
            insist: Insist::Yes,
            ..by_hand()
        },
    ];
    for request in requests {
        world
            .service()
            .trigger(&id("a"), request)
            .await
            .unwrap()
            .wait()
            .await;
    }
    assert_eq!(
        *seen.lock().unwrap(),
        [(true, Insist::No), (false, Insist::Yes)]
    );
}

#[tokio::test(start_paused = true)]
async fn another_setup_leaves_alone_what_stays() {
    let kept = job("kept", every("10m"));
    let world = World::new(
        vec![kept.clone(), job("gone", every("10m"))],
        Settings::default(),
        done,
    );
    sleep(Duration::from_secs(300)).await;
    let due = |name: &str| {
        let jobs = world.service().snapshot().jobs;
        jobs.into_iter()
            .find(|it| it.id == id(name))
            .map(|it| it.next_due.unwrap())
    };
    let before = due("kept").unwrap();
    let renamed = Job {
        name: "another name".to_owned(),
        ..kept.clone()
    };
    world
        .service()
        .replace(Setup {
            jobs: vec![renamed, job("new", every("1h"))],
            watchers: Vec::new(),
        })
        .await;
    assert_eq!(due("kept"), Some(before));
    assert_eq!(due("gone"), None);
    sleep(Duration::from_secs(2)).await;
    let names: Vec<String> = world
        .finished()
        .iter()
        .map(|run| run.job.to_string())
        .collect();
    assert_eq!(
        names.iter().filter(|name| *name == "new").count(),
        1,
        "{names:?}"
    );
    // A shorter interval counts from the last run.
    let hurried = Job {
        schedule: every("6m"),
        ..kept
    };
    world
        .service()
        .replace(Setup {
            jobs: vec![hurried],
            watchers: Vec::new(),
        })
        .await;
    assert_eq!(due("kept"), Some(before - TimeDelta::minutes(4)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_files_makes_a_job_run() {
    use crate::trigger::{WatcherSpec, tests::spec};

    let dir = tempfile::tempdir().unwrap();
    let mut watched = job("job", Schedule::Manual);
    watched.source = dir.path().to_owned();
    let world = World::new(vec![watched.clone()], Settings::default(), done);
    let off = WatcherSpec {
        id: id("off"),
        enabled: false,
        ..spec(dir.path())
    };
    let nobody = WatcherSpec {
        id: id("nobody"),
        job: id("none"),
        ..spec(dir.path())
    };
    let setup = Setup {
        jobs: vec![watched],
        watchers: vec![spec(dir.path()), off, nobody],
    };
    world.service().replace(setup.clone()).await;
    wait_until(|| world.kinds().contains(&"watcher_armed")).await;
    let states: Vec<Watch> = world
        .service()
        .snapshot()
        .watchers
        .iter()
        .map(|it| it.state)
        .collect();
    assert_eq!(states, [Watch::Off, Watch::Off, Watch::Armed]);
    world.service().replace(setup).await;
    drop(std::fs::File::create(dir.path().join("a")).unwrap());
    wait_until(|| world.finished().len() == 1).await;
    assert_eq!(world.finished()[0].trigger, Cause::FileWatcher);
    assert_eq!(
        world.service().snapshot().watchers[2].triggers,
        1,
        "the same watcher went on"
    );
    world.service().replace(Setup::default()).await;
    wait_until(|| world.kinds().contains(&"watcher_off")).await;
}
