//! How it goes with PocketBase, for those who ask.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use syft_state::Timestamp;

/// How it goes, shared by the tasks.
#[derive(Debug)]
pub(super) struct State {
    /// After so long records count as stale.
    ttl: Duration,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    is_connected: bool,
    connected_since: Option<Timestamp>,
    fetched_at: Option<Timestamp>,
    /// When the copy was made that is in force.
    copy_of: Option<Timestamp>,
    jobs: usize,
    watchers: usize,
    unsent_runs: Option<usize>,
    /// Why the records that were fetched last are not in force.
    refused: Option<String>,
    last_error: Option<(Timestamp, String)>,
}

impl State {
    pub(super) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            now: Mutex::default(),
        }
    }

    pub(super) fn connected(&self, at: Timestamp) {
        let mut now = self.lock();
        now.is_connected = true;
        now.connected_since = Some(at);
        now.last_error = None;
    }

    pub(super) fn lost(&self) {
        self.lock().is_connected = false;
    }

    pub(super) fn fetched(&self, jobs: usize, watchers: usize, at: Timestamp) {
        let mut now = self.lock();
        now.fetched_at = Some(at);
        (now.jobs, now.watchers) = (jobs, watchers);
        now.last_error = None;
    }

    pub(super) fn took_copy(&self, saved_at: Timestamp) {
        self.lock().copy_of = Some(saved_at);
    }

    pub(super) fn applied(&self, outcome: &Result<(), String>) {
        let mut now = self.lock();
        now.refused = outcome.as_ref().err().cloned();
        if outcome.is_ok() && now.fetched_at.is_some() {
            now.copy_of = None;
        }
    }

    pub(super) fn unsent(&self, runs: usize) {
        self.lock().unsent_runs = Some(runs);
    }

    /// Notes an error, and logs it unless it is that of the last time.
    pub(super) fn failed(&self, what: &str, error: &dyn fmt::Display, at: Timestamp) {
        let text = format!("{what}: {error}");
        let mut now = self.lock();
        let is_new = now
            .last_error
            .as_ref()
            .is_none_or(|(_, last)| *last != text);
        if is_new {
            tracing::warn!("PocketBase: {text}");
        }
        now.last_error = Some((at, text));
    }

    pub(super) fn to_json(&self, at: Timestamp) -> Value {
        let now = self.lock();
        let seen = now.copy_of.or(now.fetched_at);
        let is_stale = seen.is_none_or(|seen| at.since(seen) > self.ttl);
        json!({
            "connected": now.is_connected,
            "connected_since": now.connected_since,
            "fetched_at": now.fetched_at,
            "offline_copy_of": now.copy_of,
            "stale": is_stale && !now.is_connected,
            "jobs": now.jobs,
            "watchers": now.watchers,
            "unsent_runs": now.unsent_runs,
            "refused": now.refused,
            "last_error": now.last_error.as_ref().map(|(at, text)| json!({"at": at, "error": text})),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        // No panic can happen while the lock is held.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_is_stale_unless_changes_are_told() {
        let at = Timestamp::from_seconds;
        let state = State::new(Duration::from_secs(300));
        assert_eq!(state.to_json(at(0))["stale"], true);
        state.fetched(1, 0, at(1_000));
        assert_eq!(state.to_json(at(1_300))["stale"], false);
        assert_eq!(state.to_json(at(1_301))["stale"], true);
        state.connected(at(1_200));
        assert_eq!(state.to_json(at(9_000))["stale"], false);
        state.lost();
        assert_eq!(state.to_json(at(9_000))["stale"], true);
    }

    #[test]
    fn a_copy_is_as_old_as_it_is_until_something_else_is_in_force() {
        let at = Timestamp::from_seconds;
        let state = State::new(Duration::from_secs(300));
        state.took_copy(at(10));
        state.applied(&Ok(()));
        assert_eq!(state.to_json(at(10))["offline_copy_of"], json!(at(10)));
        state.fetched(1, 1, at(20));
        state.applied(&Err("no".to_owned()));
        assert_eq!(state.to_json(at(20))["refused"], "no");
        assert_eq!(state.to_json(at(20))["offline_copy_of"], json!(at(10)));
        state.applied(&Ok(()));
        assert_eq!(state.to_json(at(20))["refused"], Value::Null);
        assert_eq!(state.to_json(at(20))["offline_copy_of"], Value::Null);
    }
}
