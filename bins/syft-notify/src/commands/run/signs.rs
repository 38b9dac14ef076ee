//! What a running monitor shows of itself: the report, the service manager, the health page.

use std::time::{Duration, Instant, SystemTime};

use syft_daemon::{
    Notifier,
    http::{Board, Look},
};
use syft_monitor::{Error, Round, Trouble, config::Config, connect::Links};
use syft_transport::Error as TransportError;

use crate::{commands::status::report::Report, exit::Failure};

/// How long a monitor may be late before it is held to be stuck.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Its clones show the same monitor.
#[derive(Clone)]
pub(super) struct Signs {
    report: Report,
    notifier: Notifier,
    board: Board,
}

impl Signs {
    pub(super) fn new(config: &Config, notifier: Notifier) -> Self {
        let patience = config.interval_max + PATIENCE;
        let report = Report::new(config);
        report.begun();
        Self {
            report,
            notifier,
            board: Board::new("syft_notify", env!("CARGO_PKG_VERSION"), patience),
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

    pub(super) fn connected(&self, config: &Config, links: &Links) {
        self.progressed(Duration::ZERO);
        self.report.connected(config, links);
        self.board.set_ready();
        self.notifier
            .ready(&format!("watching for {}", config.do_email));
    }

    pub(super) fn looked(&self, outcome: &Result<Round, Error>, wait: Duration) {
        self.progressed(wait);
        self.report.looked(outcome, Some(wait));
        self.measure(outcome, wait);
    }

    pub(super) fn progressed(&self, wait: Duration) {
        self.board.progressed(now(), wait);
    }

    pub(super) fn board(&self) -> &Board {
        &self.board
    }

    pub(super) fn reloading(&self) {
        self.notifier.reloading();
    }

    /// The service manager waits for the end of a reload, however it went.
    pub(super) fn reloaded(&self, outcome: Result<(), &Failure>) {
        self.report.reloaded(outcome);
        match outcome {
            Ok(()) => self.notifier.ready("the config was read again"),
            Err(failure) => self.notifier.ready(&format!(
                "the config of before stays in force: {}",
                failure.message
            )),
        }
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
        metrics.mails_sent(round.sent.len() as u64);
        metrics.mails_failed((round.failed + round.buried) as u64);
        metrics.outbox_waiting(round.waiting);
        metrics.dead_letters(round.dead);
        metrics.folders(round.folders.iter().map(|(name, count)| (&**name, *count)));
        metrics.login_needed("drive", needs_login(round, false));
        metrics.login_needed("gmail", needs_login(round, true));
    }
}

fn needs_login(round: &Round, is_mail: bool) -> bool {
    round.trouble.iter().any(|trouble| {
        matches!(trouble, Trouble::Mail(_)) == is_mail
            && matches!(trouble.error(), TransportError::Unauthenticated { .. })
    })
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
