//! The monitor that other programs embed, and that `syft-notify` runs.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use syft_state::{Email, Timestamp, ledger::SentRecord};
use syft_transport::{Drive, Mailer};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    detect::Scope,
    error::Error,
    event::Template,
    halt::Halt,
    hold::Holds,
    interval::Pace,
    notice::Route,
    outbox::RetryPolicy,
    proposal::Limits,
    quiet::{QuietHours, Zone},
    render::Renderer,
    round::Round,
    worker::{Setup, Sink, Worker},
};

/// Called after every round of a started monitor, with the wait until the next one.
pub type Observer = Box<dyn FnMut(&Result<Round, Error>, Duration) + Send>;

/// Something that hears of every mail as soon as it is sent and on record.
pub(crate) struct SentListener(Box<dyn Fn(&SentRecord) + Send + Sync>);

impl SentListener {
    pub(crate) fn hear(&self, mail: &SentRecord) {
        (self.0)(mail);
    }
}

impl fmt::Debug for SentListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SentListener")
    }
}

/// Watches Drive and the local SyftBox of one data owner and mails about what happens.
///
/// Made by [`NotificationMonitor::builder`] or [`NotificationMonitor::from_config`].
/// Either call [`run_once`](Self::run_once) whenever it suits, or [`start`](Self::start) it.
#[derive(Debug)]
pub struct NotificationMonitor {
    state: Running,
    pace: Pace,
}

#[derive(Debug)]
enum Running {
    Idle(Box<Worker>),
    Started(Started),
    /// Its task panicked.
    Lost,
}

#[derive(Debug)]
struct Started {
    task: JoinHandle<Worker>,
    commands: mpsc::Sender<Command>,
    halt: Halt,
}

#[derive(Debug)]
enum Command {
    Stop,
    RunOnce(oneshot::Sender<Result<Round, Error>>),
    Granted(Email, oneshot::Sender<Result<Round, Error>>),
}

/// Collects what a monitor needs; only the data owner, the SyftBox, the ledger and a mailer
/// are required.
#[derive(Debug)]
pub struct Builder {
    setup: Setup,
    interval: Duration,
    interval_max: Option<Duration>,
}

impl NotificationMonitor {
    /// Begins a monitor for the data owner `me`.
    ///
    /// `syftbox_root` holds the data owner's folder, `ledger` is `notification_state.json`.
    pub fn builder(
        me: Email,
        syftbox_root: &Path,
        ledger: &Path,
        mailer: Arc<dyn Mailer>,
    ) -> Builder {
        Builder {
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

    /// Looks once and mails what is due.
    ///
    /// # Errors
    /// Only what a person must mend; see [`Error`]. A Drive that does not answer is in the round.
    pub async fn run_once(&mut self) -> Result<Round, Error> {
        match &mut self.state {
            Running::Idle(worker) => worker.run_once(now()).await,
            Running::Started(started) => started.ask(Command::RunOnce).await,
            Running::Lost => Err(Error::NotPossible("lost: its task panicked")),
        }
    }

    /// Looks again and again in a task of the current runtime, until [`stop`](Self::stop).
    ///
    /// # Errors
    /// [`Error::NotPossible`] when it is started already.
    pub fn start(&mut self, observer: Option<Observer>) -> Result<(), Error> {
        match std::mem::replace(&mut self.state, Running::Lost) {
            Running::Idle(worker) => {
                let (commands, inbox) = mpsc::channel(8);
                let halt = worker.halt.clone();
                halt.clear();
                let task = tokio::spawn(run(*worker, self.pace.clone(), inbox, observer));
                self.state = Running::Started(Started {
                    task,
                    commands,
                    halt,
                });
                Ok(())
            }
            Running::Started(started) => {
                self.state = Running::Started(started);
                Err(Error::NotPossible("running already"))
            }
            Running::Lost => Err(Error::NotPossible("lost: its task panicked")),
        }
    }

    /// Ends a started monitor after the step it is in; nothing is lost or sent twice.
    ///
    /// # Errors
    /// [`Error::NotPossible`] when its task panicked.
    pub async fn stop(&mut self) -> Result<(), Error> {
        match std::mem::replace(&mut self.state, Running::Lost) {
            Running::Started(Started {
                task,
                commands,
                halt,
            }) => {
                halt.set();
                // A closed channel means that the task has ended by itself.
                let _ended = commands.send(Command::Stop).await;
                let worker = task
                    .await
                    .map_err(|_| Error::NotPossible("lost: its task panicked"))?;
                self.state = Running::Idle(Box::new(worker));
                Ok(())
            }
            idle @ Running::Idle(_) => {
                self.state = idle;
                Ok(())
            }
            Running::Lost => Err(Error::NotPossible("lost: its task panicked")),
        }
    }

    /// Returns whether it is started.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(&self.state, Running::Started(started) if !started.task.is_finished())
    }

    /// Mails a data scientist that the data owner has accepted them as a peer.
    ///
    /// # Errors
    /// [`Error::AlreadyTold`] when that was done before.
    pub async fn notify_peer_granted(&mut self, ds: &Email) -> Result<Round, Error> {
        match &mut self.state {
            Running::Idle(worker) => worker.notify_peer_granted(ds, now()).await,
            Running::Started(started) => {
                let ds = ds.clone();
                started.ask(|answer| Command::Granted(ds, answer)).await
            }
            Running::Lost => Err(Error::NotPossible("lost: its task panicked")),
        }
    }
}

impl Started {
    async fn ask(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<Round, Error>>) -> Command,
    ) -> Result<Round, Error> {
        let ended = Error::NotPossible("no longer running");
        let (answer, outcome) = oneshot::channel();
        if self.commands.send(command(answer)).await.is_err() {
            return Err(ended);
        }
        outcome.await.unwrap_or(Err(ended))
    }
}

async fn run(
    mut worker: Worker,
    mut pace: Pace,
    mut commands: mpsc::Receiver<Command>,
    mut observer: Option<Observer>,
) -> Worker {
    loop {
        let outcome = worker.run_once(now()).await;
        let was_active = outcome.as_ref().is_ok_and(Round::was_active);
        let wake = outcome.as_ref().ok().and_then(|round| round.next_wake);
        let wait = pace.after(was_active, wake.map(|wake| wake.since(now())));
        if let Some(observer) = &mut observer {
            observer(&outcome, wait);
        }
        let next = tokio::time::Instant::now() + wait;
        loop {
            let command = tokio::select! {
                () = tokio::time::sleep_until(next) => break,
                command = commands.recv() => command,
            };
            // Whoever asked may be gone; the work is done all the same.
            match command {
                None | Some(Command::Stop) => return worker,
                Some(Command::RunOnce(answer)) => drop(answer.send(worker.run_once(now()).await)),
                Some(Command::Granted(ds, answer)) => {
                    drop(answer.send(worker.notify_peer_granted(&ds, now()).await));
                }
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the monitor is the shell that reads the clock"
)]
fn now() -> Timestamp {
    SystemTime::now().into()
}

impl Builder {
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
