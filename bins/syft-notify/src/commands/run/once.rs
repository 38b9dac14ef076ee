//! `run --once`: one look, and an exit code that says how it went.

use std::time::Instant;

use syft_monitor::{Round, Trouble, config::Config};

use super::{Plan, tell};
use crate::{
    commands::status::report::{self, Report},
    exit::{Exit, Failure, Outcome, chain},
    session,
    term::{self, BOLD, DIM, count, paint},
};

pub(super) async fn run(plan: &Plan, config: &Config, is_json: bool) -> Outcome {
    let (builder, links) = session::connect(config).await?;
    // A thousand mails take Google's quota many minutes, in which each is told as it goes.
    let builder = if is_json {
        builder
    } else {
        builder.on_sent(tell::sent)
    };
    let mut monitor = plan.monitor(builder);
    if !is_json {
        term::say(format_args!(
            "Looking once for {} …",
            paint(BOLD, &config.do_email)
        ));
    }
    let began = Instant::now();
    let outcome = monitor.run_once().await;
    // The report belongs to the one who goes on watching.
    if !report::is_running(config) {
        let report = Report::new(config);
        report.connected(config, &links);
        report.looked(&outcome, None);
    }
    let round = outcome?;
    if is_json {
        term::out(tell::as_json(&round));
    } else {
        tell::round(&round, config);
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
            // Another receiver's secret is no login of ours.
            _ if matches!(trouble, Trouble::Sink(..)) => Exit::Unavailable,
            syft_transport::Error::Unauthenticated { .. } => Exit::LoginNeeded,
            _ => Exit::Unavailable,
        };
        let cause = chain(trouble.error());
        let what = match trouble {
            Trouble::Mail(_) => "no mail can be sent".to_owned(),
            Trouble::Sink(name, _) => format!("{name} cannot be told anything"),
            _ => "Drive could not be looked at".to_owned(),
        };
        return Err(Failure::new(failure, format!("{what}: {cause}")));
    }
    if round.buried > 0 {
        return Err(Failure::new(
            Exit::DeadLetters,
            format!("given up: {}", count(round.buried, "mail")),
        )
        .hint("syft-notify queue list"));
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
