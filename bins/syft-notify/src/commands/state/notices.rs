//! Mails that were given up: sent again after all, or taken off the record.

use syft_state::ledger::{EventRecord, Ledger, NoticeRecord, NoticeState, Op, State};

use super::{confirm, wait_for};
use crate::{
    args::NoticeArgs,
    commands::status,
    exit::{Failure, Outcome},
    session,
    term::{self, GOOD, count, paint},
};

pub(crate) async fn retry(args: NoticeArgs) -> Outcome {
    let question = |mails: &str, doubtful: usize| {
        if doubtful == 0 {
            format!("Send {mails} again at the next look?")
        } else {
            format!(
                "Send {mails} again? {doubtful} of them may have arrived already, and would arrive twice."
            )
        }
    };
    change(args, "send again", question, |state, name| {
        state.own().dead.contains_key(name).then(|| {
            vec![Op::Revive {
                id: name.to_owned(),
            }]
        })
    })
    .await
}

pub(crate) async fn drop(args: NoticeArgs) -> Outcome {
    let question = |mails: &str, _| format!("Take {mails} off the record? Nobody will be told.");
    change(args, "drop", question, |state, name| {
        let own = state.own();
        let record = own.dead.get(name).or_else(|| own.outbox.get(name))?;
        Some(drop_ops(name, record))
    })
    .await
}

/// What would be on record had the mail been sent, so that the next look does not claim it anew.
fn drop_ops(name: &str, record: &NoticeRecord) -> Vec<Op> {
    let marks = record.marks.iter().map(|(key, mark)| Op::Mark {
        key: key.clone(),
        mark: mark.clone(),
    });
    let job = record.job.as_ref().map(|job| Op::Job {
        ds: job.ds.clone(),
        job: job.job.clone(),
        event: job.event.clone(),
        record: EventRecord::new(status::now(), None),
    });
    marks
        .chain(job)
        .chain([Op::Drop {
            id: name.to_owned(),
        }])
        .collect()
}

async fn change(
    args: NoticeArgs,
    verb: &str,
    question: impl Fn(&str, usize) -> String,
    ops_of: impl Fn(&State, &str) -> Option<Vec<Op>>,
) -> Outcome {
    let config = session::load(&args.confirm.config)?;
    let state = status::state(&config)?.unwrap_or_default();
    let names = names(&args, &state);
    if names.is_empty() {
        term::say(format_args!(
            "No mail was given up: there is nothing to {verb}."
        ));
        return Ok(());
    }
    for name in &names {
        if ops_of(&state, name).is_none() {
            return Err(
                Failure::error(format!("there is no mail {name:?} to {verb}"))
                    .hint("syft-notify state show"),
            );
        }
    }
    let doubtful = names
        .iter()
        .filter(|name| is_doubtful(&state, name))
        .count();
    confirm(
        args.confirm.yes,
        question(&count(names.len(), "mail"), doubtful),
    )
    .await?;
    // A monitor may have gone on while the person thought.
    let mut ledger = Ledger::open(&config.state_path)?;
    wait_for(&mut ledger).await?;
    let mut session = ledger.session()?;
    let ops: Vec<Op> = names
        .iter()
        .filter_map(|name| ops_of(session.state(), name))
        .flatten()
        .collect();
    session.commit(&ops)?;
    term::say(format_args!(
        "{} {}.",
        paint(GOOD, "Done:"),
        count(names.len(), "mail")
    ));
    Ok(())
}

fn names(args: &NoticeArgs, state: &State) -> Vec<String> {
    if args.all {
        state.own().dead.keys().cloned().collect()
    } else {
        args.names.clone()
    }
}

fn is_doubtful(state: &State, name: &str) -> bool {
    state
        .own()
        .dead
        .get(name)
        .is_some_and(|record| record.state == NoticeState::Ambiguous)
}
