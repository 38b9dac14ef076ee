//! The log: exactly `YYYY-MM-DD HH:MM:SS - name - LEVEL - message`, on standard error.

use std::fmt;

use tracing::{Event, Level, Subscriber, field::Visit};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// The documented line, whose name is that of the program.
struct Line;

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
        let time = now().format("%Y-%m-%d %H:%M:%S");
        let level = level_name(*event.metadata().level());
        writeln!(
            writer,
            "{time} - syft-notify - {level} - {}{}",
            message.text, message.fields
        )
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a log line carries the time of its writing"
)]
fn now() -> chrono::DateTime<chrono::Local> {
    chrono::Utc::now().with_timezone(&chrono::Local)
}

/// Python's names, which log shippers are set up for.
fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

/// Collects an event on one line, whatever a peer put into its texts (T19).
#[derive(Default)]
struct Message {
    text: String,
    fields: String,
}

impl Visit for Message {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        let text = one_line(&format!("{value:?}"));
        if field.name() == "message" {
            self.text = text;
        } else {
            self.fields.push_str(&format!(" {}={text}", field.name()));
        }
    }
}

fn one_line(text: &str) -> String {
    let is_harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    text.chars()
        .map(|c| if is_harmful(c) { ' ' } else { c })
        .collect()
}

/// Installs the log for the rest of the program, from the usual level on, or in more detail;
/// `SYFT_NOTIFY_LOG` overrides both.
pub(crate) fn install(verbose: u8, usual: &str) {
    let level = match verbose {
        0 => usual,
        1 => "debug",
        _ => "trace",
    };
    let directives = format!(
        "warn,syft_monitor={level},syft_transport={level},syft_state={level},syft_notify={level}"
    );
    let filter =
        EnvFilter::try_from_env("SYFT_NOTIFY_LOG").unwrap_or_else(|_| EnvFilter::new(directives));
    let log = tracing_subscriber::fmt()
        // They would be told to the same closed terminal, and end the program.
        .log_internal_errors(false)
        .with_env_filter(filter)
        .event_format(Line)
        .with_writer(std::io::stderr);
    log.init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t19_a_hostile_name_stays_on_its_line() {
        assert_eq!(one_line("a\nb\r\u{202e}c"), "a b  c");
    }
}
