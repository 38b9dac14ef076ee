use proptest::{prelude::*, sample::select};

use super::*;

fn hours(text: &str) -> QuietHours {
    text.parse().unwrap()
}

fn place(name: &str) -> Zone {
    Zone::Place(name.parse().unwrap())
}

#[track_caller]
fn check(text: &str, zone: &str, now: &str, expected: Option<&str>) {
    let (hours, zone, now) = (hours(text), place(zone), now.parse().unwrap());
    let end = ends(hours, zone, now).map(|end| end.to_string());
    assert_eq!(end.as_deref(), expected);
    assert_eq!(is_quiet(hours, zone, now), expected.is_some());
}

#[test]
fn quiet_time_ends_by_the_clock_on_the_wall() {
    let berlin = "Europe/Berlin";
    // In winter Berlin is an hour ahead.
    check(
        "22:00-07:00",
        berlin,
        "2026-01-10T23:30:00Z",
        Some("2026-01-11T06:00:00Z"),
    );
    check(
        "22:00-07:00",
        berlin,
        "2026-01-10T21:00:00Z",
        Some("2026-01-11T06:00:00Z"),
    );
    check("22:00-07:00", berlin, "2026-01-10T20:59:59.999999Z", None);
    check("22:00-07:00", berlin, "2026-01-11T06:00:00Z", None);
    check(
        "12:00-13:30",
        berlin,
        "2026-07-10T10:00:00Z",
        Some("2026-07-10T11:30:00Z"),
    );
    check(
        "20:00-24:00",
        berlin,
        "2026-07-10T20:00:00Z",
        Some("2026-07-10T22:00:00Z"),
    );
    check(
        "00:00-06:00",
        "Asia/Kolkata",
        "2026-07-10T18:30:00Z",
        Some("2026-07-11T00:30:00Z"),
    );
}

#[test]
fn a_clock_that_is_put_forward_or_back_is_followed() {
    let berlin = "Europe/Berlin";
    // 2026-03-29 01:00 UTC: 02:00 becomes 03:00, so the night is an hour shorter.
    check(
        "22:00-07:00",
        berlin,
        "2026-03-28T22:00:00Z",
        Some("2026-03-29T05:00:00Z"),
    );
    // The end itself does not exist on that day.
    check(
        "22:00-02:30",
        berlin,
        "2026-03-28T22:00:00Z",
        Some("2026-03-29T01:00:00Z"),
    );
    // 2026-10-25 01:00 UTC: 03:00 becomes 02:00, so the night is an hour longer.
    check(
        "22:00-07:00",
        berlin,
        "2026-10-24T22:00:00Z",
        Some("2026-10-25T06:00:00Z"),
    );
    // 02:30 comes twice, and what lies between is no quiet time until the clock is put back.
    check(
        "22:00-02:30",
        berlin,
        "2026-10-24T22:00:00Z",
        Some("2026-10-25T00:30:00Z"),
    );
    check(
        "22:00-02:30",
        berlin,
        "2026-10-25T01:00:00Z",
        Some("2026-10-25T01:30:00Z"),
    );
    // Samoa left out the whole of 2011-12-30.
    check(
        "22:00-07:00",
        "Pacific/Apia",
        "2011-12-30T09:00:00Z",
        Some("2011-12-30T17:00:00Z"),
    );
}

#[test]
fn what_are_no_hours_is_refused() {
    for text in [
        "",
        "22:00",
        "22-7",
        "22:00-22:00",
        "00:00-24:00",
        "25:00-07:00",
        "22:60-07:00",
        "+2:00-07:00",
        "22:00-07:00-08:00",
        "22:00–07:00",
        "١٢:٠٠-07:00",
    ] {
        assert!(text.parse::<QuietHours>().is_err(), "{text:?}");
    }
    assert_eq!(hours(" 22:00 - 07:00 ").to_string(), "22:00-07:00");
    assert_eq!(hours("20:00-24:00").to_string(), "20:00-00:00");
}

fn any_hours() -> impl Strategy<Value = QuietHours> {
    (0..1440u32, 1..1440u32).prop_map(|(begin, length)| {
        let time = |minute: u32| {
            let minute = minute % 1440;
            NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap()
        };
        QuietHours {
            begin: time(begin),
            end: time(begin + length),
        }
    })
}

proptest! {
    /// From 1970 to 2200, in every zone that there is.
    #[test]
    fn the_end_is_the_first_moment_that_is_not_quiet(
        hours in any_hours(),
        zone in select(&chrono_tz::TZ_VARIANTS[..]),
        seconds in 0..7_258_118_400_i64,
        share in 0.0..1.0_f64,
    ) {
        let zone = Zone::Place(zone);
        let now = Timestamp::from_seconds(seconds);
        let Some(end) = ends(hours, zone, now) else {
            prop_assert!(!is_quiet(hours, zone, now));
            return Ok(());
        };
        prop_assert!(is_quiet(hours, zone, now) && !is_quiet(hours, zone, end));
        prop_assert!(end > now && end.since(now).as_secs() < 50 * 3600);
        let between = now.after(end.since(now).mul_f64(share)).min(end.before(std::time::Duration::from_micros(1)));
        prop_assert!(is_quiet(hours, zone, between), "{between}");
    }
}
