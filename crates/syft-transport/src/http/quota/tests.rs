use super::*;

const LIST: Operation = Operation::new("drive.files.list", 100);
const GET: Operation = Operation::new("drive.files.get", 5);

#[tokio::test(start_paused = true)]
async fn calls_are_priced_and_counted() {
    let meter = Meter::new(Budget::DRIVE);
    meter.take(LIST).await;
    meter.take(GET).await;
    meter.take(GET).await;
    let usage = meter.usage();
    assert_eq!(usage.units_last_minute, 110);
    assert_eq!(usage.units_last_day, 110);
    assert_eq!(usage.projected_units_per_day, 110 * 24 * 60);
    assert_eq!(
        usage.calls,
        [("drive.files.get", 2), ("drive.files.list", 1)].into()
    );

    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(meter.usage().units_last_minute, 0);
    assert_eq!(meter.usage().units_last_day, 110);
    tokio::time::advance(DAY).await;
    assert_eq!(
        (meter.usage().units_last_day, meter.usage().units_total),
        (0, 110)
    );
    assert_eq!(meter.usage().projected_units_per_day, 0);
}

#[tokio::test(start_paused = true)]
async fn a_poll_every_five_seconds_projects_to_the_price_of_a_day() {
    let meter = Meter::new(Budget::DRIVE);
    for _ in 0..2 * 60 * 12 {
        meter.take(LIST).await;
        tokio::time::advance(Duration::from_secs(5)).await;
    }
    let projected = meter.usage().projected_units_per_day;
    assert!(projected.abs_diff(1_728_000) < 40_000, "{projected}");
}

/// Spends as fast as the meter allows for `span`, and returns the units.
async fn spend(meter: &Meter, span: Duration) -> u64 {
    let (start, mut units) = (Instant::now(), 0);
    while start.elapsed() < span {
        meter.take(LIST).await;
        units += 100;
    }
    units
}

#[tokio::test(start_paused = true)]
async fn the_budget_of_a_minute_is_kept_by_waiting() {
    let meter = Meter::new(Budget {
        units_per_minute: 3_000,
        units_per_day: None,
    });
    let units = spend(&meter, Duration::from_secs(60)).await;
    assert!((2_800..=3_100).contains(&units), "{units}");
    let units = spend(&meter, Duration::from_secs(600)).await;
    assert!(units <= 30_100, "{units}");
}

#[tokio::test(start_paused = true)]
async fn the_budget_of_a_day_is_kept_by_waiting() {
    let meter = Meter::new(Budget {
        units_per_day: Some(120_000),
        ..Budget::DRIVE
    });
    let units = spend(&meter, DAY).await;
    assert!((115_000..=120_100).contains(&units), "{units}");
}

#[tokio::test(start_paused = true)]
async fn a_budget_below_the_dearest_call_still_lets_calls_through() {
    let meter = Meter::new(Budget {
        units_per_minute: 1,
        units_per_day: Some(1),
    });
    for _ in 0..5 {
        meter
            .take(Operation::new("drive.files.get.media", 200))
            .await;
    }
    assert_eq!(meter.usage().calls["drive.files.get.media"], 5);
}

#[tokio::test(start_paused = true)]
async fn a_hold_slows_every_call() {
    let meter = Meter::new(Budget::DRIVE);
    meter.hold(Duration::from_secs(20));
    meter.hold(Duration::from_secs(10));
    let start = Instant::now();
    meter.take(GET).await;
    assert!(start.elapsed() >= Duration::from_secs(20));
}
