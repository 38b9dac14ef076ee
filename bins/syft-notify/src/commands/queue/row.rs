//! What there is to tell about a mail that is not sent.

use std::time::Duration;

use serde::Serialize;
use syft_monitor::hold::{Held, Holds, Reason};
use syft_state::{
    Timestamp,
    ledger::{NoticeRecord, NoticeState, State},
};

use crate::{journal::one_line, term::count};

/// The mails of a ledger that wait or were given up, oldest first.
#[derive(Debug, Serialize)]
pub(super) struct Queue {
    pub(super) waiting: Vec<Row>,
    pub(super) given_up: Vec<Row>,
}

/// One mail; texts of peers are on one line.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What `retry` and `drop` take.
    pub(super) name: String,
    /// The kind of mail, as `new_job`.
    pub(super) event: String,
    pub(super) to: String,
    /// The webhook that it is for, unless it is a mail.
    pub(super) via: Option<String>,
    /// The job or the peer that it is about.
    pub(super) about: Option<String>,
    /// The mails that it tells as a digest, by their names.
    pub(super) covers: Vec<String>,
    pub(super) since: Timestamp,
    pub(super) age_seconds: u64,
    pub(super) tries: u32,
    /// When it is tried again, if that is still to come.
    pub(super) next_try: Option<Timestamp>,
    /// What keeps it back although it could be sent: `quiet_hours` or `digest`.
    pub(super) held_by: Option<&'static str>,
    pub(super) held_until: Option<Timestamp>,
    pub(super) given_up: bool,
    /// Whether the last try may have sent it after all.
    pub(super) may_have_arrived: bool,
    pub(super) last_error: Option<String>,
}

impl Queue {
    pub(super) fn of(state: &State, holds: &Holds, now: Timestamp) -> Self {
        let (own, held) = (state.own(), holds.at(state, now));
        let waiting = own.waiting();
        let waiting = waiting.map(|(name, record)| Row::of(name, record, now).held(record, &held));
        let given_up = own.given_up().map(|(name, record)| Row {
            given_up: true,
            ..Row::of(name, record, now)
        });
        Self {
            waiting: oldest_first(waiting),
            given_up: oldest_first(given_up),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.given_up.is_empty()
    }
}

fn oldest_first(rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.collect();
    rows.sort_by_key(|row| row.since);
    rows
}

impl Row {
    fn of(name: &str, record: &NoticeRecord, now: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            event: one_line(&record.event),
            to: record.to.to_string(),
            via: record.via.clone(),
            about: about(record),
            covers: record.covers.clone(),
            since: record.created,
            age_seconds: now.since(record.created).as_secs(),
            tries: record.attempts,
            next_try: record.retry_at.filter(|at| *at > now),
            held_by: None,
            held_until: None,
            given_up: false,
            may_have_arrived: record.state == NoticeState::Ambiguous,
            last_error: record.last_error.as_deref().map(one_line),
        }
    }

    fn held(mut self, record: &NoticeRecord, held: &Held<'_>) -> Self {
        if let Some(hold) = held.of(record) {
            self.held_by = Some(match hold.reason {
                Reason::QuietHours => "quiet_hours",
                Reason::Digest => "digest",
            });
            self.held_until = Some(hold.until);
        }
        self
    }

    /// Returns who gets it, in words.
    pub(super) fn receiver(&self) -> String {
        match &self.via {
            Some(webhook) => format!("to webhook {}", one_line(webhook)),
            None => format!("to {}", self.to),
        }
    }

    /// Returns how it stands with the mail, in words.
    pub(super) fn progress(&self, now: Timestamp) -> String {
        let age = format!("{} old", span(now.since(self.since)));
        let tries = match self.tries {
            0 if !self.given_up => "not tried yet".to_owned(),
            0 | 1 => "1 try".to_owned(),
            tries => format!("{tries} tries"),
        };
        let prospect = if self.may_have_arrived {
            ", may have arrived all the same".to_owned()
        } else if self.given_up {
            String::new()
        } else {
            self.prospect(now)
        };
        format!("{age}, {tries}{prospect}")
    }

    fn prospect(&self, now: Timestamp) -> String {
        let goes = |at: Timestamp| span(at.since(now));
        match (self.held_by, self.held_until, self.next_try) {
            (Some("digest"), Some(until), _) => {
                format!(", goes with the digest in {}", goes(until))
            }
            (Some(_), Some(until), _) => format!(", kept by quiet hours for {}", goes(until)),
            (_, _, Some(at)) => format!(", next try in {}", goes(at)),
            _ => ", goes at the next look".to_owned(),
        }
    }
}

/// Returns a length of time in one unit, rounded up.
fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds.div_ceil(60)),
        seconds @ 3600..172_800 => format!("{} h", seconds.div_ceil(3600)),
        seconds => format!("{} d", seconds.div_ceil(86_400)),
    }
}

fn about(record: &NoticeRecord) -> Option<String> {
    if record.is_digest() {
        return Some(count(record.covers.len(), "mail"));
    }
    if let Some(job) = &record.job {
        return Some(one_line(&format!("job {} of {}", job.job, job.ds)));
    }
    record.payload.get("ds")?.as_str().map(one_line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use syft_state::ledger::{Ledger, Op};

    use super::*;

    /// Returns the queue that is shown ten minutes after a mail was claimed.
    fn queue(change: impl FnOnce(&mut NoticeRecord), is_dead: bool) -> Queue {
        let created = Timestamp::from_seconds(1_800_000_000);
        let mut record = NoticeRecord::new(
            "do@example.org".parse().unwrap(),
            "new_job",
            json!({"event": "peer_requested", "ds": "ds@example.org"}),
            "<1@example.org>",
            created,
        );
        change(&mut record);
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&dir.path().join("state.json")).unwrap();
        let mut session = ledger.session().unwrap();
        let id = "a".to_owned();
        let mut ops = vec![Op::PutNotice {
            id: id.clone(),
            record,
        }];
        if is_dead {
            let error = "no\nluck".to_owned();
            ops.push(Op::Bury { id, error });
        }
        session.commit(&ops).unwrap();
        let holds = Holds::none("do@example.org".parse().unwrap());
        Queue::of(
            session.state(),
            &holds,
            created.after(Duration::from_secs(600)),
        )
    }

    /// Returns how it stands with a mail that something keeps back for two hours.
    fn held(by: &'static str) -> String {
        let mut row = queue(|_| {}, false).waiting.remove(0);
        let now = row.since.after(Duration::from_secs(600));
        row.held_by = Some(by);
        row.held_until = Some(now.after(Duration::from_secs(7200)));
        row.progress(now)
    }

    #[test]
    fn what_keeps_a_mail_back() {
        assert_eq!(
            held("digest"),
            "10 min old, not tried yet, goes with the digest in 2 h"
        );
        assert_eq!(
            held("quiet_hours"),
            "10 min old, not tried yet, kept by quiet hours for 2 h"
        );
    }

    #[test]
    fn a_webhook_is_named() {
        let queue = queue(|mail| mail.via = Some("ops".to_owned()), false);
        assert_eq!(queue.waiting[0].receiver(), "to webhook ops");
        let queue = super::tests::queue(|_| {}, false);
        assert_eq!(queue.waiting[0].receiver(), "to do@example.org");
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut NoticeRecord), is_dead: bool, expected: &str) {
        let queue = queue(change, is_dead);
        let row = queue.waiting.first().or(queue.given_up.first()).unwrap();
        let now = row.since.after(Duration::from_secs(600));
        assert_eq!(row.progress(now), expected);
    }

    #[test]
    fn how_it_stands_with_a_mail() {
        let at = |seconds: i64| Some(Timestamp::from_seconds(1_800_000_000 + seconds));
        check(
            |_| {},
            false,
            "10 min old, not tried yet, goes at the next look",
        );
        check(
            |mail| (mail.attempts, mail.retry_at) = (3, at(700)),
            false,
            "10 min old, 3 tries, next try in 2 min",
        );
        check(
            |mail| (mail.attempts, mail.retry_at) = (1, at(500)),
            false,
            "10 min old, 1 try, goes at the next look",
        );
        check(|mail| mail.attempts = 2, true, "10 min old, 2 tries");
        check(
            |mail| mail.state = NoticeState::Ambiguous,
            true,
            "10 min old, 1 try, may have arrived all the same",
        );
    }

    /// T19: what a peer wrote cannot make lines of its own.
    #[test]
    fn t19_a_mail_is_about_something() {
        let job = |mail: &mut NoticeRecord| {
            mail.job = Some(syft_state::ledger::NoticeJob {
                ds: "ds@example.org".parse().unwrap(),
                job: "a\nb".to_owned(),
                event: "new".to_owned(),
            });
        };
        let about = |queue: Queue| queue.waiting[0].about.clone();
        assert_eq!(
            about(queue(job, false)).unwrap(),
            "job a b of ds@example.org"
        );
        assert_eq!(about(queue(|_| {}, false)).unwrap(), "ds@example.org");
        let dead = queue(|_| {}, true);
        assert_eq!(dead.given_up[0].last_error.as_deref(), Some("no luck"));
    }
}
