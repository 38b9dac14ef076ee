use chrono::{NaiveDate, TimeDelta, TimeZone as _};
use chrono_tz::{America, Asia, Australia, Europe, Pacific};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[track_caller]
fn check_interval(text: &str, seconds: Option<u64>) {
    let expected = seconds.map(|seconds| Schedule::Interval(Duration::from_secs(seconds)));
    assert_eq!(Schedule::interval(text).ok(), expected, "{text:?}");
}

#[test]
fn intervals_have_units() {
    for (text, seconds) in [
        ("1s", 1),
        ("30s", 30),
        ("5m", 300),
        (" 1h 30m ", 5400),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("1w", 604_800),
        ("1M", 2_630_016),
        ("1000ms", 1),
    ] {
        check_interval(text, Some(seconds));
    }
    for text in [
        "",
        "5",
        "0s",
        "500ms",
        "-5m",
        "5 apples",
        "101y",
        "99999999999999999999s",
    ] {
        check_interval(text, None);
    }
}

#[test]
fn a_wrong_interval_says_what_is_right() {
    let said = |text| Schedule::interval(text).unwrap_err().to_string();
    assert!(said("5").contains("5s or 5m"), "{}", said("5"));
    assert!(said("0s").contains("1s"), "{}", said("0s"));
    assert!(said("soon").contains("1h 30m"), "{}", said("soon"));
}

#[track_caller]
fn check(expression: &str, zone: Tz, after: &str, expected: &[&str]) {
    let schedule = Schedule::cron(expression, zone).unwrap();
    let mut last = at(after);
    for due in expected {
        last = schedule.next_after(last, Some(last)).unwrap();
        assert_eq!(last, at(due), "{expression} in {zone} after {after}");
    }
}

/// The expressions that the manual of sync-daemon prints.
#[test]
fn the_printed_expressions_mean_what_is_printed() {
    let noon = "2026-11-21T12:00:00Z";
    check(
        "0 */15 * * * *",
        Tz::UTC,
        noon,
        &["2026-11-21T12:15:00Z", "2026-11-21T12:30:00Z"],
    );
    check(
        "0 0 * * * *",
        Tz::UTC,
        noon,
        &["2026-11-21T13:00:00Z", "2026-11-21T14:00:00Z"],
    );
    check(
        "0 0 0 * * *",
        Tz::UTC,
        noon,
        &["2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"],
    );
    check(
        "0 0 2 * * MON",
        Tz::UTC,
        noon,
        &["2026-11-23T02:00:00Z", "2026-11-30T02:00:00Z"],
    );
    check(
        "0 */30 * * * *",
        Tz::UTC,
        noon,
        &["2026-11-21T12:30:00Z", "2026-11-21T13:00:00Z"],
    );
}

#[test]
fn five_fields_are_those_of_crontab() {
    // 2026-11-21 is a Saturday.
    let noon = "2026-11-21T12:00:00Z";
    check("*/15 * * * *", Tz::UTC, noon, &["2026-11-21T12:15:00Z"]);
    check("0 2 * * 1-5", Tz::UTC, noon, &["2026-11-23T02:00:00Z"]);
    check(
        "0 2 * * 0",
        Tz::UTC,
        noon,
        &["2026-11-22T02:00:00Z", "2026-11-29T02:00:00Z"],
    );
    check("0 2 * * 7", Tz::UTC, noon, &["2026-11-22T02:00:00Z"]);
    check(
        "0 2 * * 5-7",
        Tz::UTC,
        noon,
        &["2026-11-22T02:00:00Z", "2026-11-27T02:00:00Z"],
    );
    check(
        "0 2 * * FRI-MON",
        Tz::UTC,
        noon,
        &[
            "2026-11-22T02:00:00Z",
            "2026-11-23T02:00:00Z",
            "2026-11-27T02:00:00Z",
        ],
    );
    check(
        "0 2 1 * mon",
        Tz::UTC,
        noon,
        &[
            "2026-11-23T02:00:00Z",
            "2026-11-30T02:00:00Z",
            "2026-12-01T02:00:00Z",
        ],
    );
}

#[test]
fn with_seconds_one_is_sunday_and_both_days_have_to_fit() {
    let noon = "2026-11-21T12:00:00Z";
    check("0 0 2 * * 1", Tz::UTC, noon, &["2026-11-22T02:00:00Z"]);
    check("0 0 2 * * 1-5", Tz::UTC, noon, &["2026-11-22T02:00:00Z"]);
    check("0 0 2 1 * MON", Tz::UTC, noon, &["2027-02-01T02:00:00Z"]);
    check("0 0 2 ? * Monday", Tz::UTC, noon, &["2026-11-23T02:00:00Z"]);
    check(
        "0 0 0 29 2 ? 2028",
        Tz::UTC,
        noon,
        &["2028-02-29T00:00:00Z"],
    );
}

#[test]
fn names_stand_for_expressions() {
    let noon = "2026-11-21T12:00:00Z";
    check("@hourly", Tz::UTC, noon, &["2026-11-21T13:00:00Z"]);
    check("@daily", Tz::UTC, noon, &["2026-11-22T00:00:00Z"]);
    check("@MIDNIGHT", Tz::UTC, noon, &["2026-11-22T00:00:00Z"]);
    check("@weekly", Tz::UTC, noon, &["2026-11-22T00:00:00Z"]);
    check("@monthly", Tz::UTC, noon, &["2026-12-01T00:00:00Z"]);
    check("@yearly", Tz::UTC, noon, &["2027-01-01T00:00:00Z"]);
    check("@annually", Tz::UTC, noon, &["2027-01-01T00:00:00Z"]);
}

/// Berlin's clock goes from 2 to 3 on 2026-03-29, and from 3 back to 2 on 2026-10-25.
#[test]
fn a_time_that_the_clock_skips_or_repeats_counts_once() {
    let (spring, autumn) = ("2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z");
    check(
        "30 2 * * *",
        Europe::Berlin,
        spring,
        &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
    );
    check(
        "0,10,20 2 * * *",
        Europe::Berlin,
        spring,
        &["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"],
    );
    check(
        "30 2 * * *",
        Europe::Berlin,
        autumn,
        &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    );
    check(
        "0 3 * * *",
        Europe::Berlin,
        spring,
        &["2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"],
    );
    // New York's clock went from 2 to 3 on 2026-03-08.
    check(
        "30 2 8 3 *",
        America::New_York,
        "2026-03-01T00:00:00Z",
        &["2026-03-08T07:00:00Z", "2027-03-08T07:30:00Z"],
    );
    // Samoa's clock left out all of 2011-12-30.
    check(
        "0 12 30 12 *",
        Pacific::Apia,
        "2011-12-01T00:00:00Z",
        &["2011-12-30T10:00:00Z"],
    );
}

#[test]
fn what_is_due_each_hour_goes_by_real_time() {
    check(
        "30 * * * *",
        Europe::Berlin,
        "2026-03-29T00:00:00Z",
        &["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"],
    );
    check(
        "*/30 * * * *",
        Europe::Berlin,
        "2026-10-24T23:45:00Z",
        &[
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T02:00:00Z",
        ],
    );
    // Lord Howe's clock is put back by half an hour, from 2:00 to 1:30, on 2026-04-05.
    check(
        "*/20 * * * *",
        Australia::Lord_Howe,
        "2026-04-04T14:30:00Z",
        &[
            "2026-04-04T14:40:00Z",
            "2026-04-04T15:10:00Z",
            "2026-04-04T15:30:00Z",
        ],
    );
    check(
        "45 * * * *",
        Asia::Kathmandu,
        "2026-01-01T00:00:00Z",
        &["2026-01-01T01:00:00Z"],
    );
}

#[track_caller]
fn check_wrong(expression: &str, said: &str) {
    let error = Schedule::cron(expression, Tz::UTC).unwrap_err().to_string();
    assert!(error.contains(said), "{expression:?}: {error}");
}

#[test]
fn a_wrong_expression_says_which_field() {
    check_wrong("", "0 fields");
    check_wrong("* * * *", "4 fields");
    check_wrong("* * * * * * * *", "8 fields");
    check_wrong("60 * * * *", "minute \"60\"");
    check_wrong("0 24 * * *", "hour \"24\"");
    check_wrong("0 0 32 * *", "day of the month \"32\"");
    check_wrong("0 0 1 13 *", "month \"13\"");
    check_wrong("0 0 * * 8", "day of the week \"8\"");
    check_wrong("0 0 0 * * 0", "day of the week \"0\"");
    check_wrong("0 0 * * 5-1", "day of the week \"5-1\"");
    check_wrong("0 0 * * MONT", "day of the week");
    check_wrong("0 0 * * */0", "day of the week");
    check_wrong("0 0 L * *", "day of the month \"L\"");
    check_wrong("0 0 0 1 1 * 1969", "year \"1969\"");
    check_wrong("@reboot", "@daily");
    check_wrong("0 0 30 2 *", "never due");
    check_wrong("0 0 0 29 2 * 2027", "never due");
    check_wrong(&"*".repeat(300), "longer");
}

#[test]
fn numbers_for_days_are_warned_about_where_one_is_sunday() {
    let warnings = |text| Schedule::cron(text, Tz::UTC).unwrap().warnings();
    let warned = warnings("0 0 2 * * 1-5");
    assert!(
        warned[0].contains("1-5") && warned[0].contains("SUN-THU"),
        "{warned:?}"
    );
    assert!(warnings("0 0 2 * * MON-FRI").is_empty());
    assert!(warnings("0 2 * * 1-5").is_empty());
    assert!(warnings("0 2 1 * 1")[0].contains("crontab"));
}

#[test]
fn a_last_run_counts_from_where_it_was() {
    let now = at("2026-11-21T12:00:00Z");
    let hourly = Schedule::interval("1h").unwrap();
    assert_eq!(hourly.next_after(now, None), Some(now));
    let missed = now - TimeDelta::hours(5);
    assert_eq!(
        hourly.next_after(now, Some(missed)),
        Some(missed + TimeDelta::hours(1))
    );
    // A clock that was put back does not delay the next run by as much.
    let future = now + TimeDelta::days(300);
    assert_eq!(
        hourly.next_after(now, Some(future)),
        Some(now + TimeDelta::hours(1))
    );

    let daily = Schedule::cron("@daily", Tz::UTC).unwrap();
    assert_eq!(
        daily.next_after(now, Some(now - TimeDelta::days(3))),
        Some(at("2026-11-19T00:00:00Z"))
    );
    assert_eq!(
        daily.next_after(now, Some(future)),
        Some(at("2026-11-22T00:00:00Z"))
    );
    // It ran at midnight, and then the clock was put back by an hour.
    let before = at("2026-11-20T23:00:01Z");
    assert_eq!(
        daily.next_after(before, Some(at("2026-11-21T00:00:00Z"))),
        Some(at("2026-11-22T00:00:00Z"))
    );
    assert_eq!(Schedule::Manual.next_after(now, None), None);
    let past = Schedule::cron("0 0 0 1 1 * 2020", Tz::UTC).unwrap();
    assert_eq!(past.next_after(now, None), None);
}

#[test]
fn it_is_told_as_it_was_written() {
    assert_eq!(Schedule::Manual.to_string(), "by hand");
    assert_eq!(
        Schedule::interval("90m").unwrap().to_string(),
        "every 1h 30m"
    );
    let cron = Schedule::cron(" 0 2 * * 1-5", Europe::Berlin).unwrap();
    assert_eq!(cron.to_string(), "cron 0 2 * * 1-5 (Europe/Berlin)");
}

fn zones() -> impl Strategy<Value = Tz> {
    (0..chrono_tz::TZ_VARIANTS.len()).prop_map(|index| chrono_tz::TZ_VARIANTS[index])
}

fn times() -> impl Strategy<Value = DateTime<Utc>> {
    // 1971 to 2099
    (31_536_000i64..4_070_908_800).prop_map(|seconds| Utc.timestamp_opt(seconds, 0).unwrap())
}

proptest! {
    /// Whatever the zone does to its clocks, a daily time comes once for each date of the zone.
    #[test]
    fn a_daily_time_comes_once_a_day(
        zone in zones(),
        start in times(),
        (hour, minute) in (0u32..24, 0u32..60),
    ) {
        let schedule = Schedule::cron(&format!("{minute} {hour} * * *"), zone).unwrap();
        let mut last = start;
        let mut expected: Option<NaiveDate> = None;
        for _ in 0..400 {
            let next = schedule.next_after(last, Some(last)).unwrap();
            prop_assert!(next > last);
            let clock = next.with_timezone(&zone).naive_local();
            let meant = clock.date().and_hms_opt(hour, minute, 0).unwrap();
            let exists = zone.from_local_datetime(&meant).earliest().is_some();
            if exists {
                prop_assert_eq!(zone.from_local_datetime(&meant).earliest().unwrap(), next);
                if let Some(date) = expected {
                    prop_assert!(clock.date() <= date, "{} was left out in {}", date, zone);
                }
            } else {
                // Made up for right after the gap: a moment before, the clock showed an earlier time.
                let before = (next - TimeDelta::seconds(1)).with_timezone(&zone).naive_local();
                prop_assert!(clock - before > TimeDelta::seconds(1));
                prop_assert!(before < meant || clock.date() != meant.date());
            }
            expected = clock.date().succ_opt();
            last = next;
        }
    }

    /// What is due every quarter comes every quarter of real time, where zones keep to quarters.
    #[test]
    fn a_quarter_of_an_hour_is_one(zone in zones(), year in 1990i64..2090, day in 0i64..365) {
        let start = Utc.timestamp_opt((year - 1970) * 31_557_600 + day * 86_400, 0).unwrap();
        let schedule = Schedule::cron("*/15 * * * *", zone).unwrap();
        let mut last = schedule.next_after(start, None).unwrap();
        for _ in 0..200 {
            let next = schedule.next_after(last, Some(last)).unwrap();
            prop_assert!(next > last);
            let gap = next - last;
            let offset = |time: DateTime<Utc>| {
                use chrono::Offset as _;
                zone.offset_from_utc_datetime(&time.naive_utc()).fix().local_minus_utc()
            };
            if offset(last) == offset(next) && offset(last) % 900 == 0 {
                prop_assert_eq!(gap, TimeDelta::minutes(15));
            } else {
                prop_assert!(gap <= TimeDelta::minutes(30), "{} in {}", gap, zone);
            }
            last = next;
        }
    }

    /// Hostile text is an error and never more.
    #[test]
    fn no_text_is_too_much(text in "[-0-9*/,?@ LW#A-Za-z]{0,40}") {
        if let Ok(schedule) = Schedule::cron(&text, Tz::UTC) {
            let now = at("2026-11-21T12:00:00Z");
            if let Some(next) = schedule.next_after(now, None) {
                prop_assert!(next > now);
            }
        }
        drop(Schedule::interval(&text));
    }

    #[test]
    fn fields_of_any_shape_are_read(
        fields in proptest::collection::vec("[0-9]{1,2}(-[0-9]{1,2})?(/[0-9]{1,2})?|\\*(/[0-9]{1,2})?", 5..8)
    ) {
        let text = fields.join(" ");
        if let Ok(schedule) = Schedule::cron(&text, Tz::UTC) {
            let now = at("2026-11-21T12:00:00Z");
            if let Some(next) = schedule.next_after(now, None) {
                prop_assert!(next > now);
            }
        }
    }

    #[test]
    fn jitter_is_at_most_a_tenth(seconds in 1u64..1_000_000, seed: u64) {
        let interval = Duration::from_secs(seconds);
        let jitter = jitter(interval, seed);
        prop_assert!(jitter <= interval / 10 && jitter < Duration::from_secs(1));
    }
}
