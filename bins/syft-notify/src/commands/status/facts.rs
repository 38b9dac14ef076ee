//! Everything that `status` knows, gathered before a word is said.

use std::path::PathBuf;

use serde_json::{Value, json};
use syft_daemon::Ended;
use syft_monitor::config::{Config, ConfigError};
use syft_state::{Timestamp, ledger::State};

use super::{
    read_state,
    report::{self, LastLook},
    tokens::{self, Token},
};
use crate::{
    args::ConfigArg,
    exit::{Failure, Outcome},
    place::{self, Running},
    session, term,
};

const RECENT_LINES: usize = 5;

pub(super) struct Facts {
    pub(super) running: Option<Running>,
    /// The config file really in use, or the one that would be.
    pub(super) file: PathBuf,
    pub(super) config: Result<Config, ConfigError>,
    pub(super) state_path: PathBuf,
    pub(super) look: Option<LastLook>,
    pub(super) state: Option<State>,
    /// How the worker ended last.
    pub(super) ended: Option<Ended>,
    pub(super) tokens: Vec<Token>,
    pub(super) stale_pid: Option<u32>,
    /// The log file; there is none for one that logs to its terminal alone.
    pub(super) log: Option<PathBuf>,
    pub(super) error_log: Option<PathBuf>,
    pub(super) recent: Vec<String>,
    /// Why the record of mails or the report is not known.
    pub(super) unreadable: Option<Failure>,
}

impl Facts {
    pub(super) fn gather(arg: &ConfigArg) -> Outcome<Self> {
        let place = place::find(arg)?;
        let running = place.running()?;
        let stale_pid = place.stale_pid().filter(|_| running.is_none());
        let origin = running.as_ref().and_then(|running| running.origin.as_ref());
        let (file, config, state_path) = match origin {
            // What was started with another config goes on with that.
            Some(origin) if origin.config != place.file => (
                origin.config.clone(),
                Config::load(&origin.config, &session::locations()?),
                origin.state_path.clone(),
            ),
            Some(origin) => (place.file, place.config, origin.state_path.clone()),
            None => (place.file, place.config, place.state_path),
        };
        let mut unreadable = None;
        let look = known(report::read(&state_path), &mut unreadable);
        let state = known(read_state(&state_path), &mut unreadable);
        let ended = known(
            Ended::read(&place.paths).map_err(Failure::from),
            &mut unreadable,
        );
        let log = match origin {
            Some(origin) => origin.log.clone(),
            None => Some(
                config
                    .as_ref()
                    .map_or_else(|_| place.paths.log(), |config| config.log.path.clone()),
            ),
        };
        let recent = log.as_deref();
        let recent = recent.map(|log| term::log::last_lines(log, RECENT_LINES));
        Ok(Self {
            tokens: config
                .as_ref()
                .map(|config| tokens::of(config, look.as_ref()))
                .unwrap_or_default(),
            recent: recent.unwrap_or_default(),
            error_log: log.as_deref().map(syft_daemon::logs::error_log),
            running,
            file,
            config,
            state_path,
            look,
            state,
            ended,
            stale_pid,
            log,
            unreadable,
        })
    }

    /// Returns how often the worker of the one that runs was started again.
    pub(super) fn restarts(&self) -> u64 {
        let crash = self.ended.as_ref().filter(|_| self.running.is_some());
        crash.map_or(0, |ended| ended.restarts + 1)
    }

    pub(super) fn as_json(&self) -> Value {
        let own = self.state.as_ref().map(State::own);
        let holder = self.running.as_ref().map(|running| &running.holder);
        let origin = self
            .running
            .as_ref()
            .and_then(|running| running.origin.as_ref());
        let config = self.config.as_ref().ok();
        let ended = self.ended.as_ref();
        json!({
            "running": self.running.is_some(),
            "pid": holder.map(|holder| holder.pid),
            "since": holder.and_then(|holder| holder.since).map(Timestamp::from),
            "by": origin.map(|origin| &origin.by),
            "options": origin.map(|origin| &origin.options),
            "stale_pid": self.stale_pid,
            "config": self.file,
            "config_error": self.config.as_ref().err().map(ToString::to_string),
            "state": self.state_path,
            "state_error": self.unreadable.as_ref().map(|failure| &failure.message),
            "do_email": config.map(|config| &config.do_email),
            "backend": config.map(|config| config.backend.to_string()),
            "http": config.and_then(|config| config.http),
            "last": self.look,
            "sent_total": own.map_or(0, |own| own.sent_total),
            "waiting": own.map_or(0, |own| own.waiting().count()),
            "dead": own.map_or(0, |own| own.given_up().count()),
            "peers": own.map_or(0, |own| own.peers.len()),
            "tokens": self.tokens,
            "restarts": self.restarts(),
            "last_end": ended.map(|ended| json!({
                "at": ended.when,
                "why": ended.why,
                "code": ended.code,
                "gave_up": ended.gave_up,
            })),
            "log": self.log,
            "error_log": self.error_log,
            "recent": self.recent,
        })
    }
}

/// Keeps the first reason; what else is known is still worth telling.
fn known<T>(outcome: Outcome<Option<T>>, unreadable: &mut Option<Failure>) -> Option<T> {
    outcome.unwrap_or_else(|failure| {
        unreadable.get_or_insert(failure);
        None
    })
}
