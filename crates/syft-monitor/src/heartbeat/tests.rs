use proptest::{collection::vec, prelude::*};
use syft_state::Email;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

fn me() -> Email {
    "do@example.org".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn holds(quiet: Option<&str>) -> Holds {
    Holds {
        quiet_hours: quiet.map(|hours| hours.parse().unwrap()),
        zone: chrono_tz::UTC.into(),
        ..Holds::none(me())
    }
}

#[track_caller]
fn check(last: Option<&str>, quiet: Option<&str>, now: &str, expected: &Beat) {
    let beat = decide(last.map(at), DAY, &holds(quiet), at(now));
    assert_eq!(beat, *expected);
}

#[test]
fn one_is_due_in_every_period() {
    let first = at("2026-01-10T09:00:00Z");
    check(None, None, "2026-01-10T09:00:00Z", &Beat::Mail(first));
    let last = Some("2026-01-10T09:00:00Z");
    let next = at("2026-01-11T09:00:00Z");
    check(last, None, "2026-01-10T09:00:00Z", &Beat::Wait(next));
    check(last, None, "2026-01-11T08:59:59Z", &Beat::Wait(next));
    check(last, None, "2026-01-11T09:00:29Z", &Beat::Mail(next));
    // After days without power one is due, and the time of day stays.
    let kept = at("2026-01-15T09:00:00Z");
    check(last, None, "2026-01-15T20:00:00Z", &Beat::Mail(kept));
}

#[test]
fn quiet_hours_put_it_off() {
    let night = Some("22:00-07:00");
    let morning = at("2026-01-11T07:00:00Z");
    check(None, night, "2026-01-10T23:00:00Z", &Beat::Wait(morning));
    let last = Some("2026-01-10T03:00:00Z");
    check(last, night, "2026-01-11T02:00:00Z", &Beat::Wait(morning));
    check(last, night, "2026-01-11T04:00:00Z", &Beat::Wait(morning));
    let due = at("2026-01-11T03:00:00Z");
    check(last, night, "2026-01-11T07:00:00Z", &Beat::Mail(due));
}

#[test]
fn a_clock_that_jumps_a_day_brings_neither_a_flood_nor_silence() {
    let last = Some("2026-01-10T09:00:00Z");
    let forward = at("2026-01-11T09:00:00Z");
    check(last, None, "2026-01-11T09:10:00Z", &Beat::Mail(forward));
    // The clock is right again: time is reckoned anew, and a day later the next one is due.
    check(
        Some("2026-01-11T09:00:00Z"),
        None,
        "2026-01-10T09:20:00Z",
        &Beat::Anew,
    );
    let next = at("2026-01-11T09:20:00Z");
    check(
        Some("2026-01-10T09:20:00Z"),
        None,
        "2026-01-10T09:21:00Z",
        &Beat::Wait(next),
    );
}

fn look(state: &mut State, now: Timestamp) -> usize {
    let ops = claim(state, &holds(None), DAY, now, Pulse::default);
    for op in &ops {
        state.apply(op);
    }
    let is_mail = |op: &&Op| matches!(op, Op::PutNotice { .. });
    ops.iter().filter(is_mail).count()
}

fn send_all(state: &mut State) {
    let ids: Vec<String> = state.own().outbox.keys().cloned().collect();
    for id in ids {
        state.apply(&Op::RemoveNotice { id });
    }
}

#[test]
fn one_that_waits_is_enough() {
    let mut state = State::default();
    let start = at("2026-01-10T09:00:00Z");
    assert_eq!(look(&mut state, start), 1);
    assert_eq!(look(&mut state, start.after(3 * DAY)), 0);
    send_all(&mut state);
    assert_eq!(look(&mut state, start.after(3 * DAY)), 1);
    assert_eq!(look(&mut state, start.after(3 * DAY)), 0);
}

#[test]
fn the_pulse_counts_since_the_last_one() {
    let mut state = State::default();
    let start = at("2026-01-10T09:00:00Z");
    look(&mut state, start);
    assert_eq!(state.own().heartbeat, Some(HeartbeatRecord::new(start, 1)));
    let record = syft_state::ledger::SentRecord {
        at: start,
        to: me(),
        subject: "s".to_owned(),
        message_id: "m".to_owned(),
    };
    // Itself and three others.
    for _ in 0..4 {
        let (id, record) = ("x".to_owned(), record.clone());
        state.apply(&Op::Sent { id, record });
    }
    let pulse = Pulse::of(state.own(), &Round::new(start), Some(start), 7);
    assert_eq!((pulse.sent, pulse.sent_total, pulse.looks), (3, 4, 7));
    assert_eq!((pulse.waiting, pulse.dead), (1, 0));
}

proptest! {
    /// Whatever the clock does between looks: every mail beyond one for each jump has its period.
    #[test]
    fn as_many_as_periods_and_jumps(
        steps in vec((1..7200_u64, prop::option::weighted(0.05, -100_000..100_000_i64)), 1..300),
    ) {
        let mut state = State::default();
        let mut now = at("2026-01-10T09:00:00Z");
        let (mut mails, mut elapsed, mut jumps) = (0, Duration::ZERO, 0);
        for (seconds, jump) in steps {
            let passed = Duration::from_secs(seconds);
            (now, elapsed) = (now.after(passed), elapsed + passed);
            if let Some(jump) = jump {
                now = Timestamp::from_seconds(now.as_seconds() + jump);
                jumps += 1;
            }
            mails += look(&mut state, now);
            send_all(&mut state);
        }
        let periods = usize::try_from(elapsed.as_secs() / DAY.as_secs()).unwrap();
        prop_assert!(mails <= periods + 2 + 2 * jumps, "{mails} in {periods} with {jumps}");
        prop_assert!(mails + jumps + 1 >= periods.saturating_sub(jumps), "{mails} in {periods} with {jumps}");
    }
}

#[test]
fn the_hour_of_a_short_period_is_kept() {
    let holds = holds(None);
    let last = at("2026-01-10T09:00:00Z");
    let beat = decide(Some(last), HOUR, &holds, at("2026-01-10T12:30:00Z"));
    assert_eq!(beat, Beat::Mail(at("2026-01-10T12:00:00Z")));
}
