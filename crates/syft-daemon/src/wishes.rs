//! What others want of a running daemon: signals, a terminal that closes, a supervisor that dies.

use crate::{Error, Link, Signals, Wish};

/// Everything that others may want of a daemon.
///
/// It hears from the start, so that nothing is lost between two waits.
#[derive(Debug)]
pub struct Wishes {
    signals: Signals,
    terminal: Terminal,
    link: Option<Link>,
    /// A reload that was wanted during another one.
    owes_reload: bool,
}

impl Wishes {
    /// Begins to listen, also to the link to a supervisor, whose end is a wish to stop.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the system refuses a handler.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn listen(link: Option<Link>) -> Result<Self, Error> {
        // Whoever listens no longer ignores, so this is looked up first.
        let terminal = Terminal::of_this();
        Ok(Self {
            signals: Signals::listen()?,
            terminal,
            link,
            owes_reload: false,
        })
    }

    /// Waits for the next wish. Cancel safe.
    pub async fn next(&mut self) -> Wish {
        if std::mem::take(&mut self.owes_reload) {
            return Wish::Reload;
        }
        self.hear().await
    }

    /// Does something; `None` means that somebody wants all to stop meanwhile.
    pub async fn unless_stopped<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Some(done),
                wish = self.hear() => match wish {
                    Wish::Stop => return None,
                    Wish::Reload => self.owes_reload = true,
                },
            }
        }
    }

    async fn hear(&mut self) -> Wish {
        let link = self.link.as_mut();
        let orphaned = async {
            match link {
                Some(link) => link.closed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            wish = self.signals.next() => match wish {
                Wish::Reload if self.terminal.has_closed() => {
                    tracing::info!("the terminal was closed");
                    Wish::Stop
                }
                wish => wish,
            },
            () = orphaned => {
                tracing::warn!("⚠️  the supervisor is gone; stopping");
                Wish::Stop
            }
        }
    }
}

/// The terminal of a foreground run, whose closing is told by the same signal as a wish to reload.
#[derive(Debug)]
struct Terminal {
    /// Whether there is one, and nobody asked by `nohup` to outlive it.
    is_followed: bool,
}

impl Terminal {
    fn of_this() -> Self {
        Self {
            is_followed: is_there() && !is_hangup_ignored(),
        }
    }

    /// Returns whether the terminal is gone that was there before.
    fn has_closed(&self) -> bool {
        self.is_followed && !is_there()
    }
}

/// The system takes the controlling terminal away before it tells of it.
fn is_there() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// Returns whether whoever started this wants SIGHUP to be ignored, as `nohup` does.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignores_hangup(&status)
}

fn ignores_hangup(status: &str) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is signal 1, whose bit is the lowest.
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_seen() {
        for (status, ignored) in [
            ("Name:\ta\nSigIgn:\t0000000000000001\n", true),
            ("SigIgn:\t0000000000001001\n", true),
            ("SigIgn:\t0000000000001000\n", false),
            ("SigBlk:\t0000000000000001\n", false),
            ("", false),
        ] {
            assert_eq!(ignores_hangup(status), ignored, "{status}");
        }
    }
}
