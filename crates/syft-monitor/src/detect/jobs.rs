//! Local jobs: approved, executed, failed, rejected.

use syft_state::{
    Email,
    ledger::{EventRecord, NoticeRecord, Op, State},
};

use super::{Circumstances, Detected, FirstLook, Observation, is_under_way, mark};
use crate::{
    event::{Event, JobKey, Template},
    local_jobs::{LocalJob, Reached, Submitter},
    notice::marks_of,
    sight::{Folders, INBOX},
};

pub(super) fn detect(
    state: &State,
    seen: &Observation,
    when: &Circumstances<'_>,
    folders: &Folders,
    detected: &mut Detected,
) {
    for job in &seen.local.jobs {
        match owner_of(state, job, folders) {
            Ok(key) => detect_one(state, seen, job, &key, when, detected),
            Err(Unverified::Nothing) => {}
            Err(Unverified::Because(remark)) => detected.remarks.push(remark),
        }
    }
}

enum Unverified {
    /// There is nothing to tell about this job anyway.
    Nothing,
    /// There would be, but not to whom it says.
    Because(String),
}

/// T9: mail goes only to a verified owner of an inbox, and a file's word is never enough.
fn owner_of(state: &State, job: &LocalJob, folders: &Folders) -> Result<JobKey, Unverified> {
    let (ds, is_claim) = match &job.submitter {
        Submitter::Directory(ds) => (Some(ds), false),
        Submitter::Claimed(ds) => (Some(ds), true),
        Submitter::Unknown => (None, true),
    };
    if job.reached.is_empty() {
        return Err(Unverified::Nothing);
    }
    let announced = if is_claim {
        announced_by(state, &job.job)
    } else {
        None
    };
    let ds = match (announced, ds) {
        (Some(announced), claimed) if claimed.is_none_or(|ds| *ds == announced) => announced,
        (None, Some(ds)) if is_peer(state, folders, ds) => ds.clone(),
        (_, ds) => {
            let who = ds.map_or_else(|| "nobody".to_owned(), Email::to_string);
            return Err(Unverified::Because(format!(
                "job {:?} names {who} as its submitter, who is not a verified peer: no mail is sent",
                job.job
            )));
        }
    };
    // The key of a record is in lower case; people see the address as it was typed (T3).
    let known = state.own().peers.get(&ds.key());
    Ok(JobKey {
        ds: known.map_or(ds, |peer| peer.email.clone()),
        job: job.job.clone(),
    })
}

/// Returns the only data scientist who submitted a job of this name by Drive.
fn announced_by(state: &State, job: &str) -> Option<Email> {
    let [ds] = <[Email; 1]>::try_from(state.submitters(job)).ok()?;
    Some(ds)
}

fn is_peer(state: &State, folders: &Folders, ds: &Email) -> bool {
    state.own().peers.contains_key(&ds.key())
        || folders
            .values()
            .any(|folder| folder.kind == INBOX && folder.peer == *ds)
}

fn detect_one(
    state: &State,
    seen: &Observation,
    job: &LocalJob,
    key: &JobKey,
    when: &Circumstances<'_>,
    detected: &mut Detected,
) {
    let is_old = !when.tell_old && is_from_before(state, job, key, detected);
    // T20: its submission may be what could not be looked at, and the next look knows.
    if is_old && when.first == FirstLook::Over && has_gaps(seen, detected) {
        return;
    }
    for reached in &job.reached {
        let template = template_of(reached);
        let event = reached.clone().into_event(key.clone());
        let name = event.job_event().expect("a job's state is a job's event");
        if has_been_told(state, key, name) || is_under_way(state, template, &key.key()) {
            continue;
        }
        if when.first == FirstLook::Over && !is_old {
            detected.events.push(event);
        } else {
            detected.ops.push(mark(key.job.clone(), "new"));
            detected.ops.extend(
                marks_of(&event)
                    .into_iter()
                    .map(|(key, name)| mark(key, &name)),
            );
            detected.ops.push(Op::Job {
                ds: key.ds.clone(),
                job: key.job.clone(),
                event: name.to_owned(),
                record: EventRecord::new(when.now, None),
            });
        }
    }
}

/// A SyftBox that was missing at the first look may come with jobs of long ago. A job that nobody
/// was told of and that is older than our acquaintance with its submitter is one of those.
fn is_from_before(state: &State, job: &LocalJob, key: &JobKey, detected: &Detected) -> bool {
    let is_new_job = |event: &Event| matches!(event, Event::JobSubmitted { job, .. } if job == key);
    // What goes to a receiver besides the mails may wait long after its mail was sent.
    let is_waiting = |notice: &NoticeRecord| {
        let job = notice.job.as_ref().filter(|_| notice.via.is_none());
        job.is_some_and(|job| job.ds == key.ds && job.job == key.job)
    };
    let own = state.own();
    let is_announced = state.job_has(&key.ds, &key.job, "new")
        || detected.events.iter().any(is_new_job)
        || own.outbox.values().chain(own.dead.values()).any(is_waiting);
    let met = own.peers.get(&key.ds.key()).map(|peer| peer.first_seen);
    !is_announced
        && met
            .zip(job.details.submitted)
            .is_some_and(|(met, submitted)| submitted < met)
}

fn has_gaps(seen: &Observation, detected: &Detected) -> bool {
    seen.sight.is_none() || !detected.unopened.is_empty()
}

fn template_of(reached: &Reached) -> Template {
    match reached {
        Reached::Approved => Template::JobApproved,
        Reached::Executed => Template::JobExecuted,
        Reached::Failed { .. } => Template::JobFailed,
        Reached::Rejected { .. } => Template::JobRejected,
    }
}

fn has_been_told(state: &State, key: &JobKey, event: &str) -> bool {
    let told = state.job_has(&key.ds, &key.job, event);
    // Our own mail about a failure sets Python's `executed` too; a later success is still news.
    let own = state.own().jobs.get(&key.key());
    let own_has = |event| own.is_some_and(|record| record.has(event));
    told && !(event == "executed" && own_has("failed") && !own_has("executed"))
}
