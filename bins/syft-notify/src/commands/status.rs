//! `syft-notify status`.

mod facts;
pub(crate) mod report;
mod tell;
mod tokens;
pub(crate) mod words;

use std::time::SystemTime;

use syft_monitor::config::Config;
use syft_state::{
    Timestamp,
    ledger::{Ledger, State},
};
use syft_transport::Promise;

use self::facts::Facts;
use crate::{
    args::DataArgs,
    exit::{Exit, Failure, Outcome},
    term,
};

#[expect(
    clippy::disallowed_methods,
    reason = "the binary is the shell that reads the clock"
)]
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

/// Returns what a mail service promises, in words.
pub(crate) fn promise(promise: Promise) -> &'static str {
    match promise {
        Promise::ExactlyOnce => "exactly once, whatever happens",
        Promise::AtMostOnce => "never twice; an interrupted send is reported to you",
        Promise::AtLeastOnce => "at least once; a repeated one has the same Message-ID",
    }
}

/// Returns the ledger, which does not exist before the first look.
pub(crate) fn state(config: &Config) -> Outcome<Option<State>> {
    read_state(&config.state_path)
}

fn read_state(path: &std::path::Path) -> Outcome<Option<State>> {
    match Ledger::read(path) {
        Ok(state) => Ok(Some(state)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn run(args: &DataArgs) -> Outcome {
    let facts = Facts::gather(&args.config)?;
    if args.json {
        term::json(&facts.as_json());
    } else {
        tell::all(&facts);
    }
    verdict(facts)
}

/// A config that is broken now does not make a monitor less alive that runs with what it was.
fn verdict(facts: Facts) -> Outcome {
    if let Some(failure) = facts.unreadable {
        return Err(failure);
    }
    match (facts.running, facts.config) {
        (Some(_), _) => Ok(()),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(_)) => Err(Failure::silent(Exit::NotRunning)),
    }
}
