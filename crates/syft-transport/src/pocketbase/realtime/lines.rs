//! Server-sent events, as far as PocketBase sends them.

/// No event is longer; a record that is larger than this is not worth a hint.
const MOST: usize = 4 << 20;

/// An event as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) data: String,
}

/// Puts events together from the pieces of a stream.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    event: Event,
}

/// An event that is too long, or no UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

impl Lines {
    /// Takes the next piece and returns the events that it completes.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<Vec<Event>, Unreadable> {
        let mut events = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.len() + self.event.data.len() > MOST {
                return Err(Unreadable);
            }
            if part.ends_with(b"\n") {
                events.extend(self.end_line()?);
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Result<Option<Event>, Unreadable> {
        let line = std::mem::take(&mut self.line);
        let line = str::from_utf8(&line).map_err(|_| Unreadable)?;
        let line = line.trim_end_matches(['\n', '\r']);
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return Ok((!event.name.is_empty()).then_some(event));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" if self.event.data.is_empty() => value.clone_into(&mut self.event.data),
            "data" => {
                self.event.data.push('\n');
                self.event.data.push_str(value);
            }
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As 0.40.6 and 0.22.27 send them.
    const STREAM: &str = "id:J8qw4\nevent:PB_CONNECT\ndata:{\"clientId\":\"J8qw4\"}\n\n\
        : a comment\r\nid:J8qw4\r\nevent: t/*\r\ndata: {\"action\":\r\ndata: \"update\"}\r\n\r\n\
        data:without a name\n\n";

    fn expected() -> Vec<Event> {
        let event = |name: &str, data: &str| Event {
            name: name.to_owned(),
            data: data.to_owned(),
        };
        vec![
            event("PB_CONNECT", r#"{"clientId":"J8qw4"}"#),
            event("t/*", "{\"action\":\n\"update\"}"),
        ]
    }

    proptest! {
        #[test]
        fn events_come_whole_however_the_stream_is_cut(cuts in prop::collection::vec(1_usize..40, 0..20)) {
            let (mut lines, mut rest, mut events) = (Lines::default(), STREAM.as_bytes(), Vec::new());
            for cut in cuts {
                let (piece, others) = rest.split_at(cut.min(rest.len()));
                events.extend(lines.push(piece).unwrap());
                rest = others;
            }
            events.extend(lines.push(rest).unwrap());
            prop_assert_eq!(events, expected());
        }

        #[test]
        fn no_bytes_panic(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..6)) {
            let mut lines = Lines::default();
            for piece in pieces {
                if lines.push(&piece).is_err() {
                    break;
                }
            }
        }
    }

    #[test]
    fn an_endless_event_ends_the_reading() {
        let mut lines = Lines::default();
        let piece = [b'x'; 1 << 16];
        let read = (0..100).take_while(|_| lines.push(&piece).is_ok()).count();
        assert_eq!(read, 64);
        let mut lines = Lines::default();
        let read = (0..100_000).take_while(|_| {
            lines
                .push(b"data:0123456789012345678901234567890123456789\n")
                .is_ok()
        });
        assert!(read.count() < 110_000);
        assert_eq!(lines.push(b"event:\xff\n"), Err(Unreadable));
    }
}
