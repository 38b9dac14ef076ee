//! `syft-notify status`, and the report file that a running monitor leaves for it.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use serde_json::json;
use syft_monitor::{Error, Round, config::Config, connect::Links};
use syft_state::{Timestamp, fs, ledger::Ledger};
use syft_transport::Promise;

use crate::{
    args::DataArgs,
    exit::{Exit, Failure, Outcome, chain},
    session,
    term::{self, BAD, BOLD, GOOD, WARN, paint},
};

const REPORT_LIMIT: u64 = 1024 * 1024;
/// A report that is this much overdue was left by a program that was killed.
const GRACE: Duration = Duration::from_secs(120);

/// What the last look of a monitor did.
#[derive(Debug, Serialize, Deserialize)]
struct LastLook {
    pid: u32,
    config: PathBuf,
    started: Timestamp,
    looked: Timestamp,
    next: Option<Timestamp>,
    looks: u64,
    sent: usize,
    promise: Promise,
    error: Option<String>,
    folders: serde_json::Value,
    usage: serde_json::Value,
}

/// Writes the report after every look.
pub(crate) struct Report {
    path: PathBuf,
    config: PathBuf,
    started: Timestamp,
    looks: u64,
    sent: usize,
    promise: Promise,
    folders: serde_json::Value,
    usage: Arc<dyn Fn() -> serde_json::Value + Send + Sync>,
}

impl Report {
    pub(crate) fn new(config: &Config, links: &Links) -> Self {
        Self {
            path: report_path(config),
            config: config.file.clone(),
            started: now(),
            looks: 0,
            sent: 0,
            promise: links.mailer.promise(),
            folders: json!({}),
            usage: Arc::clone(&links.usage),
        }
    }

    pub(crate) fn write(&mut self, outcome: &Result<Round, Error>, wait: Option<Duration>) {
        self.looks += 1;
        let error = match outcome {
            Ok(round) => {
                self.sent += round.sent.len();
                self.folders = json!(round.folders);
                round.trouble.first().map(ToString::to_string)
            }
            Err(error) => Some(chain(error)),
        };
        let look = LastLook {
            pid: std::process::id(),
            config: self.config.clone(),
            started: self.started,
            looked: now(),
            next: wait.map(|wait| now().after(wait)),
            looks: self.looks,
            sent: self.sent,
            promise: self.promise,
            error,
            folders: self.folders.clone(),
            usage: (self.usage)(),
        };
        let text = serde_json::to_vec_pretty(&look).expect("a report is plain data");
        if let Err(error) = fs::write_atomic(&self.path, &text, 0o600) {
            tracing::warn!("{}", chain(&error));
        }
    }
}

/// Takes the report away, so that nobody takes a stopped monitor for a running one.
pub(crate) fn remove(config: &Config) {
    if let Err(error) = std::fs::remove_file(report_path(config)) {
        tracing::debug!("{}: {error}", report_path(config).display());
    }
}

fn report_path(config: &Config) -> PathBuf {
    config.state_path.with_extension("status.json")
}

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
    }
}

pub(crate) fn run(args: &DataArgs) -> Outcome {
    let config = session::load(&args.config)?;
    let look = last_look(&config)?;
    let is_running = look.as_ref().is_some_and(is_alive);
    let state = Ledger::read(&config.state_path)?;
    let own = state.own();
    if args.json {
        term::json(&json!({
            "running": is_running,
            "config": config.file,
            "do_email": config.do_email,
            "backend": config.backend.to_string(),
            "last": look,
            "sent_total": own.sent_total,
            "waiting": own.outbox.len(),
            "dead": own.dead.len(),
            "peers": own.peers.len(),
        }));
    } else {
        tell(&config, look.as_ref(), is_running);
        term::out(format_args!(
            "  Mails sent   {} in all, {} waiting, {} given up",
            own.sent_total,
            own.outbox.len(),
            own.dead.len()
        ));
    }
    if is_running {
        Ok(())
    } else {
        Err(Failure::silent(Exit::NotRunning))
    }
}

fn last_look(config: &Config) -> Outcome<Option<LastLook>> {
    let path = report_path(config);
    if !path.exists() {
        return Ok(None);
    }
    let bytes =
        fs::read_capped(&path, REPORT_LIMIT).map_err(|error| Failure::error(chain(&error)))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        Failure::error(format!("{}: {error}", path.display()))
            .hint("remove the file; the next look writes it anew")
    })
}

fn is_alive(look: &LastLook) -> bool {
    let is_due = look.next.is_some_and(|next| now() <= next.after(GRACE));
    let pid = i32::try_from(look.pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    is_due && pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

fn tell(config: &Config, look: Option<&LastLook>, is_running: bool) {
    let state = if is_running {
        paint(GOOD, "running")
    } else {
        paint(BAD, "not running")
    };
    term::out(format_args!("{} is {state}", paint(BOLD, "syft-notify")));
    term::out(format_args!("  Data owner   {}", config.do_email));
    term::out(format_args!("  Config       {}", config.file.display()));
    term::out(format_args!("  Backend      {}", config.backend));
    let Some(look) = look else {
        term::out("  It has not looked yet: syft-notify run");
        return;
    };
    if is_running {
        term::out(format_args!(
            "  PID          {}, since {}",
            look.pid, look.started
        ));
    }
    term::out(format_args!(
        "  Last look    {}, {} looks, {} mails",
        look.looked, look.looks, look.sent
    ));
    term::out(format_args!("  Mail         {}", promise(look.promise)));
    tell_folders(&look.folders);
    if let Some(units) = look
        .usage
        .get("projected_units_per_day")
        .and_then(serde_json::Value::as_f64)
    {
        term::out(format_args!(
            "  Google quota {units:.0} units a day at this pace"
        ));
    }
    if let Some(error) = &look.error {
        term::out(format_args!("  {} {error}", paint(WARN, "Trouble     ")));
    }
}

/// T1: folders of an unknown layout look like silence, so their absence is said.
fn tell_folders(folders: &serde_json::Value) {
    let counts: Vec<String> = folders
        .as_object()
        .into_iter()
        .flatten()
        .map(|(generation, count)| format!("{count} × {generation}"))
        .collect();
    if counts.is_empty() {
        term::out(format_args!(
            "  Folders      {}",
            paint(WARN, "none of any known layout")
        ));
    } else {
        term::out(format_args!("  Folders      {}", counts.join(", ")));
    }
}
