//! `status` in words.

use serde_json::Value;
use syft_monitor::config::Config;
use syft_state::ledger::State;

use super::{
    facts::Facts,
    now, promise,
    report::LastLook,
    words::{ago, grouped, span},
};
use crate::{
    origin::Origin,
    place::Running,
    term::{self, BAD, DIM, GOOD, WARN, count, paint},
};

pub(super) fn all(facts: &Facts) {
    headline(facts);
    match &facts.config {
        Ok(config) => about_config(config),
        Err(error) => {
            field("Config", facts.file.display());
            field("", paint(WARN, format_args!("cannot be used now: {error}")));
        }
    }
    about_looks(facts);
    about_tokens(facts);
    about_mails(facts.state.as_ref());
    about_trouble(facts);
    about_logs(facts);
    if facts.running.is_none() {
        term::out("\nNext: syft-notify start");
    }
}

fn field(name: &str, value: impl std::fmt::Display) {
    term::out(format_args!("  {name:<12} {value}"));
}

fn headline(facts: &Facts) {
    let Some(Running { holder, origin }) = &facts.running else {
        term::out(paint(BAD, "❌ Daemon is not running"));
        if let Some(pid) = facts.stale_pid {
            let left = format!("names PID {pid}, left over from a crash or a reboot; harmless");
            field("PID file", paint(DIM, left));
        }
        return about_end(facts);
    };
    term::out(paint(
        GOOD,
        format_args!("✅ Daemon is running (PID {})", holder.pid),
    ));
    let since = holder.since.map(|since| ago(since.into()));
    let origin = origin.as_ref();
    field(
        "Started",
        format_args!(
            "{}{}",
            since.unwrap_or_else(|| "some time ago".to_owned()),
            origin.map_or_else(String::new, how)
        ),
    );
    if let Some(options) = origin.map(options).filter(|options| !options.is_empty()) {
        field("Options", options);
    }
}

fn how(origin: &Origin) -> String {
    format!(", {}", origin.by.how())
}

fn options(origin: &Origin) -> String {
    let options = &origin.options;
    let interval = options
        .interval
        .filter(|seconds| *seconds > 0)
        .map(|seconds| format!("--interval {seconds}"));
    let flags = [
        ("--jobs-only", options.jobs_only),
        ("--peers-only", options.peers_only),
        ("--notify-existing", options.notify_existing),
    ];
    let flags = flags.iter().filter(|(_, is_on)| *is_on);
    let words: Vec<String> = interval
        .into_iter()
        .chain(flags.map(|(flag, _)| (*flag).to_owned()))
        .collect();
    words.join(" ")
}

fn about_config(config: &Config) {
    field("Config", config.file.display());
    field("Data owner", &config.do_email);
    field("Backend", &config.backend);
    if let Some(address) = config.http {
        field("Health page", format_args!("http://{address}/health"));
    }
}

fn about_looks(facts: &Facts) {
    let Some(look) = &facts.look else {
        return field("Last look", "none yet");
    };
    let is_running = facts.running.is_some();
    about_look(look, is_running);
    if let Some(kind) = look.promise {
        field("Mail", promise(kind));
    }
    if look.looked.is_some() {
        about_folders(&look.folders);
    }
    about_quota(&look.usage);
}

fn about_look(look: &LastLook, is_running: bool) {
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

/// T1: folders of an unknown layout look like silence, so their absence is said.
fn about_folders(folders: &Value) {
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
fn about_quota(usage: &Value) {
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

fn about_tokens(facts: &Facts) {
    for token in &facts.tokens {
        let name = format!("{} token", token.name);
        if let Some(problem) = &token.problem {
            field(&name, paint(WARN, problem));
            continue;
        }
        let account = token.account.as_deref().unwrap_or("not used yet");
        if token.scopes.is_empty() {
            field(&name, account);
        } else {
            field(
                &name,
                format_args!("{account} ({})", token.scopes.join(", ")),
            );
        }
    }
}

fn about_mails(state: Option<&State>) {
    let Some(own) = state.map(State::own) else {
        return field("Mails", "none yet");
    };
    let (waiting, dead) = (own.waiting().count(), own.given_up().count());
    let text = format!(
        "{} sent in all, {waiting} waiting, {dead} given up",
        own.sent_total
    );
    if waiting + dead > 0 {
        field("Mails", paint(WARN, text));
        field("", "see `syft-notify queue list`");
    } else {
        field("Mails", text);
    }
}

/// Says how a monitor ended that is gone.
fn about_end(facts: &Facts) {
    let Some(ended) = &facts.ended else {
        return;
    };
    let what = if ended.gave_up { "Given up" } else { "Ended" };
    field(
        what,
        paint(BAD, format_args!("{}: {}", ago(ended.when), ended.why)),
    );
}

fn about_trouble(facts: &Facts) {
    if let (Some(_), Some(ended)) = (&facts.running, &facts.ended) {
        let restarts = usize::try_from(facts.restarts()).unwrap_or(usize::MAX);
        field(
            "Restarts",
            paint(
                WARN,
                format_args!(
                    "{}; the last one {}: {}",
                    count(restarts, "time"),
                    ago(ended.when),
                    ended.why
                ),
            ),
        );
    }
    let Some(look) = &facts.look else {
        return;
    };
    if let Some(reload) = &look.reload {
        let at = ago(reload.at);
        match &reload.error {
            None => field("Reload", at),
            Some(error) => field("Reload", paint(WARN, format_args!("failed {at}: {error}"))),
        }
    }
    if let Some(error) = &look.error {
        let since = look
            .error_since
            .map_or_else(String::new, |since| format!("since {}: ", ago(since)));
        field("Trouble", paint(WARN, format_args!("{since}{error}")));
        field("", "see `syft-notify doctor`");
    }
}

fn about_logs(facts: &Facts) {
    match (&facts.log, &facts.error_log) {
        (Some(log), Some(error_log)) => {
            field("Log", log.display());
            field("Error log", error_log.display());
        }
        _ => field("Log", "on its standard error"),
    }
    if facts.recent.is_empty() {
        return;
    }
    term::out("\nLast lines of the log:");
    for line in &facts.recent {
        term::out(paint(DIM, format_args!("  {line}")));
    }
}
