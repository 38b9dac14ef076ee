//! Times, spans and sizes in words.

use std::time::Duration;

use syft_state::Timestamp;

use crate::session::now;

/// Returns how long ago something was, as `3 min ago`.
pub(crate) fn ago(time: Timestamp) -> String {
    let seconds = seconds(now()) - seconds(time);
    match seconds {
        ..0 => format!("in {}", span(Duration::from_secs(seconds.unsigned_abs()))),
        0 => "just now".to_owned(),
        _ => format!("{} ago", span(Duration::from_secs(seconds.unsigned_abs()))),
    }
}

/// Returns how far off something is that is to come, as `in 3 min`.
pub(crate) fn until(time: Timestamp) -> String {
    if seconds(time) <= seconds(now()) {
        "now".to_owned()
    } else {
        ago(time)
    }
}

fn seconds(time: Timestamp) -> i64 {
    time.as_seconds()
}

/// Returns a time as a clock here shows it.
pub(crate) fn clock(time: Timestamp) -> String {
    let local = time.to_utc().with_timezone(&chrono::Local);
    local.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns a span in its two largest units, as `2 h 5 min`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let two = |large: u64, name: &str, small: u64, small_name: &str| {
        if small == 0 {
            format!("{large} {name}")
        } else {
            format!("{large} {name} {small} {small_name}")
        }
    };
    match seconds {
        0 => format!("{} ms", span.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

/// Returns a number of bytes as people read it, as `1.4 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_two_units_at_most() {
        for (seconds, text) in [
            (0, "0 ms"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (7260, "2 h 1 min"),
            (172_800, "2 d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1536), "1.50 KiB");
    }
}
