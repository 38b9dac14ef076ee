//! The stream between a process and the one that started it, which is its standard input.

use std::{
    fs::File,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{fs::FileTypeExt, net::UnixStream},
    },
    sync::Arc,
    time::Duration,
};

use tokio::io::AsyncReadExt;

use super::Notifier;
use crate::Error;

/// Longer lines come from nobody we know and are skipped.
const LINE_LIMIT: usize = 4096;

/// This process's end of the stream to whoever started it.
///
/// Messages go up as lines in the words of `sd_notify(3)`; nothing comes down but the end, which
/// means that the process above is dead.
#[derive(Debug, Clone)]
pub struct Link {
    stream: Arc<UnixStream>,
}

impl Link {
    /// Takes the link from the standard input, which is empty from then on.
    ///
    /// `None` when something else than a socket is there, as for a process started by hand.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the system refuses.
    pub fn stdin() -> Result<Option<Self>, Error> {
        take_stdin().map_err(|error| Error::system("take the link from the standard input", error))
    }

    /// Returns a notifier for this link.
    ///
    /// `watchdog` is the time after which the process above takes silence for death: for a
    /// worker that of its [`Supervision`](crate::Supervision).
    #[must_use]
    pub fn notifier(&self, watchdog: Option<Duration>) -> Notifier {
        Notifier::to_link(Arc::clone(&self.stream), watchdog)
    }

    /// Makes it the standard input again, for the program that this process becomes.
    pub(crate) fn hand_on(&self) -> Result<(), Error> {
        rustix::stdio::dup2_stdin(&*self.stream)
            .map_err(|error| Error::system("hand the link on", error))
    }

    /// Waits until the process above is dead.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn closed(&self) {
        if let Err(error) = self.read_to_end().await {
            tracing::debug!("the link broke: {error}");
        }
    }

    async fn read_to_end(&self) -> io::Result<()> {
        let mut stream = tokio::net::UnixStream::from_std(self.stream.try_clone()?)?;
        let mut bytes = [0; 64];
        while stream.read(&mut bytes).await? > 0 {}
        Ok(())
    }
}

fn take_stdin() -> io::Result<Option<Link>> {
    let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    if !file.metadata()?.file_type().is_socket() {
        return Ok(None);
    }
    // Children must not keep the link open after us.
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let stream = UnixStream::from(OwnedFd::from(file));
    stream.set_nonblocking(true)?;
    Ok(Some(Link {
        stream: Arc::new(stream),
    }))
}

/// Returns a reader of messages, and the other end as the standard input of a child.
pub(crate) fn pair() -> io::Result<(Messages, OwnedFd)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let messages = Messages {
        stream: tokio::net::UnixStream::from_std(ours)?,
        buffer: Vec::new(),
        is_skipping: false,
    };
    Ok((messages, theirs.into()))
}

/// What a process below tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Ready,
    Reloading,
    Stopping,
    Watchdog,
    Status(String),
}

impl Message {
    fn parse(line: &[u8]) -> Option<Self> {
        let line = String::from_utf8_lossy(line);
        Some(match line.split_once('=')? {
            ("READY", "1") => Self::Ready,
            ("RELOADING", "1") => Self::Reloading,
            ("STOPPING", "1") => Self::Stopping,
            ("WATCHDOG", "1") => Self::Watchdog,
            ("STATUS", status) => Self::Status(super::one_line(status)),
            _ => return None,
        })
    }
}

/// The messages of a process below, up to its end.
#[derive(Debug)]
pub(crate) struct Messages {
    stream: tokio::net::UnixStream,
    buffer: Vec<u8>,
    is_skipping: bool,
}

impl Messages {
    /// Waits for the next message; `None` when the process has ended. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            while let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let message = Message::parse(&self.buffer[..end]);
                self.buffer.drain(..=end);
                if !std::mem::take(&mut self.is_skipping) && message.is_some() {
                    return message;
                }
            }
            if self.buffer.len() > LINE_LIMIT {
                self.buffer.clear();
                self.is_skipping = true;
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    async fn read(bytes: &[u8]) -> Vec<Message> {
        let (mut messages, theirs) = pair().unwrap();
        let mut theirs = UnixStream::from(theirs);
        let bytes = bytes.to_vec();
        let writer = std::thread::spawn(move || theirs.write_all(&bytes).unwrap());
        let mut all = Vec::new();
        while let Some(message) = messages.next().await {
            all.push(message);
        }
        writer.join().unwrap();
        all
    }

    #[tokio::test]
    async fn messages_are_lines_and_the_rest_is_skipped() {
        let status = |text: &str| Message::Status(text.to_owned());
        let text = "READY=1\nSTATUS=watching = well\nREADY=0\n\nMAINPID=7\nnonsense\nWATCHDOG=1\n\
                    RELOADING=1\nMONOTONIC_USEC=5\nSTOPPING=1\nSTATUS=\nSTATUS=unfinished";
        assert_eq!(
            read(text.as_bytes()).await,
            [
                Message::Ready,
                status("watching = well"),
                Message::Watchdog,
                Message::Reloading,
                Message::Stopping,
                status("")
            ]
        );
    }

    #[tokio::test]
    async fn a_line_without_end_is_skipped_and_what_follows_is_not() {
        let mut bytes = b"STATUS=".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', 1_000_000));
        bytes.extend(b"\nREADY=1\n\xff\xfe=1\nWATCHDOG=1\n");
        assert_eq!(read(&bytes).await, [Message::Ready, Message::Watchdog]);
    }
}
