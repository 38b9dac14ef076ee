//! Turns events into notices: who gets which text, under which lasting identity.

use syft_state::{
    Email, Timestamp,
    ledger::{NoticeJob, NoticeRecord, Op, State},
};
use syft_transport::{FileId, MessageId};

use crate::event::{Event, Template};

/// One mail that an event asks for.
struct Wanted {
    template: Template,
    to: Email,
    /// What Python's program would have written into `notified_jobs` after this mail.
    marks: Vec<(String, String)>,
}

/// Returns the name of a notice in the outbox; the same event always gives the same name.
#[must_use]
pub fn id(template: Template, identity: &str) -> String {
    let hash = blake3::hash(identity.as_bytes()).to_hex();
    format!("{}-{}", template.name(), &hash[..16])
}

/// Returns Python's key of a Drive message.
#[must_use]
pub fn message_key(id: &FileId) -> String {
    format!("msg_{id}")
}

/// Returns all marks that stand for an event that has been told.
#[must_use]
pub fn marks_of(event: &Event) -> Vec<(String, String)> {
    match event {
        Event::PeerRequested { ds } => vec![request_mark(ds), request_sent_mark(ds)],
        Event::PeerGranted { ds } => {
            vec![(format!("peer_granted_{ds}"), "peer_granted".to_owned())]
        }
        Event::EncryptedSubmission { message, .. }
        | Event::UnreadableSubmission { message, .. } => {
            vec![processed_mark(message)]
        }
        Event::JobSubmitted { job, message, .. } => {
            vec![processed_mark(message), (job.job.clone(), "new".to_owned())]
        }
        Event::JobApproved { job } => vec![(job.job.clone(), "approved".to_owned())],
        Event::JobExecuted { job } => vec![(job.job.clone(), "executed".to_owned())],
        // Python knows no failure and would mail success for the same marker file (T18).
        Event::JobFailed { job, .. } => vec![
            (job.job.clone(), "executed".to_owned()),
            (job.job.clone(), "failed".to_owned()),
        ],
        Event::JobRejected { job, .. } => vec![(job.job.clone(), "rejected".to_owned())],
    }
}

fn processed_mark(message: &FileId) -> (String, String) {
    (message_key(message), "processed".to_owned())
}

fn request_mark(ds: &Email) -> (String, String) {
    (
        format!("peer_new_{ds}_to_do"),
        "new_peer_request".to_owned(),
    )
}

fn request_sent_mark(ds: &Email) -> (String, String) {
    (
        format!("peer_new_{ds}_to_ds"),
        "peer_request_sent".to_owned(),
    )
}

fn wanted(event: &Event, me: &Email) -> Vec<Wanted> {
    let one = |template, to: &Email| Wanted {
        template,
        to: to.clone(),
        marks: marks_of(event),
    };
    match event {
        Event::JobSubmitted { .. } => vec![one(Template::NewJob, me)],
        Event::EncryptedSubmission { .. } => vec![one(Template::EncryptedSubmission, me)],
        Event::UnreadableSubmission { .. } => vec![one(Template::UnreadableSubmission, me)],
        Event::JobApproved { job } => vec![one(Template::JobApproved, &job.ds)],
        Event::JobExecuted { job } => vec![one(Template::JobExecuted, &job.ds)],
        Event::JobFailed { job, .. } => vec![one(Template::JobFailed, &job.ds)],
        Event::JobRejected { job, .. } => vec![one(Template::JobRejected, &job.ds)],
        Event::PeerGranted { ds } => vec![one(Template::PeerGranted, ds)],
        Event::PeerRequested { ds } => vec![
            Wanted {
                template: Template::PeerRequest,
                to: me.clone(),
                marks: vec![request_mark(ds)],
            },
            Wanted {
                template: Template::RequestSent,
                to: ds.clone(),
                marks: vec![request_sent_mark(ds)],
            },
        ],
    }
}

/// Returns the claims of an event's notices, without those that are told or under way.
#[must_use]
pub fn claims(event: &Event, state: &State, me: &Email, now: Timestamp) -> Vec<Op> {
    let identity = event.identity();
    let mut ops = Vec::new();
    for wanted in wanted(event, me) {
        let id = id(wanted.template, &identity);
        let is_under_way =
            state.own().outbox.contains_key(&id) || state.own().dead.contains_key(&id);
        let is_told_peer = event.is_of_peer() && is_all_marked(state, &wanted.marks);
        if !is_under_way && !is_told_peer {
            ops.push(Op::PutNotice {
                record: record(&id, event, wanted, me, now),
                id,
            });
        }
    }
    ops
}

fn is_all_marked(state: &State, marks: &[(String, String)]) -> bool {
    marks.iter().all(|(key, mark)| state.is_marked(key, mark))
}

fn record(id: &str, event: &Event, wanted: Wanted, me: &Email, now: Timestamp) -> NoticeRecord {
    let job = event
        .job()
        .zip(event.job_event())
        .map(|(key, name)| NoticeJob {
            ds: key.ds.clone(),
            job: key.job.clone(),
            event: name.to_owned(),
        });
    let payload = serde_json::to_value(event).expect("an event is plain data");
    NoticeRecord {
        marks: wanted.marks,
        job,
        ..NoticeRecord::new(
            wanted.to,
            wanted.template.name(),
            payload,
            message_id(id, me, now).as_str(),
            now,
        )
    }
}

/// The moment of the claim makes a mail that is asked for again after a reset a new mail.
fn message_id(id: &str, me: &Email, now: Timestamp) -> MessageId {
    let text = format!("{}\n{id}\n{}", me.key(), now.as_micros());
    let hash = blake3::hash(text.as_bytes()).to_hex();
    MessageId::new(&format!("syft.{}", &hash[..32]), me)
}
