//! What a running monitor shows of itself: the report, the service manager, the health page.

use std::{
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use syft_daemon::{
    Ended, Notifier, Paths,
    http::{Board, Look},
};
use syft_monitor::{
    Error, Round, Trouble,
    config::{Config, MailBy},
    connect::Links,
};
use syft_state::{Email, ledger::Ledger};
use syft_transport::Error as TransportError;

use crate::{
    commands::status::report::Report,
    exit::{Failure, chain},
};

/// How long a monitor may be late before it is held to be stuck.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Its clones show the same monitor.
#[derive(Clone)]
pub(super) struct Signs {
    report: Report,
    notifier: Notifier,
    board: Board,
    owner: Email,
    state_path: PathBuf,
    /// What the metrics call the service that carries the mails.
    mail: &'static str,
}

impl Signs {
    pub(super) fn new(config: &Config, notifier: Notifier) -> Self {
        let report = Report::new(config);
        report.begun();
        Self {
            report,
            notifier,
            owner: config.do_email.clone(),
            state_path: config.state_path.clone(),
            mail: match config.mail {
                MailBy::Smtp => "smtp",
                _ => "gmail",
            },
            board: Board::new("syft_notify", env!("CARGO_PKG_VERSION"), PATIENCE),
        }
    }

    /// Everything on this machine is in order, and the rest is tried again after `wait`.
    pub(super) fn waiting(&self, error: &str, wait: Duration) {
        tracing::warn!("⚠️  {error}; trying again in {} s", wait.as_secs());
        self.progressed(wait);
        self.report.waiting(error, wait);
        let status = format!("waiting to connect: {error}");
        self.board.set_unready(&*status);
        self.notifier.ready(&status);
    }

    /// Everything on this machine is in order, and no answer has come yet.
    pub(super) fn slow(&self) {
        if self.report.error().is_none() {
            let status = "waiting to connect: no answer yet";
            tracing::warn!("⚠️  {status}");
            self.board.set_unready(status);
            self.notifier.ready(status);
        }
    }

    pub(super) fn connected(&self, config: &Config, links: &Links) {
        self.progressed(Duration::ZERO);
        self.report.connected(config, links);
        self.board.set_ready();
        self.notifier.ready(&self.all_is_well());
    }

    fn all_is_well(&self) -> String {
        format!("watching for {}", self.owner)
    }

    pub(super) fn looked(&self, outcome: &Result<Round, Error>, wait: Duration) {
        self.progressed(wait);
        let before = self.report.error();
        self.report.looked(outcome, Some(wait));
        let trouble = self.report.error();
        if trouble != before {
            let status = trouble.unwrap_or_else(|| self.all_is_well());
            self.notifier.status(&status);
        }
        self.measure(outcome, wait);
    }

    pub(super) fn progressed(&self, wait: Duration) {
        self.board.progressed(now(), wait);
    }

    /// Tells how often its supervisor has started it again.
    pub(super) fn restarted(&self, paths: &Paths) {
        match Ended::read(paths) {
            Ok(ended) => {
                let restarts = ended.map_or(0, |ended| ended.restarts + 1);
                self.board.metrics().restarts(restarts);
            }
            Err(error) => tracing::warn!("⚠️  {}", chain(&error)),
        }
    }

    pub(super) fn board(&self) -> &Board {
        &self.board
    }

    pub(super) fn reloading(&self) {
        self.notifier.reloading();
    }

    /// Says that the new config is in force; the service manager hears it from [`Self::connected`].
    pub(super) fn reloaded(&self) {
        self.report.reloaded(Ok(()));
    }

    /// Says that the new config is in force, as soon as it can be connected.
    pub(super) fn reloaded_to_wait(&self) {
        self.report.reloaded(Ok(()));
        self.notifier
            .ready("waiting to connect, with the new config");
    }

    pub(super) fn not_reloaded(&self, failure: &Failure) {
        self.report.reloaded(Err(failure));
        let status = format!("the config of before stays in force: {}", failure.message);
        self.notifier.ready(&status);
    }

    pub(super) fn stopping(&self) {
        self.notifier.stopping("finishing what is at hand");
    }

    pub(super) fn failed(&self, failure: &Failure) {
        self.report.ended(failure);
        self.notifier.stopping(&failure.message);
    }

    /// Tells the service manager again and again that this lives, for as long as it gets on.
    pub(super) async fn beat(self) {
        let Some(period) = self.notifier.watchdog_period() else {
            return;
        };
        let mut ticks = tokio::time::interval(period);
        loop {
            ticks.tick().await;
            if self.board.is_alive(now()) {
                self.notifier.watchdog();
            }
        }
    }

    fn count_peers(&self) {
        // What is wrong with the record is the next look's to say.
        if let Ok(state) = Ledger::read(&self.state_path) {
            self.board.metrics().peers(state.own().peers.len());
        }
    }

    fn measure(&self, outcome: &Result<Round, Error>, wait: Duration) {
        let metrics = self.board.metrics();
        let at = wall_clock();
        metrics.last_look(at);
        metrics.next_look(Some(at + wait));
        let usage = self.report.usage();
        for api in ["drive", "gmail"] {
            if let Some(units) = usage[api]["units_total"].as_u64() {
                metrics.google_units(api, units);
            }
        }
        let Ok(round) = outcome else {
            return metrics.looked(Look::Failed);
        };
        metrics.looked(if round.trouble.is_empty() {
            Look::Complete
        } else {
            Look::Partial
        });
        if round.complete || round.was_active() {
            self.count_peers();
        }
        metrics.mails_sent(round.sent.len() as u64);
        metrics.mails_failed((round.failed + round.buried) as u64);
        metrics.outbox_waiting(round.waiting.saturating_sub(round.held));
        metrics.outbox_held(round.held);
        metrics.dead_letters(round.dead);
        metrics.folders(round.folders.iter().map(|(name, count)| (&**name, *count)));
        let needs_login = |of: fn(&Trouble) -> bool| {
            round
                .trouble
                .iter()
                .any(|trouble| of(trouble) && is_login(trouble))
        };
        let is_drive = |trouble: &Trouble| matches!(trouble, Trouble::Drive(_));
        let is_mail = |trouble: &Trouble| matches!(trouble, Trouble::Mail(_));
        metrics.login_needed("drive", needs_login(is_drive));
        metrics.login_needed(self.mail, needs_login(is_mail));
    }
}

fn is_login(trouble: &Trouble) -> bool {
    matches!(trouble.error(), TransportError::Unauthenticated { .. })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the binary is the shell that reads the clock"
)]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}

fn now() -> Instant {
    Instant::now()
}
