//! Whether the daemon runs, and whether it is the one that is meant.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use syft_daemon::{Ended, Paths};
use syft_state::Timestamp;

use super::finding::{Finding, Fix, quoted};
use crate::{
    commands::status::{now, report},
    exit::chain,
    origin::Origin,
    place,
};

const TOPIC: &str = "daemon";
/// A look takes seconds; one that is this late hangs.
const LATE: Duration = Duration::from_secs(15 * 60);

/// The process that is the daemon.
#[derive(Clone, Debug)]
pub(super) struct Daemon {
    pub(super) pid: u32,
    /// The config that it was started with.
    pub(super) config: Option<PathBuf>,
    /// Whether its program was replaced or removed since it was started.
    pub(super) is_replaced: bool,
}

/// What the pid file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PidFile {
    Missing,
    Names(u32),
    Junk,
}

#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) now: Timestamp,
    /// The config that is checked.
    pub(super) config: PathBuf,
    pub(super) daemon: Option<Daemon>,
    /// Why it cannot be found out whether a daemon runs.
    pub(super) unknown: Option<String>,
    pub(super) pid_file: PidFile,
    pub(super) pid_path: PathBuf,
    /// The PID of Python's program, if that is what the pid file names.
    pub(super) predecessor: Option<u32>,
    /// Why the last daemon gave up, if it did and none runs.
    pub(super) gave_up: Option<String>,
    /// When the next look of the running daemon is due.
    pub(super) next_look: Option<Timestamp>,
    /// What its last look complained of.
    pub(super) trouble: Option<String>,
}

/// Looks for the daemon that has its files beside this state.
pub(super) fn gather(config: &Path, state_path: &Path) -> Facts {
    let paths = place::paths(state_path);
    let (holder, unknown) = match syft_daemon::holder(&paths) {
        Ok(holder) => (holder, None),
        Err(error) => (None, Some(chain(&error))),
    };
    let daemon = holder.map(|holder| Daemon {
        pid: holder.pid,
        config: Origin::read(&paths, holder.pid).map(|origin| origin.config),
        is_replaced: is_replaced(holder.pid),
    });
    let look = report::read(state_path).ok().flatten();
    let look = look.filter(|_| daemon.is_some());
    let ended = Ended::read(&paths).ok().flatten();
    let gave_up = ended.filter(|ended| ended.gave_up && daemon.is_none());
    let pid_file = pid_file(&paths);
    let predecessor = match pid_file {
        PidFile::Names(pid) if is_predecessor(pid) => Some(pid),
        _ => None,
    };
    Facts {
        now: now(),
        config: config.to_owned(),
        daemon,
        unknown,
        pid_file,
        predecessor,
        pid_path: paths.pid(),
        gave_up: gave_up.map(|ended| ended.why),
        next_look: look.as_ref().and_then(|look| look.next),
        trouble: look.and_then(|look| look.error),
    }
}

fn pid_file(paths: &Paths) -> PidFile {
    match syft_state::fs::read_capped(&paths.pid(), 64) {
        Err(error) if error.is_not_found() => PidFile::Missing,
        Err(_) => PidFile::Junk,
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            text.trim().parse().map_or(PidFile::Junk, PidFile::Names)
        }
    }
}

fn is_predecessor(pid: u32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    is_pythons(&line)
}

/// Linux parts the words of a command line by NUL; Python's program has the same pid file.
fn is_pythons(command_line: &[u8]) -> bool {
    let mut words = command_line.split(|byte| *byte == 0);
    let has = |word: &[u8], part: &[u8]| word.windows(part.len()).any(|window| window == part);
    let is_python = words.next().is_some_and(|word| has(word, b"python"));
    is_python && words.any(|word| has(word, b"syft-notify") || has(word, b"syft_client"))
}

/// Returns whether the program of a process is no longer the file that it was started from.
fn is_replaced(pid: u32) -> bool {
    let program = std::fs::read_link(format!("/proc/{pid}/exe"));
    program.is_ok_and(|program| has_lost_its_name(&program))
}

/// Linux says so at the end of the link.
fn has_lost_its_name(program: &Path) -> bool {
    program.to_string_lossy().ends_with(" (deleted)")
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = match (&facts.daemon, &facts.unknown) {
        (Some(daemon), _) => running(facts, daemon),
        (None, Some(reason)) => {
            vec![Finding::warning(TOPIC, "it is unknown whether syft-notify runs").because(reason)]
        }
        (None, None) => vec![not_running(facts)],
    };
    let is_of = |pid| {
        facts
            .daemon
            .as_ref()
            .is_some_and(|daemon| daemon.pid == pid)
    };
    let path = facts.pid_path.display();
    let stale = match facts.pid_file {
        // A daemon that cannot be seen from here may well have the PID that is named.
        _ if facts.unknown.is_some() => None,
        PidFile::Names(pid) if !is_of(pid) => {
            Some(format!("{path} names PID {pid}, which is not it"))
        }
        PidFile::Junk => Some(format!("{path} holds no PID")),
        PidFile::Missing | PidFile::Names(_) => None,
    };
    findings.extend(match (&facts.predecessor, stale) {
        (Some(pid), _) => Some(
            Finding::warning(
                TOPIC,
                format!("Python's program runs beside this one (PID {pid})"),
            )
            .because("what both of them tell arrives twice")
            .mend(format!("kill {pid}, and remove its service")),
        ),
        (None, Some(text)) => Some(
            Finding::warning(TOPIC, text)
                .because("syft-notify does not rely on it, but scripts may")
                .fix(Fix::Remove(facts.pid_path.clone())),
        ),
        (None, None) => None,
    });
    findings
}

fn not_running(facts: &Facts) -> Finding {
    match &facts.gave_up {
        Some(reason) => Finding::problem(TOPIC, "syft-notify has given up")
            .because(reason)
            .mend("syft-notify logs --errors; then syft-notify start"),
        None => Finding::warning(TOPIC, "syft-notify does not run")
            .because("nothing is watched")
            .mend("syft-notify start"),
    }
}

fn running(facts: &Facts, daemon: &Daemon) -> Vec<Finding> {
    let pid = daemon.pid;
    let mut findings = Vec::new();
    if let Some(config) = daemon.config.as_ref().filter(|path| **path != facts.config) {
        findings.push(
            Finding::warning(TOPIC, format!("PID {pid} runs with {}", config.display()))
                .because(format!("this is about {}", facts.config.display()))
                .mend(format!("syft-notify doctor -c {}", quoted(config))),
        );
    }
    if daemon.is_replaced {
        findings.push(
            Finding::warning(TOPIC, format!("the program of PID {pid} was replaced"))
                .because("the version of before goes on until then")
                .mend("syft-notify restart"),
        );
    }
    if let Some(next) = facts.next_look.filter(|next| facts.now.since(*next) > LATE) {
        let minutes = facts.now.since(next).as_secs() / 60;
        findings.push(
            Finding::problem(
                TOPIC,
                format!("the look of PID {pid} is {minutes} min late"),
            )
            .because("it hangs, or the machine slept")
            .mend("syft-notify logs; then syft-notify restart"),
        );
    }
    if let Some(trouble) = &facts.trouble {
        findings.push(
            Finding::warning(TOPIC, format!("the last look of PID {pid} had trouble"))
                .because(trouble)
                .mend("syft-notify status"),
        );
    }
    if findings.is_empty() {
        findings.push(Finding::ok(TOPIC, format!("syft-notify runs (PID {pid})")));
    }
    findings
}

#[cfg(test)]
mod tests;
