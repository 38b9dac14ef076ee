//! The daemon itself: everything that a config names, from the start to the end.
//!
//! [`Core`] is what runs, and answers for it; this loop hears what others want of it and what
//! `PocketBase` says.

mod core;
mod facts;
mod lookout;
mod seat;

use std::{sync::Arc, time::Duration};

use syft_daemon::{Wish, Wishes};
use tokio::{sync::mpsc, time::MissedTickBehavior};

use self::{
    core::{Core, Order},
    seat::Seat,
};
use crate::{
    config::Config,
    exit::{Exit, Failure, Outcome, chain},
    http,
    session::Wanted,
    telemetry,
};
pub(crate) use lookout::sentence;

/// How a daemon came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// By a supervisor, to which standard input leads.
    Worker,
    /// By a person or a service manager.
    Foreground,
}

/// How a daemon ends that has not failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Stop,
    Restart,
}

/// `PocketBase` may say so long what the jobs are before they start without it.
const FIRST_WORD: Duration = Duration::from_secs(5);

/// Runs everything until somebody wants it to stop.
pub(crate) async fn run(wanted: &Wanted, role: Role) -> Outcome {
    let config = Config::load(&wanted.sources()?)?;
    let seat = Seat::take(wanted, &config, role).await?;
    let outcome = watch(wanted, config, &seat, role).await;
    if let Err(failure) = &outcome {
        seat.notifier.status(&failure.message);
    }
    match outcome? {
        End::Stop => Ok(()),
        End::Restart => match seat.begin_anew()? {},
    }
}

async fn watch(wanted: &Wanted, config: Config, seat: &Seat, role: Role) -> Outcome<End> {
    let telemetry = telemetry::install(&telemetry::Settings::of(&config, role == Role::Foreground))
        .map_err(|error| Failure::error(chain(&error)))?;
    tracing::info!(
        "syft-sync {} started (PID {}) with {}",
        env!("CARGO_PKG_VERSION"),
        std::process::id(),
        config.name()
    );
    crate::commands::start::remark(&config);
    seat.note(&telemetry);
    // Heard from here on, so that nothing is lost while PocketBase is asked.
    let mut wishes = Wishes::listen(seat.link())?;
    let (orders, ordered) = mpsc::channel(16);
    let core = Core::start(config, telemetry, seat, orders);
    let Some(core) = wishes.unless_stopped(core).await else {
        return Ok(End::Stop);
    };
    let core = core?;
    let serving = core.serve(seat).await?;
    seat.notifier.ready(&core.line());
    tracing::info!("{}", core.line());
    let outcome = Daemon {
        core: Arc::clone(&core),
        wishes,
        ordered,
        wanted,
        seat,
    }
    .attend()
    .await;
    seat.notifier.stopping("finishing the files at hand");
    core.stop().await;
    serving.stop().await;
    tracing::info!(
        "{}",
        if matches!(outcome, Ok(End::Restart)) {
            "restarting"
        } else {
            "stopped"
        }
    );
    core.farewell().await;
    outcome
}

struct Daemon<'a> {
    core: Arc<Core>,
    wishes: Wishes,
    ordered: mpsc::Receiver<Order>,
    wanted: &'a Wanted,
    seat: &'a Seat,
}

impl Daemon<'_> {
    async fn attend(mut self) -> Outcome<End> {
        let usual = self.core.config().daemon.health_check_interval;
        let period = self.seat.heartbeat().unwrap_or(usual).min(usual);
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let order = tokio::select! {
                wish = self.wishes.next() => match wish {
                    Wish::Stop => Order::Stop,
                    Wish::Reload => Order::Reload(None),
                },
                Some(order) = self.ordered.recv() => order,
                () = self.core.heard_from_afar() => {
                    self.seat.notifier.status(&self.core.line());
                    continue;
                }
                _ = ticks.tick() => {
                    self.look_after();
                    continue;
                }
            };
            match order {
                Order::Stop => return Ok(End::Stop),
                Order::Restart => return Ok(End::Restart),
                Order::Reload(answer) => {
                    let outcome = self.reload().await;
                    if let Some(answer) = answer {
                        // Whoever asked may have left.
                        drop(answer.send(outcome.map_err(|failure| failure.message)));
                    }
                }
            }
        }
    }

    fn look_after(&self) {
        self.core.look_after();
        // This loop is what must not be stuck; runs have limits of their own.
        self.seat.notifier.watchdog();
    }

    /// Reads the config again; while it is wrong, the one of before stays in force.
    async fn reload(&mut self) -> Outcome<Vec<&'static str>> {
        tracing::info!("reading the config again");
        self.seat.notifier.reloading();
        let read = self.wanted.sources().and_then(|sources| {
            Config::load(&sources).map_err(|error| Failure::new(Exit::Usage, chain(&error)))
        });
        let outcome = match read {
            Ok(config) => self.core.take(config).await,
            Err(failure) => {
                self.core.refuse(&failure.message);
                Err(failure)
            }
        };
        self.seat.notifier.ready(&self.core.line());
        outcome
    }
}

/// Returns what the pages for monitors and commands need to know.
fn pages(config: &Config, seat: &Seat) -> http::Setup {
    let metrics = &config.telemetry.metrics;
    http::Setup {
        control: (config.http.bind_address, config.http.port).into(),
        token_file: config.http.token_file.clone(),
        metrics: metrics.enabled.then(|| http::Page {
            address: (metrics.bind_address, metrics.port).into(),
            path: metrics.endpoint_path.clone(),
            token_file: http::metrics_token(&config.http.token_file),
        }),
        paths: seat.paths.clone(),
        version: env!("CARGO_PKG_VERSION"),
        started: crate::session::now().to_utc(),
    }
}
