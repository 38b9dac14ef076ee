//! The server: request files in, response files out.

mod engine;
mod health;
mod inbox;
mod journal;
mod look;
mod options;
mod queue;
mod reply;
mod setup;
mod sweep;

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinHandle};

pub use health::Health;
pub use options::{ServerOptions, UnknownEndpoint};
pub use setup::StartError;

use self::{
    engine::{Command, Engine},
    health::Board,
};
use crate::{
    layout::{AppPaths, Workspace},
    router::Routes,
};

/// A running server; it goes on until it is stopped or dropped.
#[derive(Debug)]
pub struct Server {
    commands: mpsc::Sender<Command>,
    engine: JoinHandle<()>,
    board: Arc<Board>,
}

impl Server {
    /// Starts to answer the requests of an app: those that wait already, and those to come.
    ///
    /// # Errors
    /// [`StartError`], as when another process answers them.
    pub async fn start(
        workspace: &Workspace,
        app: &AppPaths,
        routes: Routes,
        options: ServerOptions,
    ) -> Result<Self, StartError> {
        let board = Arc::new(Board::default());
        let (commands, inbox) = mpsc::channel(8);
        let engine = Engine::new(workspace, app, routes, options, Arc::clone(&board))?;
        let engine = tokio::spawn(engine.run(inbox));
        Ok(Self {
            commands,
            engine,
            board,
        })
    }

    /// Returns how it is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        let is_running = !self.engine.is_finished();
        self.board.health(is_running)
    }

    /// Looks at every file now instead of at the next sweep.
    pub async fn sweep(&self) {
        // An engine that has ended has nothing to sweep.
        self.commands.send(Command::Sweep).await.ok();
    }

    /// Takes no more requests, lets those at hand finish until the deadline, and ends.
    ///
    /// What waits is answered after the next start.
    pub async fn stop(self, deadline: Duration) {
        self.commands.send(Command::Stop(deadline)).await.ok();
        if let Err(error) = self.engine.await {
            tracing::error!("the server had ended: {error}");
        }
    }
}
