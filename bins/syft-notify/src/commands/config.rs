//! `syft-notify config`.

use std::{os::unix::fs::PermissionsExt, path::Path, time::Duration};

use serde_json::{Value, json};
use syft_monitor::config::{Backend, Config, KEYS, MailBy, SECTIONS, SmtpConfig};

use crate::{
    args::{ConfigCommand, DataArgs},
    exit::{Failure, Outcome},
    session,
    term::{self, BAD, DIM, GOOD, WARN, paint},
};

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
            if config.mail == MailBy::Gmail {
                findings.push(token("Gmail token", &config.gmail_token_path, true));
            }
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
            if config.mail == MailBy::Gmail {
                findings.push(token("Gmail token", &config.gmail_token_path, true));
            }
            findings.push(token("OAuth client", &config.credentials_path, false));
        }
    }
    if let (MailBy::Smtp, Some(smtp)) = (config.mail, &config.smtp) {
        let login = smtp.login.as_ref();
        findings.extend(login.map(|login| token("SMTP password", &login.password_file, true)));
    }
    for hook in &config.webhooks {
        let secret = hook.secret_file.as_ref();
        let name = format!("secret of webhook {}", hook.name);
        findings.extend(secret.map(|path| token(&name, path, true)));
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
    let rows: Vec<(String, Value, String)> = keys()
        .map(|key| {
            let (value, origin) = (value(&config, &key), origin(&text, &key, &config));
            (key, value, origin)
        })
        .collect();
    if args.json {
        let object: serde_json::Map<_, _> = rows
            .into_iter()
            .map(|(key, value, origin)| (key, json!({"value": value, "origin": origin})))
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
            .map(|(key, value, origin)| (key, text(value), origin))
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

/// The keys in the order of the documentation, those of a section under it.
fn keys() -> impl Iterator<Item = String> {
    KEYS.iter().flat_map(|(key, _)| {
        let section = SECTIONS.iter().find(|(name, _)| name == key);
        match section {
            // There may be several webhooks, and each is shown as a whole.
            Some((section, keys)) if *section != "webhooks" => keys
                .iter()
                .map(|(key, _)| format!("{section}.{key}"))
                .collect(),
            _ => vec![(*key).to_owned()],
        }
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
        "mail" => json!(config.mail.to_string()),
        "webhooks" if config.webhooks.is_empty() => Value::Null,
        "webhooks" => webhooks(config),
        "digest" => config.digest.map_or(Value::Null, seconds),
        "quiet_hours" => json!(config.quiet_hours.map(|hours| hours.to_string())),
        "heartbeat" => config.heartbeat.map_or(Value::Null, seconds),
        "time_zone" => json!(config.time_zone.map(|zone| zone.name())),
        "log.format" => json!(config.log.format.to_string()),
        "log.level" => json!(config.log.level.to_string()),
        "log.path" => json!(config.log.path),
        "http" => json!(config.http),
        key => key
            .strip_prefix("smtp.")
            .zip(config.smtp.as_ref())
            .map_or(Value::Null, |(key, smtp)| smtp_value(smtp, key)),
    }
}

fn smtp_value(smtp: &SmtpConfig, key: &str) -> Value {
    let login = smtp.login.as_ref();
    match key {
        "host" => json!(smtp.host),
        "port" => json!(smtp.port),
        "encryption" => json!(smtp.encryption.to_string()),
        "username" => json!(login.map(|login| &login.username)),
        "password_file" => json!(login.map(|login| &login.password_file)),
        "from" => json!(smtp.from),
        _ => Value::Null,
    }
}

/// The whole address of a webhook is its password, so only its origin is shown.
fn webhooks(config: &Config) -> Value {
    let hooks = config.webhooks.iter().map(|hook| {
        json!({
            "name": hook.name,
            "url": format!("{}/…", hook.origin()),
            "events": hook.events,
            "secret_file": hook.secret_file,
            "format": hook.format.to_string(),
        })
    });
    hooks.collect()
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
    let line = match key.split_once('.') {
        None => line_of(text, key),
        Some((section, name)) => line_of(text, section).and_then(|first| nested(text, first, name)),
    };
    line.map_or_else(
        || "default".to_owned(),
        |line| format!("{}:{}", config.file.display(), line + 1),
    )
}

/// Returns the line that sets a key of a section that begins in line `first`.
fn nested(text: &str, first: usize, name: &str) -> Option<usize> {
    let is_below = |line: &str| line.is_empty() || line.starts_with([' ', '\t', '#']);
    let body = text
        .lines()
        .skip(first + 1)
        .take_while(|line| is_below(line));
    let below = body.map(str::trim_start).position(|line| sets(line, name));
    let header = text.lines().nth(first)?;
    let is_inline = header
        .split(['{', ','])
        .skip(1)
        .any(|part| sets(part.trim_start(), name));
    match below {
        Some(line) => Some(first + 1 + line),
        None => is_inline.then_some(first),
    }
}

fn line_of(text: &str, key: &str) -> Option<usize> {
    text.lines().position(|line| sets(line, key))
}

fn sets(line: &str, key: &str) -> bool {
    let rest = line.strip_prefix(key);
    rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
}

#[cfg(test)]
mod tests;
