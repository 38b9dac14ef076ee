//! Output that no peer's text can spoil.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;

/// Prints a line that may hold a peer's text.
pub(crate) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{}", safe(text))
}

/// Prints JSON in one line.
pub(crate) fn json(value: &Value) -> io::Result<()> {
    writeln!(io::stdout(), "{value}")
}

/// Prints a body: text with a newline at its end, and other bytes as they are.
///
/// A terminal gets no control characters, and no bytes that are no text.
pub(crate) fn body(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout();
    let is_terminal = out.is_terminal();
    match std::str::from_utf8(bytes) {
        Ok("") => Ok(()),
        Ok(text) => {
            let text = if is_terminal {
                safe(text)
            } else {
                text.to_owned()
            };
            let end = if text.ends_with('\n') { "" } else { "\n" };
            write!(out, "{text}{end}")
        }
        Err(_) if is_terminal => {
            let count = bytes.len();
            writeln!(
                out,
                "({count} bytes that are no text: send them into a file)"
            )
        }
        Err(_) => out.write_all(bytes),
    }
}

/// Returns a text without characters that move a cursor or turn writing around.
pub(crate) fn safe(text: &str) -> String {
    let is_unsafe = |c: char| {
        let turns = matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        turns || (c.is_control() && c != '\n' && c != '\t')
    };
    text.chars()
        .map(|c| if is_unsafe(c) { '\u{fffd}' } else { c })
        .collect()
}
