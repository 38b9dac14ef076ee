//! Whether the config file can be used, and whether it says anything odd.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use syft_monitor::config::{Backend, Config, ConfigError};

use super::finding::{Finding, quoted};

const TOPIC: &str = "config";
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A look costs 100 units of Google's quota, of which a project has 400 million a day.
const HASTY: Duration = Duration::from_secs(5);

/// A config file that was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) file: PathBuf,
    /// What to say about each key that means nothing, and the key that was meant.
    pub(super) unknown: Vec<(String, Option<String>)>,
    pub(super) uses_google: bool,
    pub(super) interval: Duration,
    pub(super) heartbeat: Option<Duration>,
    pub(super) digest: Option<Duration>,
    /// The part of a day, as `22:00-07:00`, and how long it is.
    pub(super) quiet_hours: Option<(String, Duration)>,
    /// Files that the config names and that are not there, with what misses them.
    pub(super) missing: Vec<(PathBuf, &'static str)>,
}

impl Facts {
    pub(super) fn of(config: &Config) -> Self {
        let unknown = config.unknown_keys.iter();
        let mut missing = Vec::new();
        if let Some(path) = config.templates_dir.as_ref().filter(|path| !path.is_dir()) {
            missing.push((path.clone(), "the built-in templates are used in its place"));
        }
        Self {
            file: config.file.clone(),
            unknown: unknown
                .map(|key| (key.key.clone(), key.suggestion.map(ToOwned::to_owned)))
                .collect(),
            uses_google: config.backend == Backend::Google && config.google_endpoint.is_none(),
            interval: config.interval,
            heartbeat: config.heartbeat,
            digest: config.digest,
            quiet_hours: config.quiet_hours.map(|hours| {
                let hours = hours.to_string();
                let length = length(&hours);
                (hours, length)
            }),
            missing,
        }
    }
}

/// Returns how long a part of a day such as `22:00-07:00` is.
fn length(hours: &str) -> Duration {
    let minutes = |time: &str| {
        let (hour, minute) = time.split_once(':')?;
        Some(hour.parse::<u64>().ok()? * 60 + minute.parse::<u64>().ok()?)
    };
    let times = hours.split_once('-');
    let times = times.and_then(|(from, to)| Some((minutes(from)?, minutes(to)?)));
    times.map_or(Duration::ZERO, |(from, to)| {
        Duration::from_secs((to + 24 * 60 - from) % (24 * 60) * 60)
    })
}

/// Says why there is no config to go on with.
pub(super) fn unusable(file: &Path, error: &ConfigError) -> Finding {
    let file = quoted(file);
    match error {
        ConfigError::Missing { path } => {
            Finding::problem(TOPIC, format!("there is no config file {}", path.display()))
                .mend("syft-notify init")
        }
        ConfigError::Unreadable { .. } => {
            Finding::problem(TOPIC, error).mend(format!("ls -l {file}"))
        }
        error => Finding::problem(TOPIC, error)
            .mend("correct the file, then syft-notify config validate"),
    }
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let file = facts.file.display();
    let mut findings = vec![Finding::ok(TOPIC, format!("{file} can be read"))];
    for (key, meant) in &facts.unknown {
        let remedy = meant.as_ref().map_or_else(
            || format!("remove it from {file}"),
            |meant| format!("write `{meant}` in {file}"),
        );
        let finding = Finding::warning(TOPIC, format!("the key `{key}` means nothing here"))
            .because("it has no effect");
        findings.push(finding.mend(remedy));
    }
    for (path, use_) in &facts.missing {
        findings.push(
            Finding::warning(TOPIC, format!("{} is not there", path.display())).because(use_),
        );
    }
    findings.extend(odd_times(facts));
    findings
}

fn odd_times(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut odd = |finding: String, reason: &str, remedy: &str| {
        let remedy = format!("set {remedy} in {}", quoted(&facts.file));
        findings.push(
            Finding::warning(TOPIC, finding)
                .because(reason)
                .mend(remedy),
        );
    };
    if facts.uses_google && facts.interval < HASTY {
        odd(
            format!("`interval` is {} s", facts.interval.as_secs_f64()),
            "each look costs 100 units of Google's quota",
            "`interval` to 30",
        );
    }
    if let Some(heartbeat) = facts.heartbeat {
        if heartbeat < HOUR {
            odd(
                format!("a heartbeat mail goes every {} s", heartbeat.as_secs()),
                "nobody reads so many",
                "`heartbeat` to 86400",
            );
        } else if heartbeat > 31 * DAY {
            odd(
                format!(
                    "a heartbeat mail goes every {} d",
                    heartbeat.as_secs() / 86_400
                ),
                "its absence is noticed late",
                "`heartbeat` to 86400",
            );
        }
    }
    if let Some(digest) = facts.digest {
        if digest > 2 * DAY {
            odd(
                format!("mails are collected for {} d", digest.as_secs() / 86_400),
                "jobs wait for you all that time",
                "`digest` to 3600",
            );
        } else if digest < facts.interval {
            odd(
                "`digest` is shorter than `interval`".to_owned(),
                "there is nothing to collect between two looks",
                "`digest` to 3600",
            );
        }
    }
    if let Some((hours, length)) = &facts.quiet_hours
        && *length > 16 * HOUR
    {
        odd(
            format!(
                "`quiet_hours` {hours} are {} h of a day",
                length.as_secs() / 3600
            ),
            "mails to you wait all that time",
            "`quiet_hours` to \"22:00-07:00\"",
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::lines;

    #[track_caller]
    fn check(change: impl FnOnce(&mut Facts), expected: &[&str]) {
        let mut facts = Facts {
            file: "/c/daemon.yaml".into(),
            uses_google: true,
            interval: Duration::from_secs(30),
            ..Facts::default()
        };
        change(&mut facts);
        let lines = lines(&findings(&facts));
        assert_eq!(lines[0], "✅ /c/daemon.yaml can be read");
        assert_eq!(lines[1..], *expected);
    }

    #[test]
    fn a_config_that_can_be_read() {
        let seconds = Duration::from_secs;
        check(|_| {}, &[]);
        check(
            |facts| facts.unknown = vec![("intervall".into(), Some("interval".into()))],
            &[
                "⚠️ the key `intervall` means nothing here — it has no effect — write `interval` in /c/daemon.yaml",
            ],
        );
        check(
            |facts| facts.unknown = vec![("x".into(), None)],
            &[
                "⚠️ the key `x` means nothing here — it has no effect — remove it from /c/daemon.yaml",
            ],
        );
        check(
            |facts| facts.missing = vec![("/c/t".into(), "the built-in templates are used")],
            &["⚠️ /c/t is not there — the built-in templates are used"],
        );
        check(
            |facts| facts.interval = seconds(1),
            &[
                "⚠️ `interval` is 1 s — each look costs 100 units of Google's quota — set `interval` to 30 in /c/daemon.yaml",
            ],
        );
        check(
            |facts| (facts.interval, facts.uses_google) = (seconds(1), false),
            &[],
        );
        check(|facts| facts.heartbeat = Some(DAY), &[]);
        check(
            |facts| facts.heartbeat = Some(seconds(60)),
            &[
                "⚠️ a heartbeat mail goes every 60 s — nobody reads so many — set `heartbeat` to 86400 in /c/daemon.yaml",
            ],
        );
        check(
            |facts| facts.heartbeat = Some(60 * DAY),
            &[
                "⚠️ a heartbeat mail goes every 60 d — its absence is noticed late — set `heartbeat` to 86400 in /c/daemon.yaml",
            ],
        );
        check(|facts| facts.digest = Some(HOUR), &[]);
        check(
            |facts| facts.digest = Some(3 * DAY),
            &[
                "⚠️ mails are collected for 3 d — jobs wait for you all that time — set `digest` to 3600 in /c/daemon.yaml",
            ],
        );
        check(
            |facts| facts.digest = Some(seconds(10)),
            &[
                "⚠️ `digest` is shorter than `interval` — there is nothing to collect between two looks — set `digest` to 3600 in /c/daemon.yaml",
            ],
        );
        check(
            |facts| facts.quiet_hours = Some(("22:00-07:00".into(), 9 * HOUR)),
            &[],
        );
        check(
            |facts| facts.quiet_hours = Some(("07:00-06:00".into(), 23 * HOUR)),
            &[
                "⚠️ `quiet_hours` 07:00-06:00 are 23 h of a day — mails to you wait all that time — set `quiet_hours` to \"22:00-07:00\" in /c/daemon.yaml",
            ],
        );
    }

    #[test]
    fn parts_of_a_day() {
        for (hours, expected) in [
            ("22:00-07:00", 9 * 3600),
            ("07:30-08:00", 1800),
            ("00:00-23:59", 23 * 3600 + 59 * 60),
        ] {
            assert_eq!(length(hours).as_secs(), expected, "{hours}");
        }
    }

    #[test]
    fn a_config_that_cannot_be_used() {
        let path = || "/c".into();
        let reason = || "line 3".to_owned();
        for (error, expected) in [
            (
                ConfigError::Missing { path: path() },
                "there is no config file /c — syft-notify init",
            ),
            (
                ConfigError::Unreadable {
                    path: path(),
                    reason: "Permission denied".to_owned(),
                },
                "cannot read the config file /c: Permission denied — ls -l /c",
            ),
            (
                ConfigError::Malformed {
                    path: path(),
                    reason: reason(),
                },
                "/c: line 3 — correct the file, then syft-notify config validate",
            ),
        ] {
            assert_eq!(unusable(&path(), &error).to_string(), expected);
        }
    }
}
