//! `syft-sync config generate`.

use std::{fmt::Write as _, path::Path};

use crate::{
    config::{
        quote,
        schema::{Key, Kind, Preset, ROOT},
    },
    exit::{Exit, Failure, Outcome},
    term::{self, ACCENT, GOOD, paint},
};

const INFALLIBLE: &str = "a string takes everything";

const HEAD: &str = "\
# What syft-sync keeps in step, and how. What is commented out is in force by itself, or an
# example. Check the file by `syft-sync config validate`, and what is in force by
# `syft-sync config show --origin`.
";

/// What is not commented out: the job that the seed's `config generate` writes.
const SAMPLE: &[(&str, &str)] = &[
    ("sync_jobs.id", "\"default\""),
    ("sync_jobs.name", "\"Default Sync Job\""),
    ("sync_jobs.source_path", "\"./source\""),
    ("sync_jobs.destination_path", "\"./destination\""),
    ("sync_jobs.enabled", "true"),
    ("sync_jobs.filters", "[\"*.tmp\", \"*.log\"]"),
    ("sync_jobs.schedule.type", "\"interval\""),
    ("sync_jobs.schedule.interval", "\"5m\""),
    ("file_watchers.id", "\"default-watcher\""),
    ("file_watchers.name", "\"Default File Watcher\""),
    ("file_watchers.watch_path", "\"./source\""),
    ("file_watchers.sync_job_id", "\"default\""),
    ("file_watchers.enabled", "true"),
    ("file_watchers.recursive", "true"),
    ("file_watchers.debounce_ms", "1000"),
    (
        "file_watchers.watch_events",
        "[\"create\", \"write\", \"remove\", \"rename\"]",
    ),
];

/// What keys look like that have no fixed default.
const EXAMPLES: &[(&str, &str)] = &[
    ("pocketbase.url", "\"http://localhost:8090\""),
    ("pocketbase.admin_email", "\"admin@example.com\""),
    ("pocketbase.admin_password", "\"…\""),
    (
        "pocketbase.password_file",
        "\"~/.config/syft-sync/pocketbase.password\"",
    ),
    ("pocketbase.auth_collection", "\"daemons\""),
    ("pocketbase.allowed_roots", "[\"~/Documents\", \"/backup\"]"),
    ("pocketbase.daemon_id", "\"this-machine\""),
    ("daemon.pid_file", "\"/var/run/sync-daemon.pid\""),
    ("daemon.log_file", "\"/var/log/sync-daemon.log\""),
    ("daemon.log_level", "\"info\""),
    ("daemon.run_as_user", "\"nobody\""),
    ("daemon.run_as_group", "\"nogroup\""),
    ("daemon.working_directory", "\"/\""),
    ("daemon.state_dir", "\"/var/lib/syft-sync\""),
    ("sync_jobs.schedule.expression", "\"0 */15 * * * *\""),
    ("sync_jobs.sync_options.conflict_resolution", "\"source\""),
    ("sync_jobs.sync_options.symlinks", "\"copy\""),
    ("file_watchers.max_events_per_second", "100"),
    ("cache.cache_dir", "\"/var/cache/sync-daemon\""),
    ("telemetry.log_file_path", "\"/var/log/sync-daemon.log\""),
    ("http.token_file", "\"/var/lib/syft-sync/http.token\""),
];

pub(super) fn run(output: Option<&Path>, force: bool) -> Outcome {
    let Some(path) = output else {
        term::bytes(text().as_bytes());
        return Ok(());
    };
    if !force && path.symlink_metadata().is_ok() {
        return Err(Failure::new(
            Exit::Usage,
            format_args!("{} is there already", path.display()),
        )
        .hint("choose another file, or write over it by --force"));
    }
    super::write(path, &text())?;
    let shown = path.display();
    term::say(format_args!("{} {shown}", paint(GOOD, "written:")));
    let next = format!("edit it, then: syft-sync config validate --config {shown}");
    term::say(format_args!("{}    {next}", paint(ACCENT, "next:")));
    Ok(())
}

/// Returns a config with every key that does anything.
fn text() -> String {
    let mut text = String::from(HEAD);
    for key in ROOT.iter().filter(|key| key.has_effect) {
        section(&mut text, key, key.name);
    }
    text
}

fn section(text: &mut String, section: &Key, path: &str) {
    let (header, keys) = match section.kind {
        Kind::Table(keys) => (format!("[{path}]"), keys),
        Kind::Tables(keys) => (format!("[[{path}]]"), keys),
        _ => return,
    };
    // A table that means something by being there is an example as a whole.
    let mark = if matches!(section.preset, Preset::Absent) {
        "#"
    } else {
        ""
    };
    writeln!(text, "\n# {}\n{mark}{header}", section.about).expect(INFALLIBLE);
    for key in keys.iter().filter(|key| key.has_effect) {
        value(text, key, &format!("{path}.{}", key.name));
    }
    for key in keys {
        self::section(text, key, &format!("{path}.{}", key.name));
    }
}

fn value(text: &mut String, key: &Key, path: &str) {
    let listed = |list: &[(&str, &str)]| {
        let found = list.iter().find(|(listed, _)| *listed == path);
        found.map(|(_, value)| (*value).to_owned())
    };
    let (mark, value) = match listed(SAMPLE) {
        Some(value) => ("", Some(value)),
        None => ("#", listed(EXAMPLES).or_else(|| preset(&key.preset))),
    };
    if let Some(value) = value {
        writeln!(text, "# {}\n{mark}{} = {value}", key.about, key.name).expect(INFALLIBLE);
    }
}

fn preset(preset: &Preset) -> Option<String> {
    Some(match preset {
        Preset::Absent | Preset::Table => return None,
        Preset::Bool(value) => value.to_string(),
        Preset::Integer(value) => value.to_string(),
        Preset::Text(value) => quote(value),
        Preset::Empty => "[]".to_owned(),
        Preset::Numbers(values) => format!("{values:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Machine, Severity, Sources};

    const TEMPLATE: &str = include_str!("../../../../../templates/config/sync-daemon.toml");

    fn sources() -> Sources {
        Sources {
            home: "/nowhere/home".into(),
            machine: Machine {
                directory: "/nowhere/here".into(),
                is_root: true,
                ..Machine::default()
            },
            ..Sources::default()
        }
    }

    #[test]
    fn the_template_is_what_is_generated() {
        assert_eq!(text(), TEMPLATE, "write it by: syft-sync config generate");
    }

    #[test]
    fn what_is_generated_is_valid_and_changes_no_default() {
        let generated = Config::parse(&text(), &sources()).unwrap();
        assert!(
            generated
                .notes
                .iter()
                .all(|note| note.severity == Severity::Note)
        );
        let bare = Config::parse("", &sources()).unwrap();
        assert_eq!(generated.needs_restart(&bare), [""; 0]);
        assert_eq!((generated.jobs.len(), generated.watchers.len()), (1, 1));
    }

    /// Every key is there, and everything that is commented out is right, too.
    #[test]
    fn everything_that_is_commented_out_can_be_used() {
        let lines = text();
        let uncommented: Vec<_> = lines
            .lines()
            .filter(|line| {
                !line.starts_with("#admin_password") && !line.starts_with("#password_file")
            })
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if !setting.starts_with(' ') => setting,
                _ => line,
            })
            .map(|line| {
                line.replace("~/Documents", "/")
                    .replace("\"/backup\"", "\"/tmp\"")
            })
            .collect();
        let config = Config::parse(&uncommented.join("\n"), &sources()).unwrap();
        assert!(config.pocketbase.is_some());
        fn gather(keys: &[Key], all: &mut Vec<&'static str>) {
            for key in keys.iter().filter(|key| key.has_effect) {
                match key.kind {
                    Kind::Table(inner) | Kind::Tables(inner) => gather(inner, all),
                    _ => all.push(key.name),
                }
            }
        }
        let mut all = Vec::new();
        gather(ROOT, &mut all);
        for key in all {
            let is_there = |line: &str| {
                line.trim_start_matches('#')
                    .starts_with(&format!("{key} = "))
            };
            assert!(lines.lines().any(is_there), "{key} is missing");
        }
    }
}
