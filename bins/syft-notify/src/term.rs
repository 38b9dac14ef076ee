//! What people see: data on standard output, talk on standard error, colours only where wanted.

use std::{fmt, io::IsTerminal};

use anstyle::{AnsiColor, Style};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const ACCENT: Style = AnsiColor::Cyan.on_default();

/// Turns colours off for the rest of the program; `NO_COLOR` and pipes do so by themselves.
pub(crate) fn no_color() {
    anstream::ColorChoice::Never.write_global();
}

/// Prints a line of data.
pub(crate) fn out(line: impl fmt::Display) {
    anstream::println!("{line}");
}

/// Prints a line for the person at the terminal.
pub(crate) fn say(line: impl fmt::Display) {
    anstream::eprintln!("{line}");
}

/// Prints a text in a style.
pub(crate) fn paint(style: Style, text: impl fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

pub(crate) fn error(message: &str, hint: Option<&str>) {
    say(format_args!("{} {message}", paint(BAD, "error:")));
    if let Some(hint) = hint {
        say(format_args!("{} {hint}", paint(ACCENT, "next: ")));
    }
}

pub(crate) fn warning(message: impl fmt::Display) {
    say(format_args!("{} {message}", paint(WARN, "warning:")));
}

pub(crate) fn json(value: &serde_json::Value) {
    out(serde_json::to_string_pretty(value).expect("a JSON value is writable"));
}

/// Returns whether a person can be asked.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}
