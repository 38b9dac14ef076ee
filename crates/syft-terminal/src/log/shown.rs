//! Log lines on standard output: as they are, or painted by their level at a terminal.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use syft_daemon::logs::{level_of, one_line};
use tracing::Level;

use super::only::Only;
use crate::{BAD, DIM, WARN, paint};

/// Passes lines on; at a terminal only whole ones, without what could steer it.
pub(super) struct Shown<W> {
    out: W,
    look: Look,
    only: Only,
    /// The beginning of a line whose end is still to come.
    rest: Vec<u8>,
    has_shown: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Raw,
    Clean,
    Painted,
}

impl Shown<io::Stdout> {
    pub(super) fn stdout(only: Only) -> Self {
        let out = io::stdout();
        let look = if AutoStream::choice(&out) != ColorChoice::Never {
            Look::Painted
        } else if out.is_terminal() {
            Look::Clean
        } else {
            Look::Raw
        };
        Self::new(out, look, only)
    }
}

impl<W: Write> Shown<W> {
    fn new(out: W, look: Look, only: Only) -> Self {
        Self {
            out,
            look,
            only,
            rest: Vec::new(),
            has_shown: false,
        }
    }

    /// Returns whether anything was passed on.
    pub(super) fn has_shown(&self) -> bool {
        self.has_shown
    }
}

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.look == Look::Raw && self.only.is_all() {
            self.has_shown |= !bytes.is_empty();
            return self.out.write(bytes);
        }
        let mut text = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                if self.only.wants(&self.rest) {
                    match self.look {
                        Look::Raw => text.extend_from_slice(&self.rest),
                        look => text.extend_from_slice(dressed(&self.rest, look).as_bytes()),
                    }
                }
                self.rest.clear();
            }
        }
        self.has_shown |= !text.is_empty();
        self.out.write_all(&text)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn dressed(line: &[u8], look: Look) -> String {
    let text = one_line(String::from_utf8_lossy(line).trim_end());
    let style = match level_of(line) {
        Some(Level::ERROR) => BAD,
        Some(Level::WARN) => WARN,
        Some(Level::DEBUG | Level::TRACE) => DIM,
        _ => return text + "\n",
    };
    match look {
        Look::Painted => paint(style, text) + "\n",
        Look::Raw | Look::Clean => text + "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &[u8] = b"2026-01-31 12:00:00 - a - INFO - one\n\
        2026-01-31 12:00:00 - a - ERROR - two\x1b[2J\n";

    #[track_caller]
    fn check(look: Look, expected: &str) {
        // However the lines are cut into pieces.
        for size in [1, 7, LINES.len()] {
            let mut out = Vec::new();
            let mut shown = Shown::new(&mut out, look, Only::default());
            for piece in LINES.chunks(size) {
                shown.write_all(piece).unwrap();
            }
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{size}");
        }
    }

    #[test]
    fn a_pipe_gets_the_bytes_as_they_are() {
        check(Look::Raw, std::str::from_utf8(LINES).unwrap());
    }

    #[test]
    fn a_terminal_is_not_steered_by_what_was_logged() {
        let expected = "2026-01-31 12:00:00 - a - INFO - one\n\
            2026-01-31 12:00:00 - a - ERROR - two [2J\n";
        check(Look::Clean, expected);
    }

    #[test]
    fn a_level_has_its_colour() {
        let red = paint(BAD, "2026-01-31 12:00:00 - a - ERROR - two [2J");
        let expected = format!("2026-01-31 12:00:00 - a - INFO - one\n{red}\n");
        check(Look::Painted, &expected);
    }
}
