//! What a monitor is made from.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use syft_state::{Email, ledger::SentRecord};
use syft_transport::{Drive, Mailer};

use super::{NotificationMonitor, Running, SentListener};
use crate::{
    detect::Scope,
    event::Template,
    hold::Holds,
    interval::Pace,
    notice::Route,
    outbox::RetryPolicy,
    proposal::Limits,
    quiet::{QuietHours, Zone},
    render::Renderer,
    worker::{Setup, Sink, Worker},
};

/// Collects what a monitor needs; only the data owner, the SyftBox, the ledger and a mailer
/// are required.
#[derive(Debug)]
pub struct Builder {
    setup: Setup,
    interval: Duration,
    interval_max: Option<Duration>,
}

impl Builder {
    pub(super) fn new(
        me: Email,
        syftbox_root: &Path,
        ledger: &Path,
        mailer: Arc<dyn Mailer>,
    ) -> Self {
        Self {
            setup: Setup {
                holds: Holds::none(me.clone()),
                me,
                syftbox_root: syftbox_root.to_owned(),
                ledger: ledger.to_owned(),
                drive: None,
                drive_token: None,
                mailer,
                sinks: Vec::new(),
                heartbeat: None,
                renderer: Renderer::embedded(),
                scope: Scope::Everything,
                notify_existing: false,
                reconcile_every: Duration::from_secs(600),
                policy: RetryPolicy::default(),
                on_sent: None,
                limits: Limits::default(),
            },
            interval: Duration::from_secs(30),
            interval_max: None,
        }
    }

    /// Watches this Drive; without one only the local SyftBox is watched.
    #[must_use]
    pub fn drive(mut self, drive: Arc<dyn Drive>) -> Self {
        self.setup.drive = Some(drive);
        self
    }

    /// Names the data owner's token file in the Python lines of the mails to the data owner.
    #[must_use]
    pub fn drive_token(mut self, path: PathBuf) -> Self {
        self.setup.drive_token = Some(path);
        self
    }

    /// Writes mails with these templates.
    #[must_use]
    pub fn renderer(mut self, renderer: Renderer) -> Self {
        self.setup.renderer = renderer;
        self
    }

    /// Looks at jobs only, or at peers only.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.setup.scope = scope;
        self
    }

    /// Mails about what was there before the first look, too.
    #[must_use]
    pub fn notify_existing(mut self) -> Self {
        self.setup.notify_existing = true;
        self
    }

    /// Looks this often after activity, and down to `longest` when all is quiet.
    #[must_use]
    pub fn interval(mut self, shortest: Duration, longest: Option<Duration>) -> Self {
        self.interval = shortest;
        self.interval_max = longest;
        self
    }

    /// Looks at all of Drive this often, and at its changes in between; ten minutes by default.
    #[must_use]
    pub fn reconcile_every(mut self, period: Duration) -> Self {
        self.setup.reconcile_every = period;
        self
    }

    /// Tries failed mails again by this policy.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.setup.policy = policy;
        self
    }

    /// Calls `listener` with every mail as soon as it is sent and on record, for progress in a
    /// round that sends many.
    #[must_use]
    pub fn on_sent(mut self, listener: impl Fn(&SentRecord) + Send + Sync + 'static) -> Self {
        self.setup.on_sent = Some(SentListener(Box::new(listener)));
        self
    }

    /// Tells another receiver of the events of these templates, besides the mails.
    ///
    /// It gets one notice for each event, addressed to the data owner, whoever gets the mails.
    /// While it does not answer, mails and other receivers are served all the same. A notice
    /// remembers the receiver's name, so a name must keep its meaning; of two receivers with
    /// the same name the later one counts.
    #[must_use]
    pub fn sink(
        mut self,
        name: impl Into<String>,
        mailer: Arc<dyn Mailer>,
        templates: &[Template],
    ) -> Self {
        let name = name.into();
        self.setup.sinks.retain(|sink| sink.route.name != name);
        self.setup.sinks.push(Sink {
            route: Route {
                name,
                templates: templates.iter().copied().collect(),
            },
            mailer,
        });
        self
    }

    /// Sends nothing to the data owner in these hours; what comes up then waits for their end.
    #[must_use]
    pub fn quiet_hours(mut self, hours: QuietHours) -> Self {
        self.setup.holds.quiet_hours = Some(hours);
        self
    }

    /// Makes one mail of all mails to the data owner that come up within a period.
    #[must_use]
    pub fn digest(mut self, period: Duration) -> Self {
        self.setup.holds.digest = Some(period);
        self
    }

    /// Goes by this clock for quiet hours and digests; the machine's by default.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.setup.holds.zone = zone;
        self
    }

    /// Mails the data owner in every period that all is well; off by default.
    #[must_use]
    pub fn heartbeat(mut self, period: Duration) -> Self {
        self.setup.heartbeat = Some(period);
        self
    }

    /// Reads submissions within these limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.setup.limits = limits;
        self
    }

    /// Puts the ledger somewhere else.
    #[must_use]
    pub fn ledger(mut self, path: PathBuf) -> Self {
        self.setup.ledger = path;
        self
    }

    /// Makes the monitor; it does nothing yet.
    #[must_use]
    pub fn build(self) -> NotificationMonitor {
        let pace = Pace::new(self.interval, self.interval_max.unwrap_or(self.interval));
        NotificationMonitor {
            state: Running::Idle(Box::new(Worker::new(self.setup))),
            pace,
        }
    }
}
