//! What is answered over HTTP: metrics for monitors, and the control API for the commands.
//!
//! Two servers, so that the port that monitors know can show numbers and do nothing. Both listen
//! on loopback; metrics may be shown to other machines, to those who know a token.

mod backend;
pub(crate) mod client;
mod control;
mod events;
mod guard;
mod metrics;
mod token;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use hyper_util::service::TowerToHyperService;
use syft_daemon::{
    Paths,
    http::{self, Limits, Listener},
};
use tokio::{sync::watch, task::JoinHandle};

pub(crate) use backend::{Backend, Command, Refusal};
pub(crate) use events::Events;

use crate::telemetry::Metrics;

/// What this calls itself in its answers.
const SERVICE: &str = "syft-sync";
/// Commands at the terminal may follow events for so long, and then ask anew.
const LONGEST: Duration = Duration::from_secs(3600);
const LIMITS: Limits = Limits {
    connections: 64,
    lifetime: LONGEST,
    stall: Duration::from_secs(10),
};

/// What is answered, and where.
#[derive(Debug)]
pub(crate) struct Setup {
    /// Of the control API; a loopback address, port 0 for any that is free.
    pub(crate) control: SocketAddr,
    /// Where the token of the control API is written.
    pub(crate) token_file: PathBuf,
    /// Absent where metrics are not shown at a port of their own.
    pub(crate) metrics: Option<Page>,
    /// The daemon's files, where commands look for the address of the control API.
    pub(crate) paths: Paths,
    /// The version of the program.
    pub(crate) version: &'static str,
    /// When the daemon started.
    pub(crate) started: chrono::DateTime<chrono::Utc>,
}

/// Where metrics are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Port 0 is any that is free.
    pub(crate) address: SocketAddr,
    /// Begins with a slash.
    pub(crate) path: String,
    /// Where the token is that other machines must know; made if it is missing.
    pub(crate) token_file: PathBuf,
}

/// Says why nobody can be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// An address cannot be listened at.
    #[error(transparent)]
    Listen(#[from] http::Error),
    /// The token, or where it is told, cannot be written or read.
    #[error("cannot keep the access to the control API")]
    File(#[from] syft_state::Error),
    /// What is there is no token.
    #[error("{path} holds no token", path = .0.display())]
    Token(PathBuf),
}

/// Two servers that answer, until they are stopped or dropped.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) control: SocketAddr,
    pub(crate) metrics: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
    record: PathBuf,
}

/// Begins to answer, and tells the commands where.
///
/// # Errors
///
/// [`Error`] says which address or file cannot be used, and by whom it is used.
pub(crate) async fn serve(
    setup: Setup,
    backend: Arc<dyn Backend>,
    numbers: Arc<Metrics>,
    events: Events,
) -> Result<Serving, Error> {
    let control = http::bind(setup.control).await?;
    let metrics = match &setup.metrics {
        Some(page) => Some((listen(page.address).await?, page)),
        None => None,
    };
    let secret = token::fresh(&setup.token_file)?;
    let addresses = (
        control.address(),
        metrics.as_ref().map(|(listener, _)| listener.address()),
    );
    let (stop, stopped) = watch::channel(false);
    let mut servers = Vec::new();
    if let Some((listener, page)) = metrics {
        let visitors = if is_private(page.address.ip()) {
            guard::Visitors::Local
        } else {
            guard::Visitors::Any(token::kept(&page.token_file)?)
        };
        let pages = metrics::router(
            &page.path,
            Arc::clone(&backend),
            Arc::clone(&numbers),
            visitors,
        );
        servers.push(spawn(listener, pages, Limits::default(), &stopped));
    }
    let about = control::About {
        name: setup.paths.name.clone(),
        version: setup.version,
        started: setup.started,
        pid: std::process::id(),
    };
    let pages = control::router(about, backend, numbers, events, secret);
    servers.push(spawn(control, pages, LIMITS, &stopped));
    let record = client::record(&setup.paths);
    client::Access {
        address: addresses.0,
        metrics: addresses.1,
        token_file: setup.token_file,
        pid: std::process::id(),
    }
    .write(&record)?;
    Ok(Serving {
        control: addresses.0,
        metrics: addresses.1,
        stop,
        servers,
        record,
    })
}

impl Serving {
    /// Answers nobody any more; those who are being answered get a second.
    pub(crate) async fn stop(mut self) {
        drop(std::fs::remove_file(&self.record));
        tracing::debug!("commands at {} are not heard any more", self.control);
        self.stop.send_replace(true);
        for server in std::mem::take(&mut self.servers) {
            drop(server.await);
        }
    }
}

async fn listen(address: SocketAddr) -> Result<Listener, http::Error> {
    if is_private(address.ip()) {
        http::bind(address).await
    } else {
        http::bind_anywhere(address).await
    }
}

fn is_private(address: IpAddr) -> bool {
    address.is_loopback()
}

fn spawn(
    listener: Listener,
    pages: Router,
    limits: Limits,
    stopped: &watch::Receiver<bool>,
) -> JoinHandle<()> {
    let mut stopped = stopped.clone();
    let end = async move {
        drop(stopped.wait_for(|is_stopped| *is_stopped).await);
    };
    tokio::spawn(listener.serve_with(TowerToHyperService::new(pages), limits, end))
}

/// Returns where the token for metrics is, beside that of the control API.
pub(crate) fn metrics_token(control_token: &Path) -> PathBuf {
    control_token.with_file_name("metrics.token")
}

#[cfg(test)]
mod tests;
