//! When jobs run, and that nothing happens in between.

use super::*;

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
