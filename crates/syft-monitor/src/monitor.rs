//! The monitor that other programs embed, and that `syft-notify` runs.

mod builder;

use std::{
    fmt,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use syft_state::{Email, Timestamp, ledger::SentRecord};
use syft_transport::Mailer;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{error::Error, halt::Halt, interval::Pace, round::Round, worker::Worker};

pub use builder::Builder;

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
        Builder::new(me, syftbox_root, ledger, mailer)
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
