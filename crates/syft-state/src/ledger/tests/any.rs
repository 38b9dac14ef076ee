//! Anything that may happen to a ledger.

use proptest::{collection::vec, option, prelude::*};

use super::*;

pub(super) fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]",
        "peer_new_[aA]@x\\.org_to_do",
        "\\PC{0,6}",
        Just("\u{0}\n\"\\/\u{7f}\u{2028}😀".to_owned())
    ]
}

pub(super) fn any_event() -> impl Strategy<Value = String> {
    prop_oneof!["new|approved|executed|failed", any_name()]
}

pub(super) fn any_email() -> impl Strategy<Value = Email> {
    "[abA]@x\\.org".prop_map(|text| email(&text))
}

fn any_notice() -> impl Strategy<Value = NoticeRecord> {
    let job = option::of((any_email(), any_name(), any_event()));
    (
        any_email(),
        any_name(),
        vec((any_name(), any_event()), 0..3),
        job,
        option::of("[xy]"),
        (any::<bool>(), vec("[a-d]", 0..3)),
    )
        .prop_map(
            |(to, event, marks, job, via, (collect, covers))| NoticeRecord {
                to,
                marks,
                via,
                collect,
                covers,
                job: job.map(|(ds, job, event)| NoticeJob { ds, job, event }),
                ..notice(&event, &event)
            },
        )
}

pub(super) fn any_op() -> impl Strategy<Value = Op> {
    let id = || "[a-d]";
    prop_oneof![
        (any_name(), any_event()).prop_map(|(key, mark)| Op::Mark { key, mark }),
        (any_name(), option::of(any_event())).prop_map(|(key, mark)| Op::Unmark { key, mark }),
        option::of(vec(any_name(), 0..3)).prop_map(Op::PeerSnapshot),
        any_email().prop_map(Op::Account),
        option::of(any_name()).prop_map(Op::Cursor),
        any::<i64>().prop_map(|micros| Op::Reconciled(Timestamp::from_micros(micros))),
        (id(), option::of((any_email(), any_name()))).prop_map(|(id, record)| Op::Folder {
            id,
            record: record.map(|(peer, kind)| FolderRecord::new(peer, kind, "W1")),
        }),
        (any_email(), any::<bool>()).prop_map(|(email, is_known)| Op::Peer {
            record: is_known.then(|| PeerRecord::new(email.clone(), at(3))),
            email,
        }),
        (
            any_email(),
            any_name(),
            any_event(),
            any::<i64>(),
            option::of(any_name())
        )
            .prop_map(|(ds, job, event, micros, message_id)| {
                let record = EventRecord {
                    at: Timestamp::from_micros(micros),
                    message_id,
                };
                Op::Job {
                    ds,
                    job,
                    event,
                    record,
                }
            }),
        (any_email(), any_name()).prop_map(|(ds, job)| Op::ForgetJob { ds, job }),
        (id(), any_notice()).prop_map(|(id, record)| Op::PutNotice { id, record }),
        id().prop_map(|id| Op::RemoveNotice { id }),
        id().prop_map(|id| sent(&id)),
        (id(), any_name()).prop_map(|(id, error)| Op::Bury { id, error }),
        id().prop_map(|id| Op::Revive { id }),
        id().prop_map(|id| Op::Drop { id }),
        (any::<i64>(), any::<u64>()).prop_map(|(micros, sent)| {
            Op::Heartbeat(HeartbeatRecord::new(Timestamp::from_micros(micros), sent))
        }),
    ]
}
