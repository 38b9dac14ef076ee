//! `syft-notify status`.

pub(crate) mod report;

use std::time::SystemTime;

use serde_json::{Value, json};
use syft_monitor::config::Config;
use syft_state::{
    Timestamp,
    ledger::{Ledger, State},
};
use syft_transport::Promise;

use self::report::LastLook;
use crate::{
    args::DataArgs,
    exit::{Exit, Failure, Outcome},
    session,
    term::{self, BAD, BOLD, GOOD, WARN, count, paint},
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

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
    match Ledger::read(&config.state_path) {
        Ok(state) => Ok(Some(state)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn run(args: &DataArgs) -> Outcome {
    let config = session::load(&args.config)?;
    let look = report::read(&config)?;
    let is_running = report::is_running(&config);
    let state = state(&config)?;
    if args.json {
        term::json(&as_json(&config, look.as_ref(), is_running, state.as_ref()));
    } else {
        tell(&config, look.as_ref(), is_running);
        tell_mails(state.as_ref());
        if let Some(error) = look.as_ref().and_then(|look| look.error.as_ref()) {
            field(&paint(WARN, "Trouble     "), error);
        }
        if !is_running {
            term::out("\nNext: syft-notify run");
        }
    }
    if is_running {
        Ok(())
    } else {
        Err(Failure::silent(Exit::NotRunning))
    }
}

fn as_json(
    config: &Config,
    look: Option<&LastLook>,
    is_running: bool,
    state: Option<&State>,
) -> Value {
    let own = state.map(State::own);
    json!({
        "running": is_running,
        "config": config.file,
        "do_email": config.do_email,
        "backend": config.backend.to_string(),
        "last": look,
        "sent_total": own.map_or(0, |own| own.sent_total),
        "waiting": own.map_or(0, |own| own.outbox.len()),
        "dead": own.map_or(0, |own| own.dead.len()),
        "peers": own.map_or(0, |own| own.peers.len()),
    })
}

fn field(name: &str, value: impl std::fmt::Display) {
    term::out(format_args!("  {name:<12} {value}"));
}

fn tell(config: &Config, look: Option<&LastLook>, is_running: bool) {
    let state = if is_running {
        paint(GOOD, "running")
    } else {
        paint(BAD, "not running")
    };
    term::out(format_args!("{} is {state}", paint(BOLD, "syft-notify")));
    field("Data owner", &config.do_email);
    field("Config", config.file.display());
    field("Backend", &config.backend);
    let Some(look) = look else {
        return field("Last look", "none yet");
    };
    if is_running {
        field(
            "Running",
            format_args!("PID {}, started {}", look.pid, ago(look.started)),
        );
    }
    tell_look(look, is_running);
    if let Some(kind) = look.promise {
        field("Mail", promise(kind));
    }
    if look.looked.is_some() {
        tell_folders(&look.folders);
    }
    tell_quota(&look.usage);
}

fn tell_look(look: &LastLook, is_running: bool) {
    let Some(looked) = look.looked else {
        return field("Last look", "none yet");
    };
    let next = look
        .next
        .filter(|_| is_running)
        .map_or_else(String::new, |next| match next.since(now()).as_secs() {
            0 => ", the next one now".to_owned(),
            seconds => format!(", the next one in {}", span(seconds)),
        });
    field("Last look", format_args!("{}{next}", ago(looked)));
    let looks = usize::try_from(look.looks).unwrap_or(usize::MAX);
    field(
        "So far",
        format_args!("{}, {}", count(looks, "look"), count(look.sent, "mail")),
    );
}

fn ago(time: Timestamp) -> String {
    format!("{} ago", span(now().since(time).as_secs()))
}

fn span(seconds: u64) -> String {
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ => format!("{} d", seconds / DAY),
    }
}

/// T1: folders of an unknown layout look like silence, so their absence is said.
fn tell_folders(folders: &Value) {
    let counts: Vec<String> = folders
        .as_object()
        .into_iter()
        .flatten()
        .map(|(generation, count)| format!("{count} × {generation}"))
        .collect();
    if counts.is_empty() {
        field("Folders", paint(WARN, "none of any known layout"));
    } else {
        field("Folders", counts.join(", "));
    }
}

/// Google counts Drive and Gmail apart, and a person wants to know what it costs.
fn tell_quota(usage: &Value) {
    let of = |api: &str, what: &str| usage[api][what].as_u64();
    let (drive, gmail) = (
        of("drive", "projected_units_per_day"),
        of("gmail", "projected_units_per_day"),
    );
    if drive.is_none() && gmail.is_none() {
        return;
    }
    let (drive, gmail) = (drive.unwrap_or(0), gmail.unwrap_or(0));
    field(
        "Google quota",
        format_args!(
            "{} units a day at this pace (Drive {}, Gmail {})",
            grouped(drive + gmail),
            grouped(drive),
            grouped(gmail)
        ),
    );
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn tell_mails(state: Option<&State>) {
    let Some(own) = state.map(State::own) else {
        return field("Mails", "none yet");
    };
    let (waiting, dead) = (own.outbox.len(), own.dead.len());
    let text = format!(
        "{} sent in all, {waiting} waiting, {dead} given up",
        own.sent_total
    );
    if waiting + dead > 0 {
        field("Mails", paint(WARN, text));
        field("", "see `syft-notify state show`");
    } else {
        field("Mails", text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (400_000_000, "400,000,000"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_span_has_one_unit() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (7199, "1 h"),
            (172_800, "2 d"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
