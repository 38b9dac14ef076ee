//! A small process that keeps a worker running.

mod ended;
mod lines;
mod restarts;
mod worker;

use std::{ffi::OsString, fmt, path::PathBuf, time::Duration, time::SystemTime};

use rustix::process::Signal;
use tokio::time::{self, Instant};

pub use ended::Ended;
pub use lines::LineSink;
pub use restarts::{Decision, Ending, Restarts};
use worker::{Sign, Worker};

use crate::{Error, Instance, Link, Notifier, Signals, Wish, notify::Message};

/// A worker that tells of no progress for so long is taken for dead.
pub const WATCHDOG: Duration = Duration::from_secs(180);

/// A worker, and how it is kept running.
pub struct Supervision {
    /// The right to run, which is held until the end.
    pub instance: Instance,
    /// The link to whoever started this process and waits until the worker is ready.
    pub link: Option<Link>,
    /// The worker's program, as [`this_program`](crate::this_program) finds our own.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// When it is started again.
    pub restarts: Restarts,
    /// The time after which silence is taken for death, usually [`WATCHDOG`]. Before it is
    /// ready any message of the worker counts, after that [`Notifier::watchdog`].
    pub watchdog: Duration,
    /// How long it may take to end when it is asked to.
    pub patience: Duration,
    /// Where its lines go.
    pub lines: Box<dyn LineSink + Send>,
}

/// Says how a supervision ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Somebody asked for it.
    Stopped {
        /// Whether the worker had to be cut off.
        forced: bool,
    },
    /// The worker ended by itself with success.
    Finished,
    /// The worker failed too often, or before it was ever ready.
    GaveUp {
        /// The code to exit with: the worker's own, or 1.
        code: u8,
        /// What happened, in a sentence without its full stop.
        why: String,
    },
}

/// Keeps a worker running until somebody asks for the end, it is done, or it is hopeless.
///
/// SIGHUP goes on to the worker once it is ready. SIGTERM and SIGINT ask it to end; when its
/// time is over, or they come again, it is cut off. The worker finds a [`Link`] on its standard
/// input; its standard output goes nowhere, and its standard error to the sink. What the
/// supervisor itself has to say are `tracing` events.
///
/// # Errors
///
/// [`Error::System`] when the system's signals cannot be listened to. Whatever happens to the
/// worker is an [`End`].
pub async fn supervise(supervision: Supervision) -> Result<End, Error> {
    let above = supervision.link.as_ref().map(|link| link.notifier(None));
    let supervisor = Supervisor {
        signals: Signals::listen()?,
        above: above.unwrap_or_default(),
        was_ready: false,
        status: None,
        starts: 0,
        failures: 0,
        plan: Supervision {
            link: None,
            ..supervision
        },
    };
    Ok(supervisor.run().await)
}

struct Supervisor {
    plan: Supervision,
    signals: Signals,
    above: Notifier,
    was_ready: bool,
    /// The last status of the present worker.
    status: Option<String>,
    starts: u64,
    /// In a row.
    failures: u32,
}

/// What is to happen to the worker at hand.
struct Run {
    is_ready: bool,
    /// SIGHUP would end a worker that does not listen to it yet.
    owes_reload: bool,
    last_sign: Instant,
    stop: Option<Instant>,
    forced: bool,
    hung: bool,
}

impl Supervisor {
    async fn run(mut self) -> End {
        loop {
            let began = Instant::now();
            let ending = match self.run_worker().await {
                Ok(ending) => ending,
                Err(end) => return end,
            };
            let ran_for = began.elapsed();
            let policy = &self.plan.restarts;
            self.failures = policy.count(self.failures, ran_for);
            match policy.after(ending, self.failures, self.was_ready) {
                Decision::Finish => return End::Finished,
                Decision::GiveUp => return self.give_up(ending),
                Decision::RestartIn(wait) => {
                    if let Some(end) = self.pause(ending, wait).await {
                        return end;
                    }
                }
            }
        }
    }

    /// Runs the worker once; the error is the end that somebody asked for.
    async fn run_worker(&mut self) -> Result<Ending, End> {
        self.status = None;
        let spawned = Worker::spawn(&self.plan.program, &self.plan.arguments);
        self.starts += 1;
        let mut worker = match spawned {
            Ok(worker) => worker,
            Err(error) => {
                self.status = Some(error.to_string());
                return Ok(Ending::Unstartable);
            }
        };
        let mut run = Run {
            is_ready: false,
            owes_reload: false,
            last_sign: worker.began,
            stop: None,
            forced: false,
            hung: false,
        };
        let ending = self.attend(&mut worker, &mut run).await;
        for message in worker.remains(self.plan.lines.as_mut()).await {
            self.hear(message, &worker, &mut run);
        }
        match (run.stop, run.hung) {
            (Some(_), _) => Err(End::Stopped { forced: run.forced }),
            (None, true) => Ok(Ending::Hung),
            (None, false) => Ok(ending),
        }
    }

    async fn attend(&mut self, worker: &mut Worker, run: &mut Run) -> Ending {
        loop {
            let deadline = match run.stop {
                Some(cut_off) => cut_off,
                None => run.last_sign + self.plan.watchdog,
            };
            let is_over = run.forced || run.hung;
            tokio::select! {
                biased;
                wish = self.signals.next() => self.obey(wish, worker, run),
                sign = worker.next(self.plan.lines.as_mut()) => match sign {
                    Sign::Told(message) => self.hear(message, worker, run),
                    Sign::Ended(ending) => return ending,
                },
                () = time::sleep_until(deadline), if !is_over => {
                    run.forced = run.stop.is_some();
                    run.hung = !run.forced;
                    worker.signal(Signal::KILL);
                }
            }
        }
    }

    fn obey(&self, wish: Wish, worker: &Worker, run: &mut Run) {
        match wish {
            Wish::Reload if run.is_ready => worker.signal(Signal::HUP),
            Wish::Reload => run.owes_reload = true,
            Wish::Stop if run.stop.is_some() => {
                run.forced = true;
                worker.signal(Signal::KILL);
            }
            Wish::Stop => {
                run.stop = Some(Instant::now() + self.plan.patience);
                worker.signal(Signal::TERM);
            }
        }
    }

    fn hear(&mut self, message: Message, worker: &Worker, run: &mut Run) {
        if !run.is_ready || matches!(message, Message::Watchdog | Message::Ready) {
            run.last_sign = Instant::now();
        }
        if message == Message::Ready {
            run.is_ready = true;
            if std::mem::take(&mut run.owes_reload) {
                worker.signal(Signal::HUP);
            }
            if !std::mem::replace(&mut self.was_ready, true) {
                Ended::clear(self.plan.instance.paths());
            }
        }
        self.above.relay(&message);
        match message {
            Message::Status(status) => self.status = Some(status),
            // Whoever waited for this goes now.
            Message::Ready => self.above = Notifier::none(),
            Message::Reloading | Message::Stopping | Message::Watchdog => {}
        }
    }

    /// Waits before the next start; a reload, which may bring the cure, ends the wait.
    async fn pause(&mut self, ending: Ending, wait: Duration) -> Option<End> {
        let why = self.record(ending, false);
        tracing::error!(
            "❌ the worker failed: {why}; starting it again in {} s (failure {} of {})",
            wait.as_secs(),
            self.failures,
            self.plan.restarts.limit
        );
        tokio::select! {
            () = time::sleep(wait) => None,
            wish = self.signals.next() => match wish {
                Wish::Stop => Some(End::Stopped { forced: false }),
                Wish::Reload => None,
            }
        }
    }

    fn give_up(&self, ending: Ending) -> End {
        let why = self.record(ending, true);
        if self.was_ready {
            tracing::error!(
                "❌ giving up: the worker failed {} times in a row; the last time {why}",
                self.failures
            );
        } else {
            tracing::error!("❌ the start failed: {why}");
        }
        let code = ending.code();
        End::GaveUp { code, why }
    }

    fn record(&self, ending: Ending, gave_up: bool) -> String {
        let why = match &self.status {
            Some(status) if !status.is_empty() => format!("{ending} ({status})"),
            _ => ending.to_string(),
        };
        #[expect(clippy::disallowed_methods, reason = "the shell reads the clock")]
        let when = SystemTime::now().into();
        let ended = Ended {
            when,
            why: why.clone(),
            code: match ending {
                Ending::Exited(code) => Some(code),
                _ => None,
            },
            failures: self.failures,
            restarts: self.starts - 1,
            gave_up,
        };
        ended.write(self.plan.instance.paths());
        why
    }
}

impl fmt::Debug for Supervision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervision")
            .field("instance", &self.instance)
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .field("restarts", &self.restarts)
            .field("watchdog", &self.watchdog)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
