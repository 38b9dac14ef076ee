//! `run`: looks again and again, until somebody wants it to stop.

use std::{io::IsTerminal, time::Duration};

use syft_daemon::{Wish, Wishes};
use syft_monitor::{Error, NotificationMonitor, config::Config};
use tokio::sync::mpsc;

use super::{
    Plan,
    fresh::{Fresh, can_follow, check_record, open, remark_log},
    page::{Change, Page},
    seat::{Seat, log_file},
    signs::Signs,
    tell,
};
use crate::{
    args::RunArgs,
    commands::supervise::{look_after, open_log},
    exit::{Exit, Failure, Outcome, chain},
    journal, place, session, term,
};

/// How long a step may take after Ctrl+C before it is cut off, which loses and doubles nothing.
const PATIENCE: Duration = Duration::from_millis(1500);
/// A server that says nothing for so long is waited for like one that cannot be reached.
const SLOW: Duration = Duration::from_secs(10);
/// A state file that somebody is just writing is whole again at the next look.
const FAILURES_IN_A_ROW: u32 = 3;

pub(super) async fn run(args: &RunArgs, plan: Plan, verbose: u8) -> Outcome {
    let config = plan.read()?;
    let is_watched = !args.supervised && std::io::stderr().is_terminal();
    install_log(args, &config, verbose)?;
    if !is_watched {
        term::into_log();
    }
    let seat = Seat::take(args, &plan, &config, verbose).await?;
    let process = if args.supervised { "worker" } else { "PID" };
    tracing::info!(
        "syft-notify {} started ({process} {}) with {}",
        env!("CARGO_PKG_VERSION"),
        std::process::id(),
        config.file.display()
    );
    session::remark(&config);
    let wishes = Wishes::listen(seat.link)?;
    let signs = Signs::new(&config, seat.notifier);
    if args.supervised {
        signs.restarted(&place::paths(&config.state_path));
    }
    let page = Page::open(&config, signs.board()).await;
    let page = page.inspect_err(|failure| signs.failed(failure))?;
    let beating = tokio::spawn(signs.clone().beat());
    let watch = Watch {
        plan,
        config,
        signs: signs.clone(),
        wishes,
        page,
        is_json: args.json,
        is_talkative: is_watched && !args.json,
    };
    let outcome = watch.run().await;
    beating.abort();
    match &outcome {
        Ok(()) => tracing::info!("stopped"),
        Err(failure) => signs.failed(failure),
    }
    outcome
}

fn install_log(args: &RunArgs, config: &Config, verbose: u8) -> Outcome {
    let to = match log_file(args, config) {
        None => journal::To::Stderr,
        Some(path) => {
            let log = open_log(&path, config)?;
            // It ends with the program.
            drop(tokio::spawn(look_after(log.clone())));
            journal::To::Both(log)
        }
    };
    journal::install_as(&config.log, verbose, to);
    Ok(())
}

struct Watch {
    plan: Plan,
    config: Config,
    signs: Signs,
    wishes: Wishes,
    page: Page,
    is_json: bool,
    /// Whether a person sits before it.
    is_talkative: bool,
}

/// What becomes of a wish to reload.
enum Turn {
    To(Box<Fresh>),
    /// All stays as it was.
    Stay,
    Stop,
}

impl Watch {
    async fn run(mut self) -> Outcome {
        // A damaged record is not waited for: nobody is mending it before the first look.
        check_record(&self.config)?;
        let Some(fresh) = self.connect().await? else {
            return Ok(());
        };
        let watched = self.begin(*fresh)?;
        self.attend(watched).await
    }

    /// Serves all wishes until the end.
    async fn attend(mut self, mut watched: Watched) -> Outcome {
        loop {
            let wish = tokio::select! {
                wish = self.wishes.next() => wish,
                reason = watched.ended.recv() => {
                    watched.stop().await;
                    // Without a reason the monitor's task has panicked.
                    return Err(reason.unwrap_or_else(panicked));
                }
            };
            let turn = match wish {
                Wish::Stop => Turn::Stop,
                Wish::Reload => self.reload(false).await,
            };
            match turn {
                Turn::Stay => {}
                Turn::Stop => {
                    self.signs.stopping();
                    watched.stop().await;
                    return Ok(());
                }
                Turn::To(fresh) => {
                    // The step it is in ends first: two monitors would look at the same time.
                    if self
                        .wishes
                        .unless_stopped(watched.monitor.stop())
                        .await
                        .is_none()
                    {
                        return Ok(());
                    }
                    watched = self.begin(*fresh)?;
                    self.signs.reloaded();
                    tracing::info!("reloaded {}", self.config.file.display());
                }
            }
        }
    }

    /// Connects for as long as it takes; `None` means that somebody wants it to stop.
    async fn connect(&mut self) -> Outcome<Option<Box<Fresh>>> {
        loop {
            let wish = match self.connect_or_hear().await? {
                Ok(fresh) => return Ok(Some(Box::new(fresh))),
                Err(wish) => wish,
            };
            let turn = match wish {
                Wish::Stop => Turn::Stop,
                Wish::Reload => self.reload(true).await,
            };
            match turn {
                Turn::Stay => {}
                Turn::Stop => return Ok(None),
                Turn::To(fresh) => {
                    self.signs.reloaded();
                    return Ok(Some(fresh));
                }
            }
        }
    }

    /// Connects what the config names, or returns the wish that came before that.
    async fn connect_or_hear(&mut self) -> Outcome<Result<Fresh, Wish>> {
        let connecting = session::connect_patiently(&self.config, |error, wait| {
            self.signs.waiting(error, wait);
        });
        let slow = tokio::time::sleep(SLOW);
        tokio::pin!(connecting, slow);
        let mut is_slow = false;
        loop {
            tokio::select! {
                parts = &mut connecting => {
                    let (builder, links) = parts?;
                    let config = self.config.clone();
                    let page = Change::None;
                    return Ok(Ok(Fresh { config, builder, links, page }));
                }
                wish = self.wishes.next() => return Ok(Err(wish)),
                () = &mut slow, if !is_slow => {
                    is_slow = true;
                    self.signs.slow();
                }
            }
        }
    }

    /// Starts to look, with a config that works.
    fn begin(&mut self, fresh: Fresh) -> Outcome<Watched> {
        remark_log(&self.config, &fresh.config);
        self.config = fresh.config;
        self.page.apply(fresh.page, self.signs.board());
        self.signs.connected(&self.config, &fresh.links);
        if self.is_talkative {
            tell::announce(&self.config, &fresh.links, self.plan.scope);
        } else {
            tracing::info!("watching for {}", self.config.do_email);
        }
        let signs = self.signs.clone();
        let builder = fresh
            .builder
            .on_sent(move |_| signs.progressed(Duration::ZERO));
        let monitor = self.plan.monitor(builder);
        Watched::start(monitor, self.signs.clone(), self.is_json)
    }

    /// Reads the config again and connects what it names, while all goes on as before.
    async fn reload(&mut self, is_waiting: bool) -> Turn {
        tracing::info!("reading {} again", self.config.file.display());
        self.signs.reloading();
        let read = self.plan.config();
        let read = read.and_then(|config| can_follow(&self.config, &config).map(|()| config));
        let failure = match read {
            Err(failure) => failure,
            Ok(config) => {
                let fresh = open(config.clone(), &self.page);
                let Some(fresh) = self.wishes.unless_stopped(fresh).await else {
                    return Turn::Stop;
                };
                match fresh {
                    Ok(fresh) => return Turn::To(Box::new(fresh)),
                    // What the config of before names cannot be reached either.
                    Err(failure) if is_waiting && failure.exit == Exit::Unavailable => {
                        self.config = config;
                        self.signs.reloaded_to_wait();
                        return Turn::Stay;
                    }
                    Err(failure) => failure,
                }
            }
        };
        tracing::error!(
            "reload failed, the config of before stays in force: {}",
            failure.message
        );
        self.signs.not_reloaded(&failure);
        Turn::Stay
    }
}

/// A started monitor, and the reason why it cannot go on.
struct Watched {
    monitor: NotificationMonitor,
    ended: mpsc::Receiver<Failure>,
}

impl Watched {
    fn start(mut monitor: NotificationMonitor, signs: Signs, is_json: bool) -> Outcome<Self> {
        let (fatal, ended) = mpsc::channel(1);
        let mut failures_in_a_row = 0;
        monitor.start(Some(Box::new(move |outcome, wait| {
            signs.looked(outcome, wait);
            match outcome {
                Ok(round) => {
                    failures_in_a_row = 0;
                    tell::log(round);
                    if is_json {
                        term::out(tell::as_json(round));
                    }
                }
                Err(error) => {
                    failures_in_a_row += 1;
                    tracing::error!("{}", chain(error));
                    if failures_in_a_row >= FAILURES_IN_A_ROW || !may_pass(error) {
                        // A full channel holds an earlier reason, which is as good.
                        drop(fatal.try_send(Failure::from(error)));
                    }
                }
            }
        })))?;
        Ok(Self { monitor, ended })
    }

    async fn stop(&mut self) {
        let _cut_off = tokio::time::timeout(PATIENCE, self.monitor.stop()).await;
    }
}

fn may_pass(error: &Error) -> bool {
    matches!(error, Error::Ledger(_) | Error::Locked { .. })
}

fn panicked() -> Failure {
    Failure::error("the monitor has crashed; the log has the reason")
}

#[cfg(test)]
mod tests;
