//! Health and metrics on loopback.
//!
//! A [`Board`] is what the daemon keeps up to date, a [`Listener`] shows it to those who ask:
//! `/health` says whether the daemon makes progress, `/ready` whether everything it needs is
//! there, `/metrics` counts what it does (`OpenMetrics` 1.0, or Prometheus's text format).
//!
//! ```
//! use std::time::{Duration, Instant};
//! use syft_daemon::http::{self, Board, Look};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let board = Board::new("syft_notify", "1.0.0", Duration::from_secs(900));
//! let listener = http::bind("127.0.0.1:0".parse().unwrap()).await?;
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let server = tokio::spawn(listener.serve(board.clone(), async { drop(stopped.await) }));
//!
//! board.set_ready();
//! board.metrics().looked(Look::Complete);
//! board.progressed(Instant::now(), Duration::from_secs(30));
//! # drop(stop);
//! # server.await.unwrap();
//! # Ok::<(), http::Error>(())
//! # }).unwrap();
//! ```

mod answer;
mod board;
mod impatient;
mod listener;
mod metrics;
mod own_process;
mod text;

use std::{io, net::SocketAddr};

pub use board::Board;
pub use listener::{Limits, Listener, bind, bind_anywhere};
pub use metrics::{Look, Metrics};
pub use own_process::{Usage, register_process, usage};
pub use text::classic;

/// Says why nobody can be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address can be reached from other machines, which must not see this.
    #[error("{address} is not an address of this machine alone, as 127.0.0.1 is")]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// Another program listens there.
    #[error("{address} is in use{}", by(holder.as_deref()))]
    InUse {
        /// The address.
        address: SocketAddr,
        /// The program and its PID, if the system tells.
        holder: Option<String>,
    },
    /// The system refused.
    #[error("cannot listen at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
}

fn by(holder: Option<&str>) -> String {
    holder.map_or_else(
        || " by another program".to_owned(),
        |holder| format!(" by {holder}"),
    )
}
