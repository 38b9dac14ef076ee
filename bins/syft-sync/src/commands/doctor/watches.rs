//! Whether the system lets us watch as many directories as the watchers need.

use syft_jobs::mirror::{Kind, Options, plan::Side, tree::scan};
use syft_terminal::finding::Finding;

use crate::config::Config;

const TOPIC: &str = "watchers";
const LIMIT: &str = "/proc/sys/fs/inotify/max_user_watches";

/// How many directories are to be watched, and how many may be.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    watchers: usize,
    directories: usize,
    limit: Option<usize>,
    /// What could not be looked at.
    missing: Vec<String>,
}

impl Facts {
    pub(super) fn gather(config: &Config) -> Self {
        let mut facts = Self {
            limit: std::fs::read_to_string(LIMIT)
                .ok()
                .and_then(|text| text.trim().parse().ok()),
            ..Self::default()
        };
        let options = Options::default();
        for watcher in config.watchers.iter().filter(|watcher| watcher.enabled) {
            facts.watchers += 1;
            if !watcher.recursive {
                facts.directories += 1;
                continue;
            }
            match scan(&watcher.path, Side::Destination, &options) {
                Ok(tree) => {
                    let directories = tree
                        .ids()
                        .filter(|id| tree.meta(*id).kind == Kind::Directory);
                    facts.directories += directories.count();
                }
                Err(error) => {
                    let missing = format!("{}: {}", watcher.id, crate::exit::chain(&error));
                    facts.missing.push(missing);
                }
            }
        }
        facts
    }
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<_> = facts
        .missing
        .iter()
        .map(|missing| {
            Finding::warning(TOPIC, missing)
                .because("it is looked for every 5 seconds, and watched once it is there")
        })
        .collect();
    let (needed, of) = (facts.directories, facts.watchers);
    match facts.limit {
        Some(limit) if needed > limit => findings.push(
            Finding::problem(
                TOPIC,
                format!("{needed} directories are to be watched, and {limit} may be"),
            )
            .because("the rest is only looked at from time to time")
            .mend(format!(
                "sudo sysctl fs.inotify.max_user_watches={}",
                needed.saturating_mul(2)
            )),
        ),
        _ if of > 0 => findings.push(Finding::ok(
            TOPIC,
            format!(
                "{} of {} can be watched",
                if needed == 1 {
                    "1 directory".to_owned()
                } else {
                    format!("{needed} directories")
                },
                syft_terminal::count(of, "watcher")
            ),
        )),
        _ => {}
    }
    findings
}

#[cfg(test)]
mod tests {
    use syft_terminal::finding::lines;

    use super::*;

    #[test]
    fn the_number_that_is_needed_is_named() {
        let facts = Facts {
            watchers: 1,
            directories: 9000,
            limit: Some(8192),
            missing: Vec::new(),
        };
        let expected = "❌ 9000 directories are to be watched, and 8192 may be — the rest is only \
                        looked at from time to time — sudo sysctl fs.inotify.max_user_watches=18000";
        assert_eq!(lines(&findings(&facts)), [expected]);
        let facts = Facts {
            directories: 1,
            ..facts
        };
        assert_eq!(
            lines(&findings(&facts)),
            ["✅ 1 directory of 1 watcher can be watched"]
        );
        assert!(findings(&Facts::default()).is_empty());
    }
}
