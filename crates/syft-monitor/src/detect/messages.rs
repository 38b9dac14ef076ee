//! Messages: new jobs, and submissions that nobody but the data owner's client can open.

use std::collections::BTreeSet;

use syft_state::ledger::State;

use super::{Circumstances, Detected, FirstLook, Observation, is_under_way, mark};
use crate::{
    event::{Event, Template},
    fetch::{Content, Opened},
    notice::message_key,
    proposal::Submission,
    sight::SeenMessage,
};

const PROCESSED: &str = "processed";

/// Returns the messages that are worth opening: those not on record and whose mail does not
/// wait already, or every look while mail is down would download all of them again.
#[must_use]
pub(crate) fn worth_opening(
    state: &State,
    messages: &[SeenMessage],
    first: FirstLook,
) -> Vec<SeenMessage> {
    let is_news = |message: &&SeenMessage| !is_old(message, first) && !is_known(state, message);
    let mut news: Vec<_> = messages.iter().filter(is_news).cloned().collect();
    if !news.is_empty() {
        let claimed = claimed(state);
        news.retain(|message| !claimed.contains(message_key(&message.id).as_str()));
    }
    news
}

/// Returns the keys of the messages whose mails wait or were given up.
fn claimed(state: &State) -> BTreeSet<&str> {
    let own = state.own();
    let records = own.outbox.values().chain(own.dead.values());
    let marks = records.flat_map(|record| &record.marks);
    let processed = marks.filter(|(_, mark)| mark == PROCESSED);
    processed.map(|(key, _)| key.as_str()).collect()
}

/// T27: an archived message counts like one in the inbox, unless it was there before the first look.
fn is_old(message: &SeenMessage, first: FirstLook) -> bool {
    match first {
        FirstLook::Over => false,
        FirstLook::Seed => true,
        FirstLook::Import => message.archived,
    }
}

fn is_known(state: &State, message: &SeenMessage) -> bool {
    state.is_marked(&message_key(&message.id), PROCESSED)
}

pub(super) fn detect(
    state: &State,
    seen: &Observation,
    when: &Circumstances<'_>,
    detected: &mut Detected,
) {
    if let Some(sight) = &seen.sight {
        let old = sight
            .messages
            .iter()
            .filter(|message| is_old(message, when.first));
        let unrecorded = old.filter(|message| !is_known(state, message));
        detected
            .ops
            .extend(unrecorded.map(|message| mark(message_key(&message.id), PROCESSED)));
    }
    for opened in &seen.opened {
        detect_one(state, opened, detected);
    }
}

fn detect_one(state: &State, opened: &Opened, detected: &mut Detected) {
    let Opened { message, content } = opened;
    match content {
        Err(error) => {
            // T20: a failed read must stay visible.
            detected.unopened.insert(message.id.clone());
            detected.remarks.push(format!(
                "message {} of {} could not be read and will be tried again: {error}",
                message.name.as_str().escape_debug(),
                message.peer
            ));
        }
        Ok(Content::Jobs(jobs)) if jobs.is_empty() => {
            detected.ops.push(mark(message_key(&message.id), PROCESSED));
        }
        Ok(Content::Jobs(jobs)) => {
            for submission in jobs {
                detect_job(state, message, submission, detected);
            }
        }
        Ok(Content::Encrypted) => {
            push(
                state,
                detected,
                Template::EncryptedSubmission,
                Event::EncryptedSubmission {
                    ds: message.peer.clone(),
                    message: message.id.clone(),
                },
            );
        }
        Ok(Content::Unreadable(reason)) => {
            push(
                state,
                detected,
                Template::UnreadableSubmission,
                Event::UnreadableSubmission {
                    ds: message.peer.clone(),
                    message: message.id.clone(),
                    reason: reason.clone(),
                },
            );
        }
    }
}

fn detect_job(
    state: &State,
    message: &SeenMessage,
    submission: &Submission,
    detected: &mut Detected,
) {
    if let Some(claimed) = &submission.claimed {
        detected.remarks.push(format!(
            "message {} of {} claims to come from {:?}: the owner of the folder counts (T9)",
            message.id, message.peer, claimed
        ));
    }
    let event = Event::JobSubmitted {
        job: submission.key.clone(),
        message: message.id.clone(),
        details: submission.details.clone(),
    };
    push(state, detected, Template::NewJob, event);
}

fn push(state: &State, detected: &mut Detected, template: Template, event: Event) {
    if !is_under_way(state, template, &event.identity()) {
        detected.events.push(event);
    }
}
