//! Entries for whoever looks at standard error.

use std::{fmt::Write as _, io::Write as _};

use anstyle::{AnsiColor, Style};
use chrono::Local;
use serde_json::Value;
use syft_daemon::logs::Line;
use tracing::Level;

use super::{record::Record, sinks::flat_fields};

/// The form of entries on standard error.
#[derive(Clone, Copy, Debug)]
pub(super) enum Console {
    /// For a person at a terminal, in colours if those are wanted.
    Person,
    /// For a file, a pipe or the journal.
    Plain(Line),
}

impl Console {
    pub(super) fn write(&self, record: &Record) {
        let line = match self {
            Self::Person => pretty(record),
            Self::Plain(line) => {
                let time = record.time.with_timezone(&Local);
                line.compose_with(
                    time,
                    record.level,
                    &record.message,
                    flat_fields(record.clone()),
                )
            }
        };
        // A terminal that is gone ends nothing.
        drop(anstream::stderr().lock().write_all(line.as_bytes()));
    }
}

fn pretty(record: &Record) -> String {
    let dim = Style::new().dimmed();
    let (style, name) = match record.level {
        Level::ERROR => (AnsiColor::Red.on_default().bold(), "ERROR"),
        Level::WARN => (AnsiColor::Yellow.on_default().bold(), " WARN"),
        Level::INFO => (AnsiColor::Green.on_default(), " INFO"),
        Level::DEBUG => (AnsiColor::Blue.on_default(), "DEBUG"),
        Level::TRACE => (AnsiColor::Magenta.on_default(), "TRACE"),
    };
    let time = record.time.with_timezone(&Local).format("%H:%M:%S%.3f");
    let mut line = format!(
        "{dim}{time}{dim:#} {style}{name}{style:#} {}",
        record.message
    );
    for (name, value) in flat_fields(record.clone()) {
        let outcome = match value {
            Value::String(text) => write!(line, " {dim}{name}={dim:#}{text}"),
            value => write!(line, " {dim}{name}={dim:#}{value}"),
        };
        outcome.expect("a string takes all that is written to it");
    }
    if record.level > Level::INFO {
        write!(line, " {dim}({}){dim:#}", record.target)
            .expect("a string takes all that is written to it");
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_person_reads_one_line_with_everything_in_it() {
        let Value::Object(fields) = json!({ "job": "a", "files": 3 }) else {
            panic!("it is an object")
        };
        let record = Record {
            time: "2026-01-31T12:00:00Z".parse().unwrap(),
            level: Level::DEBUG,
            target: "syft_jobs",
            module: None,
            file: None,
            line: None,
            message: "copied".to_owned(),
            fields,
            spans: Vec::new(),
        };
        let line = pretty(&record);
        let plain = anstream::adapter::strip_str(&line).to_string();
        let (time, rest) = plain.split_once(' ').unwrap();
        assert!(time.ends_with(":00.000"), "{time}");
        assert_eq!(rest, "DEBUG copied job=a files=3 (syft_jobs)\n");
        assert!(line.contains('\u{1b}'));
    }
}
