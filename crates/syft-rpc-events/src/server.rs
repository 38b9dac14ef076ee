//! The server: request files in, response files out.

mod engine;
mod health;
mod inbox;
mod journal;
mod look;
mod options;
mod queue;
mod recent;
mod reply;
mod scans;
mod setup;
mod sweep;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};

pub use health::Health;
pub use options::{ServerOptions, UnknownEndpoint};
pub use setup::StartError;

use self::{
    engine::{Command, Engine},
    health::Board,
};
use crate::{
    claims::Claims,
    hints::Teller,
    layout::{AppPaths, Workspace},
    router::Routes,
};

/// A running server; it goes on until it is stopped or dropped.
#[derive(Debug)]
pub struct Server {
    commands: mpsc::Sender<Command>,
    engine: JoinHandle<()>,
    board: Arc<Board>,
    tell: Teller,
}

/// Where a server hears of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watching {
    /// It watches by itself.
    Own,
    /// It is told.
    Shared,
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
        Self::start_with(workspace, app, routes, options, Watching::Own).await
    }

    /// Starts as [`Self::start`] does, with a watch of its own or hints from [`Self::tell`].
    pub(crate) async fn start_with(
        workspace: &Workspace,
        app: &AppPaths,
        routes: Routes,
        options: ServerOptions,
        watching: Watching,
    ) -> Result<Self, StartError> {
        let board = Arc::new(Board::default());
        let (commands, inbox) = mpsc::channel(8);
        let place = (workspace.clone(), app.clone(), Arc::clone(&board));
        // It reads and writes files, and may wait for a slow disk.
        let begin = spawn_blocking(move || {
            let (workspace, app, board) = place;
            Engine::new(&workspace, &app, routes, options, watching, board)
        });
        let engine = begin
            .await
            .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        let tell = engine.tell();
        let engine = tokio::spawn(engine.run(inbox));
        Ok(Self {
            commands,
            engine,
            board,
            tell,
        })
    }

    /// Returns where to tell what happened below the directory of the app's endpoints.
    pub(crate) fn tell(&self) -> Teller {
        self.tell.clone()
    }

    /// Returns how it is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        let is_running = !self.engine.is_finished();
        self.board.health(is_running)
    }

    /// Returns the files that it is busy with, which a cleanup has to leave alone.
    #[must_use]
    pub fn claims(&self) -> Claims {
        self.board.claims.clone()
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
