//! `syft-notify state`.

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde_json::json;
use syft_state::{
    Email, Timestamp,
    ledger::{Ledger, NoticeRecord, Op, State},
};

use super::status;
use crate::{
    args::{ConfirmArgs, DataArgs, ResetArgs, ResetWhat, StateCommand},
    exit::{Failure, Outcome},
    journal::one_line,
    prompt, session,
    term::{self, BAD, BOLD, DIM, GOOD, WARN, count, paint},
};

/// How long a running monitor may work on its mails before a reset gives up waiting.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) async fn run(command: StateCommand) -> Outcome {
    match command {
        StateCommand::Show(args) => show(&args),
        StateCommand::Reset(args) => prompt::interruptible(reset(args)).await,
        StateCommand::Restore(args) => prompt::interruptible(restore(args)).await,
    }
}

fn show(args: &DataArgs) -> Outcome {
    let config = session::load(&args.config)?;
    let Some(state) = status::state(&config)? else {
        return show_nothing(args, &config.state_path);
    };
    if args.json {
        term::json(&as_json(&state));
        return Ok(());
    }
    let own = state.own();
    term::out(format_args!("{}", paint(BOLD, config.state_path.display())));
    term::out(format_args!(
        "  {} sent, {} waiting, {} given up",
        count(
            usize::try_from(own.sent_total).unwrap_or(usize::MAX),
            "mail"
        ),
        own.waiting().count(),
        own.given_up().count()
    ));
    let peers: Vec<String> = own
        .peers
        .values()
        .map(|peer| peer.email.to_string())
        .collect();
    term::out(format_args!(
        "  {}: {}",
        count(peers.len(), "peer"),
        if peers.is_empty() {
            "none yet".to_owned()
        } else {
            peers.join(", ")
        }
    ));
    show_notices("Waiting", own.waiting(), &paint(WARN, "waits"));
    show_notices("Given up", own.given_up(), &paint(BAD, "given up"));
    if !own.outbox.is_empty() || !own.dead.is_empty() {
        term::out("\nMore about these: syft-notify queue list");
    }
    if !own.last_sent.is_empty() {
        term::out(format_args!("\n{}", paint(BOLD, "Sent last")));
    }
    for sent in own.last_sent.iter().rev().take(10) {
        term::out(format_args!(
            "  {} {} {} {}",
            paint(DIM, sent.at.to_utc().format("%Y-%m-%d %H:%M")),
            paint(GOOD, "✅"),
            one_line(&sent.subject),
            paint(DIM, format_args!("to {}", sent.to))
        ));
    }
    Ok(())
}

/// Nothing on record is no error; nothing was mailed yet.
fn show_nothing(args: &DataArgs, path: &Path) -> Outcome {
    if args.json {
        term::json(&as_json(&State::default()));
    } else {
        term::out(format_args!("{}", paint(BOLD, path.display())));
        term::out("  does not exist yet: the first look makes it (syft-notify start)");
    }
    Ok(())
}

fn show_notices<'a>(
    title: &str,
    notices: impl Iterator<Item = (&'a str, &'a NoticeRecord)>,
    word: &str,
) {
    let mut notices = notices.peekable();
    if notices.peek().is_none() {
        return;
    }
    term::out(format_args!("\n{}", paint(BOLD, title)));
    for (id, notice) in notices {
        term::out(format_args!(
            "  {word} {id} to {}, since {}",
            notice.to, notice.created
        ));
        let tries = notice.attempts.max(1);
        if let Some(error) = &notice.last_error {
            term::out(format_args!(
                "      after {}: {}",
                if tries == 1 {
                    "1 try".to_owned()
                } else {
                    format!("{tries} tries")
                },
                one_line(error)
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

async fn reset(args: ResetArgs) -> Outcome {
    let config = session::load(&args.confirm.config)?;
    let state = status::state(&config)?.unwrap_or_default();
    let found = entries(&reset_ops(&state, &args.what));
    if found == 0 {
        return nothing_to_reset(&state, &args.what);
    }
    let found = entry_count(found);
    let question = format!("Forget {found}? What they stand for is mailed again at the next look.");
    confirm(args.confirm.yes, question).await?;
    // A monitor may have gone on while the person thought.
    let mut ledger = Ledger::open(&config.state_path)?;
    wait_for(&mut ledger).await?;
    let mut session = ledger.session()?;
    let ops = reset_ops(session.state(), &args.what);
    session.commit(&ops)?;
    term::say(format_args!(
        "{} forgot {}.",
        paint(GOOD, "Done:"),
        entry_count(entries(&ops))
    ));
    Ok(())
}

fn entries(ops: &[Op]) -> usize {
    let is_entry = |op: &&Op| !matches!(op, Op::Reconciled(_));
    ops.iter().filter(is_entry).count()
}

fn entry_count(entries: usize) -> String {
    if entries == 1 {
        "1 entry".to_owned()
    } else {
        format!("{entries} entries")
    }
}

/// A key that is not there may be mistyped; whole groups may well be empty.
fn nothing_to_reset(state: &State, what: &ResetWhat) -> Outcome {
    let Some(key) = &what.key else {
        term::say("Nothing is on record for that.");
        return Ok(());
    };
    let known: Vec<&str> = state.keys_with_prefix("").take(5).collect();
    let hint = if known.is_empty() {
        "nothing is on record yet".to_owned()
    } else {
        format!(
            "keys look like {}; `syft-notify state show --json` lists them all",
            known.join(", ")
        )
    };
    Err(Failure::error(format!("there is no key {key:?} on record")).hint(hint))
}

pub(super) async fn wait_for(ledger: &mut Ledger) -> Outcome {
    let tries = PATIENCE.as_millis() / PAUSE.as_millis();
    for _ in 0..tries {
        if ledger.try_lock()? {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(
        Failure::error("the monitor has been sending mails for 30 seconds")
            .hint("try again in a minute"),
    )
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
    if !ops.is_empty() && !what.peers {
        // The next look at everything then asks for messages of any age.
        ops.push(Op::Reconciled(Timestamp::EPOCH));
    }
    ops
}

async fn restore(args: ConfirmArgs) -> Outcome {
    let config = session::load(&args.config)?;
    let path = &config.state_path;
    // An older copy of an intact file would mail again what was mailed since.
    if Ledger::read(path).is_ok() {
        term::say(format_args!(
            "{} is intact: there is nothing to restore.",
            path.display()
        ));
        return Ok(());
    }
    let question = format!("Put back the last intact copy of {}?", path.display());
    confirm(args.yes, question).await?;
    let aside = Ledger::restore_backup(path).map_err(|error| match error.is_not_found() {
        true => Failure::error(format!("there is no intact copy of {}", path.display()))
            .hint("mend it by hand, or move it away to begin anew: what is there is then recorded and not mailed"),
        false => error.into(),
    })?;
    term::say(format_args!(
        "{} {} is whole again.",
        paint(GOOD, "Done:"),
        path.display()
    ));
    term::say(format_args!(
        "The damaged one is kept as {}.",
        aside.display()
    ));
    Ok(())
}

pub(super) async fn confirm(is_agreed: bool, question: String) -> Outcome {
    if is_agreed {
        return Ok(());
    }
    if !term::is_interactive() {
        return Err(
            Failure::error("this needs a yes, and nobody can be asked here").hint("add --yes"),
        );
    }
    if prompt::asking(move || prompt::confirm(&question)).await? {
        return Ok(());
    }
    Err(Failure::error("nothing was changed"))
}
