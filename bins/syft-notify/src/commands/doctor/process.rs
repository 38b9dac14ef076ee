//! Whether the daemon runs, and whether it is the one that is meant.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use syft_daemon::{Ended, Paths};
use syft_state::Timestamp;

use super::finding::{Finding, quoted};
use crate::{
    commands::status::{now, report},
    exit::chain,
    journal::one_line,
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
    Facts {
        now: now(),
        config: config.to_owned(),
        daemon,
        unknown,
        pid_file: pid_file(&paths),
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
        PidFile::Names(pid) if !is_of(pid) => {
            Some(format!("{path} names PID {pid}, which is not it"))
        }
        PidFile::Junk => Some(format!("{path} holds no PID")),
        PidFile::Missing | PidFile::Names(_) => None,
    };
    findings.extend(stale.map(|text| {
        Finding::warning(TOPIC, text)
            .because("syft-notify does not rely on it, but scripts may")
            .mend(format!("rm {}", quoted(&facts.pid_path)))
    }));
    findings
}

fn not_running(facts: &Facts) -> Finding {
    match &facts.gave_up {
        Some(reason) => Finding::problem(TOPIC, "syft-notify has given up")
            .because(one_line(reason))
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
                .because(one_line(trouble))
                .mend("syft-notify status"),
        );
    }
    if findings.is_empty() {
        findings.push(Finding::ok(TOPIC, format!("syft-notify runs (PID {pid})")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::lines;

    fn facts() -> Facts {
        Facts {
            now: Timestamp::from_seconds(1_800_000_000),
            config: "/c/daemon.yaml".into(),
            daemon: Some(Daemon {
                pid: 7,
                config: Some("/c/daemon.yaml".into()),
                is_replaced: false,
            }),
            unknown: None,
            pid_file: PidFile::Names(7),
            pid_path: "/c/x.pid".into(),
            gave_up: None,
            next_look: Some(Timestamp::from_seconds(1_800_000_010)),
            trouble: None,
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Facts), expected: &[&str]) {
        let mut facts = facts();
        change(&mut facts);
        assert_eq!(lines(&findings(&facts)), expected);
    }

    #[test]
    fn a_running_daemon() {
        let runs = "✅ syft-notify runs (PID 7)";
        check(|_| {}, &[runs]);
        check(|facts| facts.pid_file = PidFile::Missing, &[runs]);
        check(
            |facts| facts.next_look = Some(facts.now.before(Duration::from_secs(16 * 60))),
            &[
                "❌ the look of PID 7 is 16 min late — it hangs, or the machine slept — syft-notify \
               logs; then syft-notify restart",
            ],
        );
        check(
            |facts| facts.trouble = Some("no\nnetwork".to_owned()),
            &["⚠️ the last look of PID 7 had trouble — no network — syft-notify status"],
        );
        let daemon = |change: fn(&mut Daemon)| {
            move |facts: &mut Facts| change(facts.daemon.as_mut().unwrap())
        };
        check(
            daemon(|daemon| daemon.is_replaced = true),
            &[
                "⚠️ the program of PID 7 was replaced — the version of before goes on until then — \
               syft-notify restart",
            ],
        );
        check(
            daemon(|daemon| daemon.config = Some("/other.yaml".into())),
            &[
                "⚠️ PID 7 runs with /other.yaml — this is about /c/daemon.yaml — syft-notify doctor \
               -c /other.yaml",
            ],
        );
        check(daemon(|daemon| daemon.config = None), &[runs]);
    }

    #[test]
    fn no_daemon() {
        let none = |facts: &mut Facts| {
            facts.daemon = None;
            facts.pid_file = PidFile::Missing;
        };
        let idle = "⚠️ syft-notify does not run — nothing is watched — syft-notify start";
        check(none, &[idle]);
        check(
            |facts| {
                none(facts);
                facts.unknown = Some("held elsewhere".to_owned());
            },
            &["⚠️ it is unknown whether syft-notify runs — held elsewhere"],
        );
        check(
            |facts| {
                none(facts);
                facts.gave_up = Some("8 crashes".to_owned());
            },
            &[
                "❌ syft-notify has given up — 8 crashes — syft-notify logs --errors; then \
               syft-notify start",
            ],
        );
        // T22: a number in a file proves nothing.
        check(
            |facts| facts.daemon = None,
            &[
                idle,
                "⚠️ /c/x.pid names PID 7, which is not it — syft-notify does not rely on it, but \
                 scripts may — rm /c/x.pid",
            ],
        );
        check(
            |facts| {
                none(facts);
                facts.pid_file = PidFile::Junk;
            },
            &[
                idle,
                "⚠️ /c/x.pid holds no PID — syft-notify does not rely on it, but scripts may — rm \
                 /c/x.pid",
            ],
        );
    }

    #[test]
    fn a_program_that_has_lost_its_name() {
        assert!(has_lost_its_name("/bin/syft-notify (deleted)".as_ref()));
        assert!(!has_lost_its_name("/bin/syft-notify".as_ref()));
        assert!(!is_replaced(std::process::id()));
    }

    #[test]
    fn t22_pid_files() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::new(dir.path(), "x");
        assert_eq!(pid_file(&paths), PidFile::Missing);
        for (text, expected) in [("12\n", PidFile::Names(12)), ("a", PidFile::Junk)] {
            syft_state::fs::write_atomic(&paths.pid(), text.as_bytes(), 0o600).unwrap();
            assert_eq!(pid_file(&paths), expected);
        }
        std::fs::remove_file(paths.pid()).unwrap();
        std::fs::create_dir(paths.pid()).unwrap();
        assert_eq!(pid_file(&paths), PidFile::Junk);
    }
}
