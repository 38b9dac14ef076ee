//! `syft-notify state`.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use syft_state::{
    Email,
    ledger::{Ledger, NoticeRecord, Op, Session, State},
};

use crate::{
    args::{ConfirmArgs, DataArgs, ResetArgs, ResetWhat, StateCommand},
    exit::{Failure, Outcome},
    session,
    term::{self, BAD, BOLD, DIM, GOOD, WARN, paint},
};

/// How long a running monitor may work on its mails before a reset gives up waiting.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) fn run(command: StateCommand) -> Outcome {
    match command {
        StateCommand::Show(args) => show(&args),
        StateCommand::Reset(args) => reset(&args),
        StateCommand::Restore(args) => restore(&args),
    }
}

fn show(args: &DataArgs) -> Outcome {
    let config = session::load(&args.config)?;
    let state = Ledger::read(&config.state_path)?;
    if args.json {
        term::json(&as_json(&state));
        return Ok(());
    }
    let own = state.own();
    term::out(format_args!("{}", paint(BOLD, config.state_path.display())));
    term::out(format_args!(
        "  {} mails sent, {} waiting, {} given up",
        own.sent_total,
        own.outbox.len(),
        own.dead.len()
    ));
    let peers: Vec<String> = own
        .peers
        .values()
        .map(|peer| peer.email.to_string())
        .collect();
    term::out(format_args!(
        "  {} peers: {}",
        peers.len(),
        if peers.is_empty() {
            "none yet".to_owned()
        } else {
            peers.join(", ")
        }
    ));
    show_notices("Waiting", &own.outbox, paint(WARN, "waits"));
    show_notices("Given up", &own.dead, paint(BAD, "given up"));
    if !own.last_sent.is_empty() {
        term::out(format_args!("\n{}", paint(BOLD, "Sent last")));
    }
    for sent in own.last_sent.iter().rev().take(10) {
        term::out(format_args!(
            "  {} {} {} {}",
            paint(DIM, sent.at.to_utc().format("%Y-%m-%d %H:%M")),
            paint(GOOD, "✅"),
            sent.subject,
            paint(DIM, format_args!("to {}", sent.to))
        ));
    }
    Ok(())
}

fn show_notices(title: &str, notices: &BTreeMap<String, NoticeRecord>, word: String) {
    if notices.is_empty() {
        return;
    }
    term::out(format_args!("\n{}", paint(BOLD, title)));
    for (id, notice) in notices {
        term::out(format_args!(
            "  {word} {id} to {}, since {}",
            notice.to, notice.created
        ));
        if let Some(error) = &notice.last_error {
            term::out(format_args!(
                "      after {} tries: {error}",
                notice.attempts.max(1)
            ));
        }
        if let Some(at) = notice.retry_at {
            term::out(format_args!("      next try {at}"));
        }
    }
}

fn as_json(state: &State) -> serde_json::Value {
    let own = state.own();
    let marks: BTreeMap<&str, Vec<&str>> = state
        .keys_with_prefix("")
        .map(|key| (key, state.marks(key).collect()))
        .collect();
    json!({
        "account": own.account,
        "notified_jobs": marks,
        "peer_snapshot": state.peer_snapshot(),
        "peers": own.peers.values().map(|peer| &peer.email).collect::<Vec<_>>(),
        "folders": own.folders,
        "outbox": own.outbox,
        "dead": own.dead,
        "sent_total": own.sent_total,
        "last_sent": own.last_sent,
        "reconciled_at": own.reconciled_at,
    })
}

fn reset(args: &ResetArgs) -> Outcome {
    let config = session::load(&args.confirm.config)?;
    let mut ledger = Ledger::open(&config.state_path)?;
    wait_for(&mut ledger)?;
    let mut session = ledger.session()?;
    let ops = reset_ops(session.state(), &args.what);
    if ops.is_empty() {
        term::say("Nothing is on record for that.");
        return Ok(());
    }
    confirm(
        &args.confirm,
        &format!(
            "Forget {} entries? What they stand for is mailed again at the next look.",
            ops.len()
        ),
    )?;
    commit(&mut session, &ops)?;
    term::say(format_args!(
        "{} {} entries forgotten.",
        paint(GOOD, "Done:"),
        ops.len()
    ));
    Ok(())
}

fn wait_for(ledger: &mut Ledger) -> Outcome {
    let tries = PATIENCE.as_millis() / PAUSE.as_millis();
    for _ in 0..tries {
        if ledger.try_lock()? {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    Err(
        Failure::error("the monitor has been sending mails for 30 seconds")
            .hint("try again in a minute"),
    )
}

fn commit(session: &mut Session<'_>, ops: &[Op]) -> Outcome {
    Ok(session.commit(ops)?)
}

/// What the documented recipe does by hand, as operations.
fn reset_ops(state: &State, what: &ResetWhat) -> Vec<Op> {
    let is_peer = |key: &str| key.starts_with("peer_new_") || key.starts_with("peer_granted_");
    let is_message = |key: &str| key.starts_with("msg_");
    let keys = state.keys_with_prefix("");
    let chosen = keys.filter(|key| match &what.key {
        Some(wanted) => key == wanted,
        None if what.peers => is_peer(key),
        None => !is_peer(key) && !is_message(key),
    });
    let mut ops: Vec<Op> = chosen
        .map(|key| Op::Unmark {
            key: key.to_owned(),
            mark: None,
        })
        .collect();
    if what.peers && state.peer_snapshot().is_some() {
        ops.push(Op::PeerSnapshot(None));
    }
    if what.jobs {
        for key in state.own().jobs.keys() {
            if let Some((ds, job)) = key.split_once('/')
                && let Ok(ds) = ds.parse::<Email>()
            {
                ops.push(Op::ForgetJob {
                    ds,
                    job: job.to_owned(),
                });
            }
        }
        let messages = state.keys_with_prefix("msg_");
        ops.extend(messages.map(|key| Op::Unmark {
            key: key.to_owned(),
            mark: None,
        }));
    }
    ops
}

fn restore(args: &ConfirmArgs) -> Outcome {
    let config = session::load(&args.config)?;
    confirm(
        args,
        &format!(
            "Put back the last intact copy of {}?",
            config.state_path.display()
        ),
    )?;
    Ledger::restore_backup(&config.state_path)?;
    term::say(format_args!(
        "{} {} is whole again.",
        paint(GOOD, "Done:"),
        config.state_path.display()
    ));
    Ok(())
}

fn confirm(args: &ConfirmArgs, question: &str) -> Outcome {
    if args.yes {
        return Ok(());
    }
    if !term::is_interactive() {
        return Err(Failure::error("this needs a confirmation").hint("add --yes"));
    }
    let answer = dialoguer::Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact();
    match answer {
        Ok(true) => Ok(()),
        _ => Err(Failure::error("nothing was changed")),
    }
}
