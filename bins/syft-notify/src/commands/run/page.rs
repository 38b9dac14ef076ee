//! The health page, where the config wants one.

use std::net::SocketAddr;

use syft_daemon::http::{self, Board, Listener};
use syft_monitor::config::Config;
use tokio::sync::oneshot;

use crate::exit::{Failure, Outcome, chain};

/// The page at its address; it goes when this is dropped.
#[derive(Default)]
pub(super) struct Page {
    address: Option<SocketAddr>,
    _open: Option<oneshot::Sender<()>>,
}

/// A page whose address is taken, and which may still not come to be.
pub(super) enum Change {
    None,
    To(SocketAddr, Listener),
    Off,
}

impl Page {
    pub(super) async fn open(config: &Config, board: &Board) -> Outcome<Self> {
        let mut page = Self::default();
        let change = page.change(config).await?;
        page.apply(change, board);
        Ok(page)
    }

    /// Takes the address of another config, while the page stays where it is.
    pub(super) async fn change(&self, config: &Config) -> Outcome<Change> {
        match config.http {
            address if address == self.address => Ok(Change::None),
            None => Ok(Change::Off),
            Some(address) => {
                let listener = http::bind(address).await.map_err(|error| {
                    Failure::error(format!("the health page: {}", chain(&error)))
                        .hint("choose another `http` address in the config")
                })?;
                Ok(Change::To(address, listener))
            }
        }
    }

    pub(super) fn apply(&mut self, change: Change, board: &Board) {
        match change {
            Change::None => {}
            Change::Off => *self = Self::default(),
            Change::To(address, listener) => {
                tracing::info!("health and metrics at http://{}/", listener.address());
                let (open, closed) = oneshot::channel::<()>();
                let end = async {
                    // It only ever closes.
                    closed.await.ok();
                };
                drop(tokio::spawn(listener.serve(board.clone(), end)));
                *self = Self {
                    address: Some(address),
                    _open: Some(open),
                };
            }
        }
    }
}
