use std::{
    io,
    sync::{Arc, Mutex},
};

use chrono::{FixedOffset, TimeZone};
use proptest::prelude::*;
use serde_json::json;
use tracing_subscriber::{Layer, layer::SubscriberExt};

use super::{super::level_of, *};

fn noon() -> DateTime<Local> {
    let zone = FixedOffset::east_opt(3600).unwrap();
    let noon = zone.with_ymd_and_hms(2026, 1, 31, 12, 0, 0).unwrap();
    noon.with_timezone(&Local)
}

/// Returns what a program logs.
fn logged(line: Line, act: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let memory = Memory::default();
    let writer = memory.clone();
    let layer = tracing_subscriber::fmt::layer()
        .event_format(line)
        .with_writer(move || writer.clone())
        .boxed();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
    let bytes = memory.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn t23_a_line_is_exactly_as_documented() {
    let text = logged(Line::text("syft-notify"), || {
        tracing::warn!("⚠️  {}", "slow");
    });
    let (time, rest) = text.split_at(19);
    assert_eq!(rest, " - syft-notify - WARNING - ⚠️  slow\n");
    chrono::NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S").unwrap();
    let line = Line::text("a").compose(noon(), Level::ERROR, "b");
    let local = noon().format("%Y-%m-%d %H:%M:%S");
    assert_eq!(line, format!("{local} - a - ERROR - b\n"));
}

#[test]
fn fields_follow_the_message() {
    let text = logged(Line::text("a"), || {
        tracing::info!(count = 3, name = "b\nc", fine = true, "done");
    });
    assert!(
        text.ends_with(" - INFO - done count=3 name=b c fine=true\n"),
        "{text}"
    );
}

#[test]
fn a_json_line_is_one_object() {
    let text = logged(Line::json("a"), || {
        tracing::error!(count = 3, level = "x", share = 0.5, who = ?Some(1), "no \"way\"");
    });
    assert_eq!(text.lines().count(), 1);
    let mut line: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    let time = line.remove("time").unwrap();
    DateTime::parse_from_rfc3339(time.as_str().unwrap()).unwrap();
    assert_eq!(
        time.as_str().unwrap().len(),
        "2026-01-31T12:00:00.000+01:00".len()
    );
    assert_eq!(
        Value::Object(line),
        json!({
            "name": "a", "level": "ERROR", "message": "no \"way\"",
            "count": 3, "level_": "x", "share": 0.5, "who": "Some(1)",
        })
    );
}

#[test]
fn the_journal_is_told_the_priority() {
    for (level, prefix) in [
        (Level::ERROR, "<3>"),
        (Level::WARN, "<4>"),
        (Level::INFO, "<6>"),
        (Level::TRACE, "<7>"),
    ] {
        let plain = Line::text("a").compose(noon(), level, "b");
        let line = Line::text("a").for_journal().compose(noon(), level, "b");
        assert_eq!(line, format!("{prefix}{plain}"));
    }
}

#[test]
fn t19_a_hostile_name_stays_on_its_line() {
    assert_eq!(
        one_line("a\nb\r\u{202e}c\u{2028}\u{85}\u{1b}[2J"),
        "a b  c   [2J"
    );
}

#[test]
fn a_panic_is_one_line() {
    use std::panic;

    let (sender, said) = std::sync::mpsc::channel();
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panic| drop(sender.send(panic_line(panic)))));
    let thread = std::thread::Builder::new().name("worker".to_owned());
    let ended = thread.spawn(|| panic!("first\nsecond")).unwrap().join();
    panic::set_hook(hook);
    ended.unwrap_err();
    let line = said.try_iter().find(|line| line.contains("first")).unwrap();
    assert!(line.starts_with("panic in thread worker at "), "{line}");
    assert!(line.ends_with(": first second"), "{line}");
    assert!(line.contains("tests.rs:"), "{line}");
}

proptest! {
    #[test]
    fn whatever_is_said_is_one_line_that_tells_its_level(
        message in any::<String>(),
        field in any::<String>(),
        level in prop::sample::select(vec![Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG]),
        is_json in any::<bool>(),
    ) {
        let line = if is_json { Line::json("a-b") } else { Line::text("a-b") };
        let text = logged(line, || match level {
            Level::ERROR => tracing::error!(field, "{message}"),
            Level::WARN => tracing::warn!(field, "{message}"),
            Level::INFO => tracing::info!(field, "{message}"),
            _ => tracing::debug!(field, "{message}"),
        });
        prop_assert_eq!(text.matches(['\n', '\r', '\u{2028}']).count(), 1);
        prop_assert!(text.ends_with('\n'));
        prop_assert_eq!(level_of(text.as_bytes()), Some(level));
    }

    #[test]
    fn no_message_is_longer_than_its_limit(size in 0..40_000usize) {
        let text = one_line(&"é".repeat(size));
        prop_assert!(text.len() <= LONGEST_MESSAGE + '…'.len_utf8());
        prop_assert_eq!(text.ends_with('…'), size * 2 > LONGEST_MESSAGE);
    }
}
