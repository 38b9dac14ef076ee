//! `syft-notify run`.

use std::time::{Duration, Instant};

use serde_json::json;
use syft_monitor::{
    Builder, Error, Event, NotificationMonitor, Round, Scope, Trouble, config::Config,
    connect::Links,
};
use syft_state::ledger::SentRecord;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    args::RunArgs,
    commands::status::{
        self,
        report::{self, Report},
    },
    exit::{Exit, Failure, Outcome, chain},
    session,
    term::{self, BOLD, DIM, GOOD, count, paint},
};

/// How long a step may take after Ctrl+C before it is cut off, which loses and doubles nothing.
const PATIENCE: Duration = Duration::from_millis(1500);

pub(crate) async fn run(args: RunArgs) -> Outcome {
    let scope = scope(&args)?;
    let mut config = session::load(&args.watch.config)?;
    // As in Python, zero means "what the config says".
    if let Some(seconds) = args.watch.interval.filter(|seconds| *seconds > 0) {
        // The config's longest interval counts only if it is one, and not the same as `interval`.
        let is_set = config.interval_max > config.interval;
        config.interval = Duration::from_secs(seconds);
        config.interval_max = if is_set {
            config.interval_max.max(config.interval)
        } else {
            config.interval
        };
    }
    if args.once {
        once(&args, &config, scope).await
    } else {
        watch(&args, config, scope).await
    }
}

fn monitor(builder: Builder, args: &RunArgs, scope: Scope) -> NotificationMonitor {
    let builder = builder.scope(scope);
    if args.watch.notify_existing {
        builder.notify_existing().build()
    } else {
        builder.build()
    }
}

fn scope(args: &RunArgs) -> Outcome<Scope> {
    match (args.watch.jobs_only, args.watch.peers_only) {
        (true, true) => Err(
            Failure::error("--jobs-only and --peers-only exclude each other")
                .hint("leave both out to watch everything"),
        ),
        (true, false) => Ok(Scope::Jobs),
        (false, true) => Ok(Scope::Peers),
        (false, false) => Ok(Scope::Everything),
    }
}

async fn once(args: &RunArgs, config: &Config, scope: Scope) -> Outcome {
    let (builder, links) = session::connect(config).await?;
    // A thousand mails take Google's quota many minutes, in which each is told as it goes.
    let builder = if args.json {
        builder
    } else {
        builder.on_sent(tell_sent)
    };
    let mut monitor = monitor(builder, args, scope);
    if !args.json {
        term::say(format_args!(
            "Looking once for {} …",
            paint(BOLD, &config.do_email)
        ));
    }
    let began = Instant::now();
    let outcome = monitor.run_once().await;
    // The report belongs to the one who goes on watching.
    if !report::is_running(config) {
        let mut report = Report::new(config);
        report.connected(&links);
        report.looked(&outcome, None);
    }
    let round = outcome?;
    if args.json {
        term::out(as_json(&round));
    } else {
        tell(&round, config);
        term::say(paint(
            DIM,
            format_args!("Done in {:.1} s.", began.elapsed().as_secs_f64()),
        ));
    }
    verdict(&round)
}

/// Turns what a round could not do into the exit code; the messages were logged already.
fn verdict(round: &Round) -> Outcome {
    if let Some(trouble) = round.trouble.first() {
        let failure = match trouble.error() {
            syft_transport::Error::Unauthenticated { .. } => Exit::LoginNeeded,
            _ => Exit::Unavailable,
        };
        let cause = chain(trouble.error());
        let what = match trouble {
            Trouble::Mail(_) => "no mail can be sent",
            _ => "Drive could not be looked at",
        };
        return Err(Failure::new(failure, format!("{what}: {cause}")));
    }
    if round.buried > 0 {
        return Err(Failure::new(
            Exit::DeadLetters,
            format!("given up: {}", count(round.buried, "mail")),
        )
        .hint("syft-notify state show"));
    }
    if round.failed > 0 {
        return Err(Failure::new(
            Exit::Unavailable,
            format!("could not be sent yet: {}", count(round.failed, "mail")),
        )
        .hint("they wait in the outbox: run again later"));
    }
    Ok(())
}

fn tell_sent(sent: &SentRecord) {
    term::say(format_args!(
        "{} {} {}",
        paint(GOOD, "✅ Sent"),
        sent.subject,
        paint(DIM, format_args!("to {}", sent.to))
    ));
}

fn tell(round: &Round, config: &Config) {
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
            "Waiting: {}; given up: {}. See `syft-notify state show`.",
            count(round.waiting, "mail"),
            count(round.dead, "mail")
        ));
    }
}

async fn watch(args: &RunArgs, config: Config, scope: Scope) -> Outcome {
    let _alone = report::watch_alone(&config).await?;
    // A damaged record is not waited for: nobody is mending it before the first look.
    status::state(&config)?;
    let mut report = Report::new(&config);
    let mut interrupts = Interrupts::listen()?;
    let connecting = session::connect_patiently(&config, |error, wait| {
        tracing::warn!("⚠️  {error}; trying again in {} s", wait.as_secs());
        report.waiting(error, wait);
    });
    let (builder, links) = tokio::select! {
        links = connecting => links?,
        () = interrupts.next() => {
            tracing::info!("stopped");
            return Ok(());
        }
    };
    report.connected(&links);
    announce(&config, &links, scope, args.json);
    let mut monitor = monitor(builder, args, scope);
    let (fatal, mut ended) = tokio::sync::mpsc::channel(1);
    let is_json = args.json;
    let mut failures_in_a_row = 0;
    monitor.start(Some(Box::new(move |outcome, wait| {
        report.looked(outcome, Some(wait));
        match outcome {
            Ok(round) => {
                failures_in_a_row = 0;
                log(round);
                if is_json {
                    term::out(as_json(round));
                }
            }
            Err(error) => {
                failures_in_a_row += 1;
                tracing::error!("{}", chain(error));
                // A state file that somebody is just writing is whole again at the next look.
                if failures_in_a_row >= 3 || !may_pass(error) {
                    // A full channel holds an earlier reason, which is as good.
                    drop(fatal.try_send(Failure::from(error)));
                }
            }
        }
    })))?;
    let stopped = tokio::select! {
        () = interrupts.next() => None,
        failure = ended.recv() => failure,
    };
    let _cut_off = tokio::time::timeout(PATIENCE, monitor.stop()).await;
    match stopped {
        None => {
            tracing::info!("stopped");
            Ok(())
        }
        Some(failure) => Err(failure),
    }
}

fn may_pass(error: &Error) -> bool {
    matches!(error, Error::Ledger(_) | Error::Locked { .. })
}

/// Ctrl+C and SIGTERM, which are heard from the start, so that none is lost between two waits.
struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    fn listen() -> Outcome<Self> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::error(format!("cannot hear signals: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn announce(config: &Config, links: &Links, scope: Scope, is_json: bool) {
    if is_json {
        return;
    }
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

fn log(round: &Round) {
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

pub(crate) fn as_json(round: &Round) -> serde_json::Value {
    json!({
        "at": round.at,
        "complete": round.complete,
        "seeded": round.seeded,
        "opened": round.opened,
        "events": round.events,
        "sent": round.sent,
        "failed": round.failed,
        "buried": round.buried,
        "waiting": round.waiting,
        "dead": round.dead,
        "folders": round.folders,
        "remarks": round.remarks,
        "trouble": round.trouble.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
