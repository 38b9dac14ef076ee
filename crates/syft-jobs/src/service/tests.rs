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
async fn an_interval_begins_at_the_start_and_keeps_its_beat() {
    let world = World::new(vec![job("a", every("10m"))], Settings::default(), done);
    sleep(Duration::from_secs(60 * 60 - 1)).await;
    let runs = world.finished();
    assert_eq!(runs.len(), 6, "{runs:?}");
    let starts: Vec<i64> = runs.iter().map(|run| run.started.as_micros()).collect();
    assert!(starts[0] - world.clock.base.timestamp_micros() <= 1_000_000);
    for pair in starts.windows(2) {
        let late = pair[1] - pair[0] - 600_000_000;
        assert!((-5_000..5_000).contains(&late), "{late} microseconds late");
    }
    assert!(runs.iter().all(|run| run.trigger == Cause::Schedule));
    assert_eq!(world.store.runs(Some(&id("a")), 10).unwrap().len(), 6);
    assert_eq!(world.stop().await, []);
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

/// A run that waits until it is let go.
#[derive(Clone, Default)]
struct Gate {
    open: Arc<std::sync::Condvar>,
    permits: Arc<Mutex<usize>>,
    inside: Arc<AtomicUsize>,
    most_inside: Arc<AtomicUsize>,
}

impl Gate {
    fn pass(&self) {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_inside.fetch_max(inside, Ordering::SeqCst);
        let permits = self.permits.lock().unwrap();
        let mut permits = self
            .open
            .wait_while(permits, |permits| *permits == 0)
            .unwrap();
        *permits -= 1;
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }

    fn let_go(&self, runs: usize) {
        *self.permits.lock().unwrap() += runs;
        self.open.notify_all();
    }

    fn inside(&self) -> usize {
        self.inside.load(Ordering::SeqCst)
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_job_runs_it_is_wanted_once_more_at_most() {
    let gate = Gate::default();
    let inner = gate.clone();
    let world = World::new(
        vec![job("a", Schedule::Manual)],
        Settings::default(),
        move |_, _| {
            inner.pass();
            Report::default()
        },
    );
    let first = world.service().trigger(&id("a"), by_hand()).await.unwrap();
    wait_until(|| gate.inside() == 1).await;
    let second = world.service().trigger(&id("a"), by_hand()).await.unwrap();
    let third = world.service().trigger(&id("a"), by_hand()).await.unwrap();
    assert_ne!(first.run_id(), second.run_id());
    assert_eq!(second.run_id(), third.run_id());
    let state = &world.service().snapshot().jobs[0];
    assert_eq!(state.running.as_ref().unwrap().run_id, first.run_id());
    assert_eq!(state.waiting.len(), 1);
    gate.let_go(2);
    let (second, third) = (second.wait().await, third.wait().await);
    assert_eq!(second, third);
    assert_eq!(world.finished().len(), 2);
    assert_eq!(gate.most_inside.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_run_as_may_and_a_full_queue_refuses() {
    let gate = Gate::default();
    let inner = gate.clone();
    let jobs = ["a", "b", "c", "d", "e"].map(|name| job(name, Schedule::Manual));
    let settings = Settings {
        max_concurrent_syncs: 2,
        queue_size: 2,
        ..Settings::default()
    };
    let world = World::new(jobs.to_vec(), settings, move |_, _| {
        inner.pass();
        Report::default()
    });
    for name in ["a", "b"] {
        drop(world.service().trigger(&id(name), by_hand()).await.unwrap());
    }
    wait_until(|| gate.inside() == 2).await;
    for name in ["c", "d"] {
        drop(world.service().trigger(&id(name), by_hand()).await.unwrap());
    }
    let refused = world
        .service()
        .trigger(&id("e"), by_hand())
        .await
        .unwrap_err();
    assert_eq!(refused, Refused::QueueFull);
    assert_eq!(world.service().snapshot().queue_length, 2);
    gate.let_go(4);
    wait_until(|| world.finished().len() == 4).await;
    assert_eq!(gate.most_inside.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_jobs_never_write_the_same_tree_at_once() {
    let gate = Gate::default();
    let inner = gate.clone();
    let (mut one, mut other) = (job("a", Schedule::Manual), job("b", Schedule::Manual));
    one.destination = "/nowhere/backup".into();
    other.destination = "/nowhere/backup/within".into();
    let world = World::new(vec![one, other], Settings::default(), move |_, _| {
        inner.pass();
        Report::default()
    });
    let one = world.service().trigger(&id("a"), by_hand()).await.unwrap();
    let other = world.service().trigger(&id("b"), by_hand()).await.unwrap();
    gate.let_go(2);
    one.wait().await;
    other.wait().await;
    assert_eq!(gate.most_inside.load(Ordering::SeqCst), 1);
}

fn until_cancelled(_: &Job, context: &Context<'_>) -> Report {
    while !context.cancel.is_cancelled() {
        std::thread::yield_now();
    }
    Report::of_failure(Status::Cancelled, "somebody wished it")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_takes_too_long_is_cancelled_and_says_so() {
    let mut long = job("a", Schedule::Manual);
    long.timing.max_run = Some(Duration::from_millis(20));
    let world = World::new(vec![long], Settings::default(), until_cancelled);
    let ticket = world.service().trigger(&id("a"), by_hand()).await.unwrap();
    let report = ticket.wait().await.report;
    assert_eq!(report.status, Status::Cancelled);
    assert_eq!(report.reason.as_deref(), Some("it took longer than 20ms"));
    assert_eq!(
        report.failures.get(&crate::mirror::ErrorKind::TimedOut),
        Some(&1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_ends_what_runs_and_what_waits() {
    let world = World::new(
        vec![job("a", every("1s"))],
        Settings::default(),
        until_cancelled,
    );
    wait_until(|| world.service().snapshot().running == 1).await;
    let waiting = world.service().trigger(&id("a"), by_hand()).await.unwrap();
    let events = Arc::clone(&world.events);
    assert_eq!(world.stop().await, []);
    assert_eq!(waiting.wait().await.report.status, Status::Skipped);
    let events = events.lock().unwrap();
    let ends = events
        .iter()
        .filter(|event| matches!(event, Event::Finished(_)))
        .count();
    assert_eq!(ends, 1, "{events:?}");
    assert!(events.iter().any(|event| matches!(
        event,
        Event::Refused {
            why: Refused::Stopping,
            ..
        }
    )));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_stop_in_time_is_named() {
    let gate = Gate::default();
    let inner = gate.clone();
    let mut world = World::new(
        vec![job("a", Schedule::Manual)],
        Settings::default(),
        move |_, _| {
            inner.pass();
            Report::default()
        },
    );
    drop(world.service().trigger(&id("a"), by_hand()).await.unwrap());
    wait_until(|| gate.inside() == 1).await;
    let service = world.service.take().unwrap();
    assert_eq!(service.stop(Duration::from_millis(10)).await, [id("a")]);
    gate.let_go(1);
    wait_until(|| world.finished().len() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_of_a_run_is_a_failed_run() {
    let world = World::new(
        vec![job("a", Schedule::Manual)],
        Settings::default(),
        |_, _| panic!("on purpose"),
    );
    let ticket = world.service().trigger(&id("a"), by_hand()).await.unwrap();
    let report = ticket.wait().await.report;
    assert_eq!(report.status, Status::Failed);
    assert_eq!(
        report.reason.as_deref(),
        Some("this program failed: on purpose")
    );
    let ticket = world.service().trigger(&id("a"), by_hand()).await.unwrap();
    assert_eq!(
        ticket.wait().await.report.status,
        Status::Failed,
        "it goes on"
    );
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
async fn nothing_begins_while_it_is_paused() {
    let world = World::new(vec![job("a", every("10s"))], Settings::default(), done);
    sleep(Duration::from_secs(5)).await;
    world.service().pause();
    sleep(Duration::from_secs(600)).await;
    assert_eq!(world.finished().len(), 1);
    let refused = world
        .service()
        .trigger(&id("a"), by_hand())
        .await
        .unwrap_err();
    assert_eq!(refused, Refused::Paused);
    drop(
        world
            .service()
            .trigger(&id("a"), Request::new(Cause::FileWatcher))
            .await
            .unwrap(),
    );
    world.service().resume();
    sleep(Duration::from_secs(2)).await;
    let causes: Vec<Cause> = world.finished().iter().map(|run| run.trigger).collect();
    assert_eq!(
        causes,
        [Cause::Schedule, Cause::FileWatcher],
        "one run makes up for all that was missed"
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

/// R6: a clock that is put forward or back, and a machine that slept.
#[tokio::test(start_paused = true)]
async fn what_was_missed_is_made_up_for_once() {
    let daily = Schedule::cron("@daily", chrono_tz::Tz::UTC).unwrap();
    let mut skips = job("skips", daily.clone());
    skips.timing.catch_up = false;
    let world = World::new(vec![job("daily", daily), skips], Settings::default(), done);
    sleep(Duration::from_secs(60)).await;
    world.clock.jumps.store(3 * 86_400, Ordering::Relaxed);
    sleep(Duration::from_secs(61)).await;
    let names: Vec<String> = world
        .finished()
        .iter()
        .map(|run| run.job.to_string())
        .collect();
    assert_eq!(names, ["daily"]);
    assert!(world.kinds().contains(&"missed"));
    // It is 12:02 on the 24th; at midnight both run, and not at the midnight after it again
    // when the clock is put back by half an hour in between.
    sleep(Duration::from_secs(12 * 3600)).await;
    assert_eq!(world.finished().len(), 3);
    world.clock.jumps.fetch_sub(1800, Ordering::Relaxed);
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(
        world.finished().len(),
        3,
        "midnight came again, and had been already"
    );
    sleep(Duration::from_secs(86_400)).await;
    assert_eq!(world.finished().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_interval_survives_a_clock_that_is_put_back() {
    let world = World::new(vec![job("a", every("5m"))], Settings::default(), done);
    sleep(Duration::from_secs(10)).await;
    world.clock.jumps.store(-365 * 86_400, Ordering::Relaxed);
    sleep(Duration::from_secs(6 * 60 + 60)).await;
    assert_eq!(world.finished().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_missed_before_the_start_is_made_up_for() {
    let store = Arc::new(Store::in_memory());
    let daily = Schedule::cron("@daily", chrono_tz::Tz::UTC).unwrap();
    let yesterday = syft_state::Timestamp::from_seconds(1_795_219_200 - 2 * 86_400);
    let record = |run_id: &str, dry_run| RunRecord {
        run_id: run_id.to_owned(),
        job: id("daily"),
        trigger: Cause::Schedule,
        started: yesterday,
        finished: yesterday,
        report: Report {
            dry_run,
            ..Report::default()
        },
    };
    store.record_run(&record("aaaaaaaaaaaaaaa", false)).unwrap();
    let mut never = job("never", daily.clone());
    never.timing.catch_up = false;
    let world = World::with_store(
        store,
        vec![job("daily", daily), never],
        Settings::default(),
        done,
    );
    sleep(Duration::from_secs(1)).await;
    let names: Vec<String> = world
        .finished()
        .iter()
        .map(|run| run.job.to_string())
        .collect();
    assert_eq!(names, ["daily"]);
}

#[tokio::test(start_paused = true)]
async fn it_sleeps_until_something_is_due_but_a_minute_at_most() {
    let world = World::new(vec![job("a", every("1h"))], Settings::default(), done);
    settle(|| world.finished().len() == 1).await;
    let before = world.clock.looks.load(Ordering::Relaxed);
    sleep(Duration::from_secs(50 * 60)).await;
    let looks = world.clock.looks.load(Ordering::Relaxed) - before;
    assert!((49..=51).contains(&looks), "{looks} looks in 50 minutes");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_ever_due_it_does_not_wake() {
    let world = World::new(vec![job("a", Schedule::Manual)], Settings::default(), done);
    sleep(Duration::from_millis(10)).await;
    let before = world.clock.looks.load(Ordering::Relaxed);
    sleep(Duration::from_secs(24 * 60 * 60)).await;
    assert_eq!(world.clock.looks.load(Ordering::Relaxed), before);
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
