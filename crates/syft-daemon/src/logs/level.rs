use std::borrow::Cow;

use serde::Deserialize;
use tracing::Level;

/// The name of a level as Python writes it, which log shippers are set up for.
pub(super) fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

fn level_named(name: &str) -> Option<Level> {
    Some(match name {
        "ERROR" | "CRITICAL" => Level::ERROR,
        "WARNING" => Level::WARN,
        "INFO" => Level::INFO,
        "DEBUG" => Level::DEBUG,
        _ => return None,
    })
}

/// Returns the level of a line, as text or JSON; `None` for what is not a log line.
#[must_use]
pub fn level_of(line: &[u8]) -> Option<Level> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    if line.first() == Some(&b'{') {
        return level_of_json(line);
    }
    let (time, rest) = line.split_at_checked("YYYY-MM-DD HH:MM:SS".len())?;
    if !is_time(time) {
        return None;
    }
    let rest = after_separator(rest)?;
    let end = rest.windows(3).position(|bytes| bytes == b" - ")?;
    let rest = &rest[end + 3..];
    let end = rest.windows(3).position(|bytes| bytes == b" - ")?;
    level_named(std::str::from_utf8(&rest[..end]).ok()?)
}

fn after_separator(bytes: &[u8]) -> Option<&[u8]> {
    bytes.strip_prefix(b" - ")
}

fn is_time(text: &[u8]) -> bool {
    let pattern = b"0000-00-00 00:00:00";
    text.iter().zip(pattern).all(|(byte, wanted)| match wanted {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    })
}

/// The parts that every JSON line has.
#[derive(Deserialize)]
struct JsonLine<'a> {
    #[serde(borrow, rename = "time")]
    _time: Cow<'a, str>,
    #[serde(borrow, rename = "name")]
    _name: Cow<'a, str>,
    #[serde(borrow)]
    level: Cow<'a, str>,
    #[serde(borrow, rename = "message")]
    _message: Cow<'a, str>,
}

fn level_of_json(line: &[u8]) -> Option<Level> {
    let line: JsonLine<'_> = serde_json::from_slice(line).ok()?;
    level_named(&line.level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, level: Option<Level>) {
        assert_eq!(level_of(line.as_bytes()), level, "{line}");
    }

    #[test]
    fn a_line_tells_its_level() {
        for (name, level) in [
            ("DEBUG", Level::DEBUG),
            ("INFO", Level::INFO),
            ("WARNING", Level::WARN),
            ("ERROR", Level::ERROR),
            ("CRITICAL", Level::ERROR),
        ] {
            check(
                &format!("2026-01-31 12:00:00 - a-b - {name} - x - ERROR - y\n"),
                Some(level),
            );
            check(
                &format!(r#"{{"time":"t","name":"n","level":"{name}","message":"m","n":[1]}}"#),
                Some(level),
            );
        }
        check("2026-01-31 12:00:00 - a-b - INFO - ", Some(Level::INFO));
    }

    #[test]
    fn what_is_not_a_line_has_no_level() {
        check("", None);
        check("thread 'main' panicked at src/main.rs:1:1:", None);
        check("2026-01-31T12:00:00 - a - INFO - x", None);
        check("2026-01-31 12:00:00 - a - INFO", None);
        check("2026-01-31 12:00:00 - a - info - x", None);
        check("2026-01-31 12:00:0✅ - a - INFO - x", None);
        check(r#"{"level":"ERROR"}"#, None);
        check(
            r#"{"time":"t","name":"n","level":"ERROR","message":"m""#,
            None,
        );
        check("{", None);
    }
}
