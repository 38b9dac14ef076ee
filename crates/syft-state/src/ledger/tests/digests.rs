//! Digests, receivers besides the mails, and heartbeats.

use proptest::{collection::vec, option, prelude::*};
use serde_json::Value;

use super::{
    any::{any_event, any_name, any_op},
    *,
};

/// A notice that sets these marks and, with `event`, tells that event of a job.
fn part(key: &str, event: Option<&str>) -> NoticeRecord {
    NoticeRecord {
        marks: vec![(key.to_owned(), "processed".to_owned())],
        job: event.map(|event| NoticeJob {
            ds: email("ds@x.org"),
            job: key.to_owned(),
            event: event.to_owned(),
        }),
        collect: true,
        ..NoticeRecord::new(
            email("do@x.org"),
            "new_job",
            Value::Null,
            "<p@x.org>",
            at(1),
        )
    }
}

fn digest(covers: &[&str]) -> NoticeRecord {
    NoticeRecord {
        covers: covers.iter().map(|id| (*id).to_owned()).collect(),
        ..NoticeRecord::new(email("do@x.org"), "digest", Value::Null, "<d@x.org>", at(2))
    }
}

fn put(id: &str, record: NoticeRecord) -> Op {
    Op::PutNotice {
        id: id.to_owned(),
        record,
    }
}

fn bury(id: &str) -> Op {
    Op::Bury {
        id: id.to_owned(),
        error: "refused".to_owned(),
    }
}

fn revive(id: &str) -> Op {
    Op::Revive { id: id.to_owned() }
}

fn ids<'a>(notices: impl Iterator<Item = (&'a str, &'a NoticeRecord)>) -> Vec<&'a str> {
    notices.map(|(id, _)| id).collect()
}

/// A digest of `one` and `two`, and `three`, which came later.
fn collected() -> State {
    state(&[
        put("one", part("one", Some("new"))),
        put("two", part("two", None)),
        put("three", part("three", None)),
        put("digest", digest(&["one", "two"])),
    ])
}

#[test]
fn a_digest_counts_as_one() {
    let mut state = collected();
    assert_eq!(ids(state.own().waiting()), ["digest", "three"]);
    assert_eq!(state.own().digest_of("one"), Some("digest"));
    assert_eq!(state.own().digest_of("three"), None);
    state.apply(&bury("digest"));
    assert_eq!(ids(state.own().waiting()), ["three"]);
    assert_eq!(ids(state.own().given_up()), ["digest"]);
    assert_eq!(state.own().digest_of("one"), Some("digest"));
    state.apply(&revive("digest"));
    assert_eq!(ids(state.own().waiting()), ["digest", "three"]);
    assert_eq!(state.own().outbox["one"].state, NoticeState::Claimed);
    assert!(state.own().dead.is_empty());
}

#[test]
fn a_digest_that_is_sent_settles_what_it_covers() {
    let mut state = collected();
    state.apply(&sent("digest"));
    assert_eq!(ids(state.own().waiting()), ["three"]);
    assert!(state.is_marked("one", "processed") && state.is_marked("two", "processed"));
    assert!(!state.is_marked("three", "processed"));
    let told = state.own().jobs.get("ds@x.org/one").unwrap();
    let expected = EventRecord::new(at(5), Some("<1@example.org>".to_owned()));
    assert_eq!(told.event("new"), Some(&expected));
    assert_eq!(
        (state.own().sent_total, state.own().last_sent.len()),
        (1, 1)
    );
}

#[test]
fn a_digest_is_dropped_with_what_it_covers() {
    for ops in [&[][..], &[bury("digest")]] {
        let mut state = collected();
        state.apply_all(ops);
        state.apply(&Op::Drop {
            id: "digest".to_owned(),
        });
        assert_eq!(ids(state.own().waiting()), ["three"]);
        assert!(state.own().dead.is_empty() && !state.is_marked("one", "processed"));
    }
}

#[test]
fn a_part_that_goes_its_own_way_leaves_its_digest() {
    let mut state = collected();
    state.apply_all(&[bury("digest"), revive("one")]);
    assert_eq!(ids(state.own().waiting()), ["one", "three"]);
    assert!(!state.own().outbox["one"].collect);
    assert_eq!(ids(state.own().given_up()), ["digest"]);
    state.apply_all(&[sent("one"), revive("digest"), sent("digest")]);
    assert_eq!(ids(state.own().waiting()), ["three"]);
    assert!(state.own().outbox.len() == 1 && state.own().dead.is_empty());
}

#[test]
fn a_receiver_besides_the_mails_settles_nothing() {
    let mut record = part("one", Some("new"));
    record.via = Some("ops".to_owned());
    let mut state = state(&[put("hook", record)]);
    state.apply(&sent("hook"));
    assert!(state.own().outbox.is_empty() && state.own().jobs.is_empty());
    assert!(!state.is_marked("one", "processed"));
    assert_eq!(
        (state.own().sent_total, state.own().last_sent.len()),
        (0, 0)
    );
}

#[test]
fn the_new_keys_are_absent_where_they_say_nothing() {
    let text = state(&[put(
        "n",
        NoticeRecord::new(email("a@x.org"), "e", Value::Null, "<m@x>", at(1)),
    )]);
    let text = text.to_text();
    for key in ["via", "collect", "covers", "heartbeat"] {
        assert!(!text.contains(key), "{text}");
    }
    let record = HeartbeatRecord::new(at(60), 7);
    let mut state = state(&[]);
    state.apply(&Op::Heartbeat(record.clone()));
    let again = State::from_text(state.to_text().as_bytes()).unwrap();
    assert_eq!(again.own().heartbeat, Some(record));
}

/// Ledgers may be written by hand, so digests may cover each other, themselves, or nothing.
#[test]
fn digests_do_not_hide_each_other() {
    let mut state = state(&[
        put("a", digest(&["a", "b", "gone"])),
        put("b", digest(&["a", "part", "part"])),
        put("part", part("one", None)),
    ]);
    assert_eq!(ids(state.own().waiting()), ["a", "b"]);
    assert_eq!(
        (state.own().digest_of("a"), state.own().digest_of("part")),
        (None, Some("b"))
    );
    state.apply(&bury("a"));
    assert_eq!(
        (ids(state.own().waiting()), ids(state.own().given_up())),
        (vec!["b"], vec!["a"])
    );
    state.apply(&sent("b"));
    assert!(state.own().outbox.is_empty() && state.is_marked("one", "processed"));
}

fn any_parts() -> impl Strategy<Value = Vec<NoticeRecord>> {
    vec(
        (
            any_name(),
            option::of(any_event()),
            vec((any_name(), any_event()), 0..3),
        ),
        1..5,
    )
    .prop_map(|parts| {
        let part = |(key, event, marks): (String, Option<String>, Vec<_>)| NoticeRecord {
            marks,
            ..part(&key, event.as_deref())
        };
        parts.into_iter().map(part).collect()
    })
}

proptest! {
    /// However a digest comes to be sent, the marks and events are those of its parts sent one
    /// by one, and it counts as one mail.
    #[test]
    fn one_digest_settles_what_many_mails_would(
        before in vec(any_op(), 0..10),
        parts in any_parts(),
        detours in 0..3_usize,
    ) {
        let mut start = golden();
        start.apply_all(&before);
        let ids: Vec<String> = (0..parts.len()).map(|part| format!("part {part}")).collect();
        for (id, part) in ids.iter().zip(&parts) {
            start.apply(&put(id, part.clone()));
        }
        let mut by_one = start.clone();
        let covers: Vec<&str> = ids.iter().map(String::as_str).collect();
        by_one.apply(&put("the digest", digest(&covers)));
        for _ in 0..detours {
            by_one.apply_all(&[bury("the digest"), revive("the digest")]);
        }
        by_one.apply(&sent("the digest"));
        let mut by_many = start.clone();
        by_many.apply_all(&ids.iter().map(|id| sent(id)).collect::<Vec<_>>());

        prop_assert_eq!(&by_one.marks, &by_many.marks);
        prop_assert_eq!(&by_one.own.jobs, &by_many.own.jobs);
        prop_assert_eq!(&by_one.own.finished, &by_many.own.finished);
        prop_assert_eq!(&by_one.own.outbox, &by_many.own.outbox);
        prop_assert_eq!(&by_one.own.dead, &by_many.own.dead);
        prop_assert_eq!(by_one.own.sent_total, start.own.sent_total.saturating_add(1));
    }
}
