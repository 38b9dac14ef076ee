//! Processes that are told apart from later ones with the same number.

use std::{
    fs, io,
    os::fd::OwnedFd,
    time::{Duration, SystemTime},
};

use rustix::process::Pid;
use tokio::time::{self, Instant};

use crate::Error;

const STAT_START_TICKS: usize = 19;
const PAUSE: Duration = Duration::from_millis(20);

/// What can be sent to a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP: read the configuration again.
    HangUp,
    /// SIGTERM: finish what is at hand and end.
    Terminate,
    /// SIGKILL: end now; the process has no say in it.
    Kill,
}

impl Signal {
    fn raw(self) -> rustix::process::Signal {
        match self {
            Self::HangUp => rustix::process::Signal::HUP,
            Self::Terminate => rustix::process::Signal::TERM,
            Self::Kill => rustix::process::Signal::KILL,
        }
    }
}

/// A process number, with the tick of the machine's clock at which the process began where the
/// system tells it (Linux). Numbers are reused; the two together are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) pid: u32,
    pub(crate) ticks: Option<u64>,
}

impl Identity {
    pub(crate) fn own() -> Self {
        let pid = std::process::id();
        let ticks = start_ticks(pid);
        Self { pid, ticks }
    }

    /// Reads `PID TICKS`, where `-` stands for ticks that are not known.
    pub(crate) fn parse(note: &str) -> Option<Self> {
        let (pid, ticks) = note.split_once(' ')?;
        let ticks = match ticks {
            "-" => None,
            ticks => Some(ticks.parse().ok()?),
        };
        let pid = pid.parse().ok()?;
        raw_pid(pid)?;
        Some(Self { pid, ticks })
    }

    pub(crate) fn note(self) -> String {
        match self.ticks {
            Some(ticks) => format!("{} {ticks}", self.pid),
            None => format!("{} -", self.pid),
        }
    }

    /// Returns whether this very process lives; one that only waits to be buried does not.
    pub(crate) fn is_alive(self) -> bool {
        match self.ticks {
            Some(ticks) => start_ticks(self.pid) == Some(ticks),
            None => raw_pid(self.pid).is_some_and(exists),
        }
    }

    /// Returns when the process began, by the clock as it goes now.
    pub(crate) fn since(self) -> Option<SystemTime> {
        let boot = fs::read_to_string("/proc/stat").ok()?;
        let boot = boot.lines().find_map(|line| line.strip_prefix("btime "))?;
        let seconds: u64 = boot.trim().parse().ok()?;
        let running = self.ticks? / rustix::param::clock_ticks_per_second();
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds.checked_add(running)?))
    }
}

/// A living process at hand: signals reach this one or none.
#[derive(Debug)]
pub(crate) struct Process {
    identity: Identity,
    /// Absent where the system has none; then number and ticks have to do.
    #[cfg(target_os = "linux")]
    handle: Option<OwnedFd>,
}

impl Process {
    /// Takes the process in hand if it lives.
    pub(crate) fn find(identity: Identity) -> Option<Self> {
        // The handle comes first: whoever lives after that with these ticks is whom it means.
        #[cfg(target_os = "linux")]
        let handle = raw_pid(identity.pid).and_then(open_handle);
        identity.is_alive().then_some(Self {
            identity,
            #[cfg(target_os = "linux")]
            handle,
        })
    }

    /// Sends a signal; tells whether there was anybody to receive it.
    pub(crate) fn signal(&self, signal: Signal) -> Result<bool, Error> {
        match self.send(signal) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(errno) => {
                let action = format!("send a signal to process {}", self.identity.pid);
                Err(Error::system(action, errno))
            }
        }
    }

    fn send(&self, signal: Signal) -> rustix::io::Result<()> {
        #[cfg(target_os = "linux")]
        if let Some(handle) = &self.handle {
            return rustix::process::pidfd_send_signal(handle, signal.raw());
        }
        match raw_pid(self.identity.pid) {
            Some(pid) if self.identity.is_alive() => {
                rustix::process::kill_process(pid, signal.raw())
            }
            _ => Err(rustix::io::Errno::SRCH),
        }
    }

    /// Waits for the end; returns false when it has not come in time.
    pub(crate) async fn wait(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.identity.is_alive() {
            if Instant::now() >= deadline {
                return false;
            }
            time::sleep(PAUSE).await;
        }
        true
    }
}

fn raw_pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

#[cfg(target_os = "linux")]
fn open_handle(pid: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

fn exists(pid: Pid) -> bool {
    let answer = rustix::process::test_kill_process(pid);
    answer.is_ok() || answer == Err(rustix::io::Errno::PERM)
}

/// Reads when a living process began, in ticks since the machine's start; `proc_pid_stat(5)`.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = match fs::read(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::debug!("cannot examine process {pid}: {error}");
            }
            return None;
        }
    };
    parse_stat(&stat)
}

/// The name may hold spaces and parentheses, so fields are counted from the last one.
fn parse_stat(stat: &[u8]) -> Option<u64> {
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    if matches!(fields.first(), Some(&"Z" | &"X")) {
        return None;
    }
    fields.get(STAT_START_TICKS)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stat: &str, expected: Option<u64>) {
        assert_eq!(parse_stat(stat.as_bytes()), expected, "{stat}");
    }

    #[test]
    fn start_ticks_are_found_behind_any_name() {
        let rest = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18";
        check(&format!("17 (syft-notify) S {rest} 4711 20 21"), Some(4711));
        check(&format!("17 (a ) Z (b) R {rest} 4711 20"), Some(4711));
        check(&format!("17 (dead) Z {rest} 4711 20"), None);
        check(&format!("17 (short) S {rest}"), None);
        check("17 (none", None);
        check("", None);
    }

    #[test]
    fn an_identity_is_read_as_it_is_written() {
        for ticks in [Some(0), Some(u64::MAX), None] {
            let identity = Identity { pid: 17, ticks };
            assert_eq!(Identity::parse(&identity.note()), Some(identity));
        }
        for junk in [
            "",
            "17",
            "17 ",
            " 17",
            "x 1",
            "17 x",
            "17 1 2",
            "-1 5",
            "0 5",
            "4294967295 5",
        ] {
            assert_eq!(Identity::parse(junk), None, "{junk:?}");
        }
    }

    #[test]
    fn a_process_knows_itself_and_no_stranger_in_its_place() {
        let own = Identity::own();
        assert!(own.is_alive());
        assert!(Process::find(own).is_some());
        if let Some(ticks) = own.ticks {
            let stranger = Identity {
                ticks: Some(ticks + 1),
                ..own
            };
            assert!(!stranger.is_alive());
            assert!(Process::find(stranger).is_none());
        }
    }

    #[test]
    fn the_start_is_between_boot_and_now() {
        #[expect(clippy::disallowed_methods, reason = "compared with the real clock")]
        let now = SystemTime::now();
        if let Some(since) = Identity::own().since() {
            assert!(since <= now);
            assert!(now.duration_since(since).unwrap() < Duration::from_secs(3600));
        }
    }
}
