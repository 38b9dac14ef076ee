//! What people see: data on standard output, talk on standard error, colours only where wanted.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use anstyle::{AnsiColor, Style};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const ACCENT: Style = AnsiColor::Cyan.on_default();

/// The first reason why data could not be written, unless nobody reads it any more.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Whether what is said goes to the log.
static IS_LOGGED: AtomicBool = AtomicBool::new(false);

/// Lets everything that is said from now on go to the log, where nobody sits before it.
pub(crate) fn into_log() {
    IS_LOGGED.store(true, Ordering::Relaxed);
}

/// Turns colours off for the rest of the program; `NO_COLOR` and pipes do so by themselves.
pub(crate) fn no_color() {
    anstream::ColorChoice::Never.write_global();
}

/// Prints a line of data.
pub(crate) fn out(line: impl fmt::Display) {
    remember(writeln!(anstream::stdout(), "{line}"));
}

/// Prints data as it is.
pub(crate) fn bytes(data: &[u8]) {
    let mut stdout = io::stdout().lock();
    remember(stdout.write_all(data).and_then(|()| stdout.flush()));
}

/// Prints a line for the person at the terminal; a closed terminal stops nothing.
pub(crate) fn say(line: impl fmt::Display) {
    writeln!(anstream::stderr(), "{line}").ok();
}

/// Returns why data was lost on the way to standard output; a reader who left has lost nothing.
pub(crate) fn lost() -> Option<&'static io::Error> {
    LOST.get()
}

fn remember(outcome: io::Result<()>) {
    if let Err(error) = outcome
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        LOST.get_or_init(|| error);
    }
}

/// Prints a text in a style.
pub(crate) fn paint(style: Style, text: impl fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

pub(crate) fn error(message: &str, hint: Option<&str>) {
    if IS_LOGGED.load(Ordering::Relaxed) {
        let hint = hint.map_or_else(String::new, |hint| format!("; next:  {hint}"));
        return tracing::error!("{message}{hint}");
    }
    say(format_args!("{} {message}", paint(BAD, "error:")));
    if let Some(hint) = hint {
        say(format_args!("{}  {hint}", paint(ACCENT, "next:")));
    }
}

pub(crate) fn warning(message: impl fmt::Display) {
    if IS_LOGGED.load(Ordering::Relaxed) {
        return tracing::warn!("⚠️  {message}");
    }
    say(format_args!("{} {message}", paint(WARN, "warning:")));
}

pub(crate) fn json(value: &serde_json::Value) {
    out(serde_json::to_string_pretty(value).expect("a JSON value is writable"));
}

/// Returns a number with its noun, as `1 mail` or `2 mails`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// Shows a line that the next one replaces, at a terminal only.
pub(crate) fn progress(line: impl fmt::Display) {
    if io::stderr().is_terminal() {
        write!(anstream::stderr(), "\r\x1b[K{}", paint(DIM, line)).ok();
    }
}

/// Takes the line of [`progress`] away.
pub(crate) fn end_progress() {
    if io::stderr().is_terminal() {
        write!(io::stderr(), "\r\x1b[K").ok();
    }
}

/// Returns whether a person can be asked.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
