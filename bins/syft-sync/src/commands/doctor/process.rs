//! Whether the daemon runs, and answers.

use syft_terminal::finding::{Finding, Fix};

use crate::place::Place;

const TOPIC: &str = "daemon";

/// What is known of the process.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// The PID of what runs.
    running: Option<u32>,
    /// What is wrong with finding that out.
    trouble: Option<String>,
    answers: bool,
    /// A pid file that nobody has taken away.
    stale: Option<(std::path::PathBuf, u32)>,
}

impl Facts {
    pub(super) fn gather(place: &Place) -> Self {
        match place.running() {
            Err(failure) => Self {
                trouble: Some(failure.message),
                ..Self::default()
            },
            Ok(None) => Self {
                stale: place.stale_pid().map(|pid| (place.paths.pid(), pid)),
                ..Self::default()
            },
            Ok(Some(running)) => Self {
                running: Some(running.holder.pid),
                answers: matches!(place.control(), Ok(Some(_))),
                ..Self::default()
            },
        }
    }
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(trouble) = &facts.trouble {
        findings.push(Finding::problem(TOPIC, trouble));
    }
    match facts.running {
        Some(pid) if facts.answers => {
            findings.push(Finding::ok(TOPIC, format!("it runs (PID {pid})")));
        }
        Some(pid) => findings.push(
            Finding::warning(
                TOPIC,
                format!("it runs (PID {pid}), but its control API is closed"),
            )
            .because("`status`, `trigger` and `reload` need it")
            .mend("syft-sync logs"),
        ),
        None if facts.trouble.is_none() => findings.push(
            Finding::warning(TOPIC, "it does not run")
                .because("no job runs by itself")
                .mend("syft-sync start"),
        ),
        None => {}
    }
    if let Some((path, pid)) = &facts.stale {
        findings.push(
            Finding::warning(
                TOPIC,
                format!("{} names PID {pid}, which is not ours", path.display()),
            )
            .because("it is left over from a crash or a reboot, and harmless")
            .fix(Fix::Remove(path.clone())),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use syft_terminal::finding::lines;

    use super::*;

    #[track_caller]
    fn check(facts: Facts, expected: &[&str]) {
        assert_eq!(lines(&findings(&facts)), expected);
    }

    #[test]
    fn what_runs_and_what_is_left_over() {
        check(
            Facts {
                running: Some(7),
                answers: true,
                ..Facts::default()
            },
            &["✅ it runs (PID 7)"],
        );
        check(
            Facts {
                stale: Some(("/run/x.pid".into(), 9)),
                ..Facts::default()
            },
            &[
                "⚠️ it does not run — no job runs by itself — syft-sync start",
                "⚠️ /run/x.pid names PID 9, which is not ours — it is left over from a crash or a \
                 reboot, and harmless — rm /run/x.pid",
            ],
        );
        check(
            Facts {
                trouble: Some("a".into()),
                ..Facts::default()
            },
            &["❌ a"],
        );
    }
}
