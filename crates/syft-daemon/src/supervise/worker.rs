use std::{
    ffi::OsString,
    io,
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal};
use tokio::{
    process::Child,
    time::{self, Instant},
};

use super::{Ending, LineSink, lines::Lines};
use crate::{
    background,
    notify::{self, Message, Messages},
};

/// What a dead worker has left in its pipes is there at once.
const REMAINS: Duration = Duration::from_secs(1);

/// One run of the worker.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    messages: Messages,
    is_linked: bool,
    lines: Lines,
    pub(super) began: Instant,
}

/// What a worker does while it runs.
#[derive(Debug)]
pub(super) enum Sign {
    Told(Message),
    Ended(Ending),
}

impl Worker {
    pub(super) fn spawn(program: &Path, arguments: &[OsString]) -> io::Result<Self> {
        let (messages, stdin) = notify::pair()?;
        let mut child = spawn(program, arguments, stdin)?;
        Ok(Self {
            lines: Lines::new(child.stderr.take()),
            child,
            messages,
            is_linked: true,
            began: Instant::now(),
        })
    }

    /// Waits for the next message or the end, and hands on lines meanwhile. Cancel safe.
    pub(super) async fn next(&mut self, sink: &mut dyn LineSink) -> Sign {
        loop {
            tokio::select! {
                biased;
                message = self.messages.next(), if self.is_linked => match message {
                    Some(message) => return Sign::Told(message),
                    None => self.is_linked = false,
                },
                () = self.lines.pump(sink), if self.lines.is_open() => {}
                status = self.child.wait() => return Sign::Ended(ending(status)),
            }
        }
    }

    /// Hands on what the dead worker has left, and returns the last messages.
    pub(super) async fn remains(&mut self, sink: &mut dyn LineSink) -> Vec<Message> {
        let mut last = Vec::new();
        let read = async {
            while self.lines.is_open() {
                self.lines.pump(sink).await;
            }
            while let Some(message) = self.messages.next().await {
                last.push(message);
            }
        };
        // A child of the worker may keep its ends open for ever.
        if time::timeout(REMAINS, read).await.is_err() {
            tracing::debug!("somebody else still holds the worker's streams");
        }
        self.lines.finish(sink);
        sink.flush();
        last
    }

    /// Sends a signal; the number is the worker's for as long as its end has not been noticed.
    pub(super) fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw)
            && let Err(error) = rustix::process::kill_process(pid, signal)
        {
            tracing::debug!("the worker does not hear signals: {error}");
        }
    }
}

/// The command is dropped here, and with it our copy of the worker's end of the link.
fn spawn(program: &Path, arguments: &[OsString], stdin: OwnedFd) -> io::Result<Child> {
    background::command(program, arguments)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
}

fn ending(status: io::Result<ExitStatus>) -> Ending {
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Exited(code),
            (None, Some(signal)) => Ending::Killed(signal),
            (None, None) => Ending::Exited(1),
        },
        Err(error) => {
            tracing::error!("❌ cannot wait for the worker: {error}");
            Ending::Exited(1)
        }
    }
}
