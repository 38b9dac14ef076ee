use serde_json::json;

use super::*;
use crate::{Email, Timestamp};

mod any;
mod digests;
mod format;
mod properties;
mod steps;

/// What Python writes (spec of its state file), with a key that nobody knows.
const PYTHON: &str = include_str!("../../tests/golden/python.json");
/// The same after this program has worked with it.
const OURS: &str = include_str!("../../tests/golden/ours.json");

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn mark(key: &str, mark: &str) -> Op {
    Op::Mark {
        key: key.to_owned(),
        mark: mark.to_owned(),
    }
}

fn told(ds: &str, job: &str, event: &str) -> Op {
    Op::Job {
        ds: email(ds),
        job: job.to_owned(),
        event: event.to_owned(),
        record: EventRecord::new(at(7), Some("<a@b>".to_owned())),
    }
}

fn notice(job: &str, event: &str) -> NoticeRecord {
    NoticeRecord {
        state: NoticeState::Staged {
            draft: "r-1".to_owned(),
        },
        attempts: 2,
        retry_at: Some(at(9)),
        last_error: Some("it rained".to_owned()),
        marks: vec![
            ("msg_1".to_owned(), "processed".to_owned()),
            (job.to_owned(), event.to_owned()),
            (job.to_owned(), "second".to_owned()),
        ],
        job: Some(NoticeJob {
            ds: email("ds@x.org"),
            job: job.to_owned(),
            event: event.to_owned(),
        }),
        ..NoticeRecord::new(
            email("do@example.org"),
            "new_job",
            json!({"job": job}),
            "<1@example.org>",
            at(1),
        )
    }
}

fn sent(id: &str) -> Op {
    let record = SentRecord {
        at: at(5),
        to: email("do@example.org"),
        subject: "a subject".to_owned(),
        message_id: "<1@example.org>".to_owned(),
    };
    Op::Sent {
        id: id.to_owned(),
        record,
    }
}

fn state(ops: &[Op]) -> State {
    let mut state = State::default();
    state.apply_all(ops);
    state
}

fn golden() -> State {
    State::from_text(PYTHON.as_bytes()).unwrap()
}
