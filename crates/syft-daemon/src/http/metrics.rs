//! What a daemon counts (Prometheus's conventions: base units, `_total`, no names of people).

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::{Registry, Unit},
};

type Labels = [(&'static str, String); 1];
type Time = Gauge<f64, AtomicU64>;

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Everything was seen.
    Complete,
    /// Something could not be seen and is tried again.
    Partial,
    /// Nothing could be seen.
    Failed,
}

impl Look {
    const ALL: [Self; 3] = [Self::Complete, Self::Partial, Self::Failed];

    fn label(self) -> Labels {
        let outcome = match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
        };
        [("outcome", outcome.to_owned())]
    }
}

/// The counters and gauges of a daemon that looks and mails.
#[derive(Debug, Default)]
pub struct Metrics {
    looks: Family<Labels, Counter>,
    mails_sent: Counter,
    mails_failed: Counter,
    outbox_waiting: Gauge,
    outbox_held: Gauge,
    dead_letters: Gauge,
    last_look: Time,
    next_look: Time,
    google_units: Family<Labels, Counter>,
    folders: Family<Labels, Gauge>,
    peers: Gauge,
    restarts: Counter,
    login_needed: Family<Labels, Gauge>,
}

impl Metrics {
    pub(super) fn register(registry: &mut Registry, version: &str) -> Self {
        let own = Self::default();
        for look in Look::ALL {
            drop(own.looks.get_or_create(&look.label()));
        }
        registry.register("looks", "Looks by outcome", own.looks.clone());
        registry.register("mails_sent", "Mails that were sent", own.mails_sent.clone());
        let failed = "Attempts to send a mail that failed";
        registry.register("mails_failed", failed, own.mails_failed.clone());
        let waiting = "Mails that are due and not sent yet";
        registry.register("outbox_waiting", waiting, own.outbox_waiting.clone());
        let held = "Mails that are kept for a digest or for the end of quiet hours";
        registry.register("outbox_held", held, own.outbox_held.clone());
        let dead = "Mails that were given up and wait for a person";
        registry.register("dead_letters", dead, own.dead_letters.clone());
        let mut time = |name: &str, help: &str, gauge: &Time| {
            registry.register_with_unit(name, help, Unit::Seconds, gauge.clone());
        };
        time(
            "last_look_timestamp",
            "When the last look ended, or 0",
            &own.last_look,
        );
        time(
            "next_look_timestamp",
            "When the next look is due, or 0",
            &own.next_look,
        );
        let units = "Quota units of Google that were used, by API";
        registry.register("google_units", units, own.google_units.clone());
        let folders = "Folders that were seen, by generation of the client that made them";
        registry.register("folders", folders, own.folders.clone());
        registry.register("peers", "Peers that are known", own.peers.clone());
        let restarts = "Times that the worker was started again after it had ended by itself";
        registry.register("restarts", restarts, own.restarts.clone());
        let login = "Whether a person must log in again, by account";
        registry.register("login_needed", login, own.login_needed.clone());
        let build = Info::new([("version", version.to_owned())]);
        registry.register("build", "The program", build);
        own
    }

    /// Counts a look.
    pub fn looked(&self, outcome: Look) {
        self.looks.get_or_create(&outcome.label()).inc();
    }

    /// Counts mails that were sent.
    pub fn mails_sent(&self, number: u64) {
        self.mails_sent.inc_by(number);
    }

    /// Counts attempts to send that failed.
    pub fn mails_failed(&self, number: u64) {
        self.mails_failed.inc_by(number);
    }

    /// Sets how many mails are due and not sent yet.
    pub fn outbox_waiting(&self, number: usize) {
        set(&self.outbox_waiting, number);
    }

    /// Sets how many mails are kept for a digest or for the end of quiet hours.
    pub fn outbox_held(&self, number: usize) {
        set(&self.outbox_held, number);
    }

    /// Sets how many mails were given up.
    pub fn dead_letters(&self, number: usize) {
        set(&self.dead_letters, number);
    }

    /// Sets when the last look ended.
    pub fn last_look(&self, time: SystemTime) {
        self.last_look.set(seconds(time));
    }

    /// Sets when the next look is due, if that is known.
    pub fn next_look(&self, time: Option<SystemTime>) {
        self.next_look.set(time.map_or(0.0, seconds));
    }

    /// Sets what this process has used of an API's quota so far; less than before is ignored.
    pub fn google_units(&self, api: &str, total: u64) {
        let units = self.google_units.get_or_create(&[("api", api.to_owned())]);
        units.inner().fetch_max(total, Ordering::Relaxed);
    }

    /// Sets how many folders of each generation there are; other generations are gone.
    pub fn folders<'a>(&self, generations: impl IntoIterator<Item = (&'a str, usize)>) {
        self.folders.clear();
        for (generation, number) in generations {
            let label = [("generation", generation.to_owned())];
            set(&self.folders.get_or_create(&label), number);
        }
    }

    /// Sets how many peers are known.
    pub fn peers(&self, number: usize) {
        set(&self.peers, number);
    }

    /// Sets how often the worker was started again; less than before is ignored.
    pub fn restarts(&self, total: u64) {
        self.restarts.inner().fetch_max(total, Ordering::Relaxed);
    }

    /// Sets whether a person must log in again at an account, as `drive`, `gmail` or `smtp`.
    pub fn login_needed(&self, account: &str, is_needed: bool) {
        let label = [("account", account.to_owned())];
        self.login_needed
            .get_or_create(&label)
            .set(is_needed.into());
    }
}

fn set(gauge: &Gauge, number: usize) {
    gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}
