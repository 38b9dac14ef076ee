//! `syft-notify config`.

use std::{os::unix::fs::PermissionsExt, path::Path, time::Duration};

use serde_json::{Value, json};
use syft_monitor::config::{Backend, Config, KEYS};

use crate::{
    args::{ConfigCommand, DataArgs},
    exit::{Failure, Outcome},
    session,
    term::{self, BAD, DIM, GOOD, WARN, paint},
};

const QUOTA: &[&str] = &[
    "quota.units_per_minute",
    "quota.units_per_day",
    "quota.gmail_units_per_minute",
];

pub(crate) fn run(command: ConfigCommand) -> Outcome {
    match command {
        ConfigCommand::Validate(args) => validate(&args),
        ConfigCommand::Show(args) => show(&args),
    }
}

/// One finding about the config or a file that it names.
struct Finding {
    what: String,
    problem: Option<String>,
    is_fatal: bool,
}

fn validate(args: &DataArgs) -> Outcome {
    let config = session::load(&args.config)?;
    let findings = findings(&config);
    let is_bad = findings
        .iter()
        .any(|finding| finding.is_fatal && finding.problem.is_some());
    if args.json {
        let list: Vec<_> = findings
            .iter()
            .map(|finding| json!({"what": finding.what, "problem": finding.problem, "fatal": finding.is_fatal}))
            .collect();
        let unknown: Vec<_> = config
            .unknown_keys
            .iter()
            .map(ToString::to_string)
            .collect();
        term::json(
            &json!({"file": config.file, "valid": !is_bad, "findings": list, "unknown_keys": unknown}),
        );
    } else {
        for finding in &findings {
            match &finding.problem {
                None => term::out(format_args!("{} {}", paint(GOOD, "ok      "), finding.what)),
                Some(problem) if finding.is_fatal => term::out(format_args!(
                    "{} {}: {problem}",
                    paint(BAD, "problem "),
                    finding.what
                )),
                Some(problem) => term::out(format_args!(
                    "{} {}: {problem}",
                    paint(WARN, "note    "),
                    finding.what
                )),
            }
        }
    }
    if is_bad {
        Err(
            Failure::error(format!("{} cannot be used as it is", config.file.display()))
                .hint("syft-notify init"),
        )
    } else {
        Ok(())
    }
}

fn findings(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding {
        what: config.file.display().to_string(),
        problem: None,
        is_fatal: true,
    }];
    let datasite = config.syftbox_root.join(config.do_email.as_str());
    let missing = (!datasite.is_dir()).then(|| {
        "it does not exist yet, so new jobs are seen on Drive, but not what becomes of them"
            .to_owned()
    });
    findings.push(Finding {
        what: format!("SyftBox {}", datasite.display()),
        problem: missing,
        is_fatal: false,
    });
    match &config.backend {
        Backend::Local(hub) => {
            let problem = (!hub.is_dir()).then(|| {
                "it is not a directory; make it by `syft-notify init --local DIR`".to_owned()
            });
            findings.push(Finding {
                what: format!("hub {}", hub.display()),
                problem,
                is_fatal: true,
            });
        }
        Backend::Google => {
            match &config.drive_token_path {
                Some(path) => findings.push(token("Drive token", path, true)),
                None => findings.push(Finding {
                    what: "Drive token".to_owned(),
                    problem: Some(
                        "`drive_token_path` is not set: only the local SyftBox is watched"
                            .to_owned(),
                    ),
                    is_fatal: false,
                }),
            }
            findings.push(token("Gmail token", &config.gmail_token_path, true));
            findings.push(token("OAuth client", &config.credentials_path, false));
        }
    }
    findings
}

/// Secrets are for their owner alone.
fn token(name: &str, path: &Path, is_fatal: bool) -> Finding {
    let what = format!("{name} {}", path.display());
    let (problem, is_fatal) = match std::fs::metadata(path) {
        Err(error) => (Some(error.to_string()), is_fatal),
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => (
            Some(format!("others may read it: chmod 600 {}", path.display())),
            false,
        ),
        Ok(_) => (None, is_fatal),
    };
    Finding {
        what,
        problem,
        is_fatal,
    }
}

fn show(args: &DataArgs) -> Outcome {
    let config = session::load(&args.config)?;
    let text = std::fs::read_to_string(&config.file)
        .map_err(|error| Failure::error(format!("{}: {error}", config.file.display())))?;
    let rows: Vec<(&str, Value, String)> = keys()
        .map(|key| (key, value(&config, key), origin(&text, key, &config)))
        .collect();
    if args.json {
        let object: serde_json::Map<_, _> = rows
            .into_iter()
            .map(|(key, value, origin)| (key.to_owned(), json!({"value": value, "origin": origin})))
            .collect();
        term::json(&json!({"file": config.file, "keys": object}));
    } else {
        let text = |value: &Value| match value {
            Value::Null => "(not set)".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let rows: Vec<_> = rows
            .iter()
            .map(|(key, value, origin)| (*key, text(value), origin))
            .collect();
        let widest = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0);
        let key_width = widest(&mut rows.iter().map(|row| row.0.len()));
        let value_width = widest(&mut rows.iter().map(|row| row.1.chars().count()));
        for (key, value, origin) in rows {
            term::out(format_args!(
                "{key:<key_width$}  {value:<value_width$}  {}",
                paint(DIM, origin)
            ));
        }
    }
    Ok(())
}

/// The keys in the order of the documentation, those of a group under it.
fn keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().flat_map(|(key, _)| match *key {
        "quota" => QUOTA.to_vec(),
        key => vec![key],
    })
}

fn value(config: &Config, key: &str) -> Value {
    match key {
        "do_email" => json!(config.do_email),
        "syftbox_root" => json!(config.syftbox_root),
        "backend" => json!(config.backend.to_string()),
        "drive_token_path" => json!(config.drive_token_path),
        "gmail_token_path" => json!(config.gmail_token_path),
        "credentials_path" => json!(config.credentials_path),
        "state_path" => json!(config.state_path),
        "interval" => seconds(config.interval),
        "interval_max" => seconds(config.interval_max),
        "reconcile_interval" => seconds(config.reconcile_interval),
        "notify_existing" => json!(config.notify_existing),
        "templates_dir" => json!(config.templates_dir),
        "google_endpoint" => json!(config.google_endpoint),
        "quota.units_per_minute" => json!(config.quota.units_per_minute),
        "quota.units_per_day" => json!(config.quota.units_per_day),
        "quota.gmail_units_per_minute" => json!(config.quota.gmail_units_per_minute),
        _ => Value::Null,
    }
}

fn seconds(time: Duration) -> Value {
    if time.subsec_nanos() == 0 {
        json!(time.as_secs())
    } else {
        json!(time.as_secs_f64())
    }
}

/// Returns the file and line that set a key, or that it is the default.
fn origin(text: &str, key: &str, config: &Config) -> String {
    let sets = |line: &str, key: &str| {
        let rest = line.strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    let line = match key.split_once('.') {
        None => text.lines().position(|line| sets(line, key)),
        Some((_, name)) => text.lines().position(|line| {
            line.starts_with(char::is_whitespace) && sets(line.trim_start(), name)
        }),
    };
    line.map_or_else(
        || "default".to_owned(),
        |line| format!("{}:{}", config.file.display(), line + 1),
    )
}
