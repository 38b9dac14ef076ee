//! Telling whoever started this process how it is doing, in the words of `sd_notify(3)`.

mod link;

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write},
    os::unix::{
        ffi::OsStrExt,
        net::{SocketAddr, UnixDatagram, UnixStream},
    },
    sync::Arc,
    time::Duration,
};

use sd_notify::NotifyState;

pub use link::Link;
pub(crate) use link::{Message, Messages, pair};

use crate::Error;

/// A status is for people, and one line.
const STATUS_LIMIT: usize = 1000;

/// Tells a service manager, a supervisor, or nobody how this process is doing.
///
/// Telling never waits and never fails: what nobody hears is dropped. Clones tell the same one.
#[derive(Debug, Clone, Default)]
pub struct Notifier {
    listener: Listener,
    watchdog: Option<Duration>,
}

#[derive(Debug, Clone, Default)]
enum Listener {
    #[default]
    Nobody,
    Manager(Arc<UnixDatagram>),
    Link(Arc<UnixStream>),
}

impl Notifier {
    /// Tells nobody.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Tells the service manager that the environment names, or nobody if it names none.
    ///
    /// `variable` looks a variable up in the caller's environment: `NOTIFY_SOCKET`, a path or an
    /// abstract name after `@`, and `WATCHDOG_USEC` and `WATCHDOG_PID`.
    ///
    /// # Errors
    ///
    /// [`Error::Socket`] when there is such a variable but nobody can be told.
    pub fn systemd(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let Some(socket) = variable("NOTIFY_SOCKET").filter(|socket| !socket.is_empty()) else {
            return Ok(Self::none());
        };
        let connected = connect(&socket).map_err(|error| Error::Socket {
            socket: socket.to_string_lossy().into_owned(),
            reason: error.to_string(),
        })?;
        let number = |name| variable(name).and_then(|value| value.to_str()?.parse::<u64>().ok());
        let is_meant =
            number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let deadline = number("WATCHDOG_USEC").filter(|&usec| usec > 0 && is_meant);
        Ok(Self {
            listener: Listener::Manager(Arc::new(connected)),
            watchdog: deadline.map(Duration::from_micros),
        })
    }

    pub(crate) fn to_link(stream: Arc<UnixStream>, watchdog: Option<Duration>) -> Self {
        Self {
            listener: Listener::Link(stream),
            watchdog,
        }
    }

    /// Returns how often [`Self::watchdog`] should be called while there is progress: half of
    /// the time after which silence is taken for death. `None` when nobody watches.
    #[must_use]
    pub fn watchdog_period(&self) -> Option<Duration> {
        self.watchdog.map(|deadline| deadline / 2)
    }

    /// Says that the start, or a reload, is complete, and in one line what is done now.
    pub fn ready(&self, status: &str) {
        // Whoever waits for the one may not read on to the other.
        self.send(&[NotifyState::Status(&one_line(status)), NotifyState::Ready]);
    }

    /// Says that the configuration is being read again; [`Self::ready`] ends that.
    pub fn reloading(&self) {
        // Since systemd 253 the two belong together (`Type=notify-reload`).
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.send(&[NotifyState::Reloading, now]),
            Err(_) => self.send(&[NotifyState::Reloading]),
        }
    }

    /// Says that the end has begun, and why.
    pub fn stopping(&self, status: &str) {
        self.send(&[
            NotifyState::Status(&one_line(status)),
            NotifyState::Stopping,
        ]);
    }

    /// Says in one line what is done now, or what is wrong.
    pub fn status(&self, status: &str) {
        self.send(&[NotifyState::Status(&one_line(status))]);
    }

    /// Says that there is progress.
    pub fn watchdog(&self) {
        self.send(&[NotifyState::Watchdog]);
    }

    /// Tells what a process below told us.
    pub(crate) fn relay(&self, message: &Message) {
        self.send(&[match message {
            Message::Ready => NotifyState::Ready,
            Message::Reloading => NotifyState::Reloading,
            Message::Stopping => NotifyState::Stopping,
            Message::Watchdog => NotifyState::Watchdog,
            Message::Status(status) => NotifyState::Status(status),
        }]);
    }

    fn send(&self, states: &[NotifyState<'_>]) {
        let text: String = states.iter().map(|state| format!("{state}\n")).collect();
        let sent = match &self.listener {
            Listener::Nobody => Ok(()),
            Listener::Manager(socket) => socket.send(text.as_bytes()).map(|_| ()),
            Listener::Link(stream) => stream.as_ref().write_all(text.as_bytes()),
        };
        if let Err(error) = sent {
            tracing::debug!("nobody hears {text:?}: {error}");
        }
    }
}

/// The crate's own sending reads the environment and knows no abstract names.
fn connect(socket: &OsStr) -> io::Result<UnixDatagram> {
    let datagram = UnixDatagram::unbound()?;
    datagram.connect_addr(&address(socket)?)?;
    datagram.set_nonblocking(true)?;
    Ok(datagram)
}

fn address(socket: &OsStr) -> io::Result<SocketAddr> {
    match socket.as_bytes() {
        [b'/', ..] => SocketAddr::from_pathname(socket),
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(name)
        }
        _ => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "neither a path nor an abstract name",
        )),
    }
}

/// Line breaks would begin a new assignment.
fn one_line(status: &str) -> String {
    let mut line = String::new();
    for character in status.trim().chars() {
        if line.len() + character.len_utf8() > STATUS_LIMIT {
            break;
        }
        line.push(if character.is_control() {
            ' '
        } else {
            character
        });
    }
    line
}
