//! `syft-notify notify-granted`.

use syft_state::Email;

use super::run::tell::as_json;
use crate::{
    args::GrantedArgs,
    exit::{Exit, Failure, Outcome},
    session,
    term::{self, GOOD, paint},
};

pub(crate) async fn run(args: GrantedArgs) -> Outcome {
    let ds: Email = args.email.parse().map_err(Failure::error)?;
    let config = session::load(&args.data.config)?;
    let (builder, _links) = session::connect(&config).await?;
    let mut monitor = builder.build();
    let round = monitor.notify_peer_granted(&ds).await?;
    if args.data.json {
        term::json(&as_json(&round));
    }
    match round.trouble.into_iter().next() {
        Some(trouble) => Err(Failure::new(Exit::Unavailable, trouble)
            .hint("the mail waits: `syft-notify run --once` tries again")),
        None if round.buried > 0 => {
            Err(Failure::new(Exit::DeadLetters, "the mail was refused")
                .hint("syft-notify queue list"))
        }
        None if round.failed > 0 => Err(Failure::new(
            Exit::Unavailable,
            "the mail could not be sent yet",
        )
        .hint("it waits: `syft-notify run --once` tries again")),
        None => {
            if !args.data.json {
                term::say(format_args!(
                    "{} {ds} has been told.",
                    paint(GOOD, "✅ Sent.")
                ));
            }
            Ok(())
        }
    }
}
