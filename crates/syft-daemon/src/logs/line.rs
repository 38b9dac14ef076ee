use std::{fmt, panic::PanicHookInfo};

use chrono::{DateTime, Local, SecondsFormat};
use serde_json::{Map, Value};
use tracing::{Event, Level, Subscriber, field::Field, field::Visit};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::level::level_name;

/// The longest message in bytes; what a peer wrote may be of any length.
const LONGEST_MESSAGE: usize = 16 * 1024;

/// The form of a log line, and the name of the program in it.
///
/// As text it is exactly `YYYY-MM-DD HH:MM:SS - name - LEVEL - message`, in local time, with
/// Python's names of the levels (`DEBUG`, `INFO`, `WARNING`, `ERROR`); fields of an event follow
/// its message as ` name=value`. As JSON it is one object with the members `time` (RFC 3339 with
/// offset and milliseconds), `name`, `level` and `message`, followed by the fields. Either way it
/// is one line, whatever a peer put into its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    program: &'static str,
    form: Form,
    is_for_journal: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

impl Line {
    /// Returns the documented line of text.
    #[must_use]
    pub fn text(program: &'static str) -> Self {
        Self {
            program,
            form: Form::Text,
            is_for_journal: false,
        }
    }

    /// Returns lines of JSON.
    #[must_use]
    pub fn json(program: &'static str) -> Self {
        Self {
            form: Form::Json,
            ..Self::text(program)
        }
    }

    /// Puts the priority before each line as systemd's journal reads it, such as `<3>`, so that
    /// `journalctl -p err` finds errors.
    #[must_use]
    pub fn for_journal(self) -> Self {
        Self {
            is_for_journal: true,
            ..self
        }
    }

    /// Returns a whole line, with its line break, for what does not come as an event.
    pub(super) fn compose(self, now: DateTime<Local>, level: Level, message: &str) -> String {
        self.compose_with(now, level, message, Map::new())
    }

    /// Returns a whole line, with its line break and fields; texts in lists and objects are taken
    /// as they are.
    #[must_use]
    pub fn compose_with(
        self,
        now: DateTime<Local>,
        level: Level,
        message: &str,
        mut fields: Map<String, Value>,
    ) -> String {
        for value in fields.values_mut() {
            if let Value::String(text) = value {
                *text = one_line(text);
            }
        }
        let text = one_line(message);
        self.render(now, level, Message { text, fields })
    }

    fn render(self, now: DateTime<Local>, level: Level, message: Message) -> String {
        let mut line = String::new();
        if self.is_for_journal {
            line.push_str(priority(level));
        }
        match self.form {
            Form::Text => self.push_text(&mut line, now, level, &message),
            Form::Json => self.push_json(&mut line, now, level, message),
        }
        line.push('\n');
        line
    }

    fn push_text(self, line: &mut String, now: DateTime<Local>, level: Level, message: &Message) {
        let time = now.format("%Y-%m-%d %H:%M:%S");
        line.push_str(&format!(
            "{time} - {} - {} - {}",
            self.program,
            level_name(level),
            message.text
        ));
        for (name, value) in &message.fields {
            match value {
                Value::String(text) => line.push_str(&format!(" {name}={text}")),
                value => line.push_str(&format!(" {name}={value}")),
            }
        }
    }

    fn push_json(self, line: &mut String, now: DateTime<Local>, level: Level, message: Message) {
        let mut object = Map::new();
        let own = [
            ("time", now.to_rfc3339_opts(SecondsFormat::Millis, false)),
            ("name", self.program.to_owned()),
            ("level", level_name(level).to_owned()),
            ("message", message.text),
        ];
        for (name, value) in own {
            object.insert(name.to_owned(), value.into());
        }
        for (mut name, value) in message.fields {
            while object.contains_key(&name) {
                name.push('_');
            }
            object.insert(name, value);
        }
        line.push_str(&Value::Object(object).to_string());
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut message = Message::default();
        event.record(&mut message);
        writer.write_str(&self.render(now(), *event.metadata().level(), message))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a log line carries the time of its writing"
)]
pub(super) fn now() -> DateTime<Local> {
    chrono::Utc::now().with_timezone(&Local)
}

/// The priorities of syslog, as sd-daemon(3) has them on standard error.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        Level::DEBUG | Level::TRACE => "<7>",
    }
}

/// Collects an event on one line, whatever a peer put into its texts (T19).
#[derive(Debug, Default)]
struct Message {
    text: String,
    fields: Map<String, Value>,
}

impl Message {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.fields.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let text = one_line(value);
        if field.name() == "message" {
            self.text = text;
        } else {
            self.put(field, text);
        }
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        self.record_str(field, &error.to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}

/// Returns a text without what breaks or turns a line, at most about 16 KiB of it (T19).
#[must_use]
pub fn one_line(text: &str) -> String {
    let is_harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    let end = text.floor_char_boundary(LONGEST_MESSAGE);
    let mut line: String = text[..end]
        .chars()
        .map(|c| if is_harmful(c) { ' ' } else { c })
        .collect();
    if end < text.len() {
        line.push('…');
    }
    line
}

/// Returns what a panic says, for one ERROR line instead of several lines of standard error.
#[must_use]
pub fn panic_line(panic: &PanicHookInfo<'_>) -> String {
    let reason = panic.payload_as_str().unwrap_or("no reason given");
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    match panic.location() {
        Some(place) => one_line(&format!("panic in thread {thread} at {place}: {reason}")),
        None => one_line(&format!("panic in thread {thread}: {reason}")),
    }
}

#[cfg(test)]
mod recipes;
#[cfg(test)]
mod tests;
