//! What a look did, in words, in log lines and as JSON.

use serde_json::json;
use syft_monitor::{Event, Round, Scope, config::Config, connect::Links};
use syft_state::ledger::SentRecord;

use crate::{
    commands::status,
    term::{self, BOLD, DIM, GOOD, count, paint},
};

pub(super) fn sent(sent: &SentRecord) {
    term::say(format_args!(
        "{} {} {}",
        paint(GOOD, "✅ Sent"),
        sent.subject,
        paint(DIM, format_args!("to {}", sent.to))
    ));
}

pub(super) fn round(round: &Round, config: &Config) {
    if round.seeded {
        term::say("First look: what is there already is recorded and not mailed.");
        term::say(paint(
            DIM,
            "To be mailed about it, too: move the state file away and add --notify-existing.",
        ));
    }
    if round.complete && round.folders.is_empty() {
        // T1: a daemon that finds no folder of any known layout must say so.
        term::warning(format_args!(
            "no peer has shared a folder of any known layout with {}",
            config.do_email
        ));
    }
    if round.sent.is_empty() && round.failed + round.buried == 0 {
        term::say("Nothing new.");
    }
    if round.waiting + round.dead > 0 {
        term::say(format_args!(
            "Waiting: {}; given up: {}. See `syft-notify queue list`.",
            count(round.waiting, "mail"),
            count(round.dead, "mail")
        ));
    }
}

/// Says what is watched, and how.
pub(super) fn announce(config: &Config, links: &Links, scope: Scope) {
    let is_on = |wanted: bool| {
        if wanted {
            paint(GOOD, "started")
        } else {
            paint(DIM, "off")
        }
    };
    term::say(format_args!("{}", paint(BOLD, "SyftBox notifications")));
    term::say(format_args!("  Data owner   {}", config.do_email));
    term::say(format_args!(
        "  SyftBox      {}",
        config.syftbox_root.display()
    ));
    term::say(format_args!("  Backend      {}", config.backend));
    term::say(format_args!("  Interval     {}", pace(config)));
    term::say(format_args!(
        "  Jobs         {}",
        is_on(scope != Scope::Peers)
    ));
    term::say(format_args!(
        "  Peers        {}",
        is_on(scope != Scope::Jobs)
    ));
    term::say(format_args!(
        "  Mail         {}",
        status::promise(links.mailer.promise())
    ));
    term::say(paint(DIM, "Press Ctrl+C to stop."));
}

fn pace(config: &Config) -> String {
    let (shortest, longest) = (
        config.interval.as_secs_f64(),
        config.interval_max.as_secs_f64(),
    );
    if longest > shortest {
        format!("{shortest} s after activity, up to {longest} s when quiet")
    } else {
        format!("{shortest} s")
    }
}

/// Writes what a look did into the log.
pub(super) fn log(round: &Round) {
    if round.seeded {
        tracing::info!("first look: what is there already is recorded and not mailed");
    }
    for event in &round.events {
        tracing::info!("📧 {}", describe(event));
    }
    for trouble in &round.trouble {
        tracing::warn!("⚠️  {trouble}; the next look tries again");
    }
    tracing::debug!(
        "looked: {} opened, {} sent, {} waiting, {} dead",
        round.opened,
        round.sent.len(),
        round.waiting,
        round.dead
    );
}

fn describe(event: &Event) -> String {
    match event {
        Event::JobSubmitted { job, .. } => format!("new job {:?} from {}", job.job, job.ds),
        Event::EncryptedSubmission { ds, .. } => format!("encrypted submission from {ds}"),
        Event::UnreadableSubmission { ds, reason, .. } => {
            format!("unreadable submission from {ds}: {reason}")
        }
        Event::JobApproved { job } => format!("job {:?} of {} approved", job.job, job.ds),
        Event::JobExecuted { job } => format!("job {:?} of {} executed", job.job, job.ds),
        Event::JobFailed { job, .. } => format!("job {:?} of {} failed", job.job, job.ds),
        Event::JobRejected { job, .. } => format!("job {:?} of {} rejected", job.job, job.ds),
        Event::PeerRequested { ds } => format!("peer request from {ds}"),
        Event::PeerGranted { ds } => format!("peer {ds} granted"),
        other => format!("{other:?}"),
    }
}

/// Returns a look as scripts read it.
pub(crate) fn as_json(round: &Round) -> serde_json::Value {
    json!({
        "at": round.at,
        "complete": round.complete,
        "seeded": round.seeded,
        "opened": round.opened,
        "events": round.events,
        "sent": round.sent,
        "posted": round.posted,
        "failed": round.failed,
        "buried": round.buried,
        "waiting": round.waiting,
        "held": round.held,
        "quiet_until": round.quiet_until,
        "dead": round.dead,
        "folders": round.folders,
        "remarks": round.remarks,
        "trouble": round.trouble.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
