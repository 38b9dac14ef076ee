//! How much runs at once, for how long, and how it ends.

use super::*;

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
