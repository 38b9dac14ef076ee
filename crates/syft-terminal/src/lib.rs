//! What people see: data on standard output, talk on standard error, colours only where wanted.
//!
//! This is the one library that prints: every command of ours says things in the same way.
//!
//! ```
//! use syft_terminal::{GOOD, count, paint};
//!
//! syft_terminal::say(paint(GOOD, "✅ done"));
//! assert_eq!(count(2, "file"), "2 files");
//! ```

pub mod finding;
pub mod log;
pub mod window;

use std::{
    convert::Infallible,
    fmt,
    io::{self, IsTerminal, Write},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anstyle::{AnsiColor, Style};

/// Headings.
pub const BOLD: Style = Style::new().bold();
/// What matters less.
pub const DIM: Style = Style::new().dimmed();
/// What is well.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What is wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What should be looked at.
pub const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// Commands and paths.
pub const ACCENT: Style = AnsiColor::Cyan.on_default();

/// How often somebody who waits sees that time goes by.
const TICK: Duration = Duration::from_secs(1);

/// The first reason why data could not be written, unless nobody reads it any more.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Whether what is said goes to the log.
static IS_LOGGED: AtomicBool = AtomicBool::new(false);

/// Lets everything that is said from now on go to the log, where nobody sits before it.
pub fn into_log() {
    IS_LOGGED.store(true, Ordering::Relaxed);
}

/// Turns colours off for the rest of the program; `NO_COLOR` and pipes do so by themselves.
pub fn no_color() {
    anstream::ColorChoice::Never.write_global();
}

/// Prints a line of data.
pub fn out(line: impl fmt::Display) {
    remember(writeln!(anstream::stdout(), "{line}"));
}

/// Prints data as it is.
pub fn bytes(data: &[u8]) {
    let mut stdout = io::stdout().lock();
    remember(stdout.write_all(data).and_then(|()| stdout.flush()));
}

/// Prints a line for the person at the terminal; a closed terminal stops nothing.
pub fn say(line: impl fmt::Display) {
    writeln!(anstream::stderr(), "{line}").ok();
}

/// Returns why data was lost on the way to standard output; a reader who left has lost nothing.
#[must_use]
pub fn lost() -> Option<&'static io::Error> {
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
#[must_use]
pub fn paint(style: Style, text: impl fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Says what went wrong, and what to do next.
pub fn error(message: &str, hint: Option<&str>) {
    if IS_LOGGED.load(Ordering::Relaxed) {
        let hint = hint.map_or_else(String::new, |hint| format!("; next:  {hint}"));
        return tracing::error!("{message}{hint}");
    }
    say(format_args!("{} {message}", paint(BAD, "error:")));
    if let Some(hint) = hint {
        say(format_args!("{}  {hint}", paint(ACCENT, "next:")));
    }
}

/// Says what should be looked at.
pub fn warning(message: impl fmt::Display) {
    if IS_LOGGED.load(Ordering::Relaxed) {
        return tracing::warn!("⚠️  {message}");
    }
    say(format_args!("{} {message}", paint(WARN, "warning:")));
}

/// Prints a JSON value as data.
pub fn json(value: &serde_json::Value) {
    out(serde_json::to_string_pretty(value).expect("a JSON value is writable"));
}

/// Returns a number with its noun, as `1 mail` or `2 mails`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// Shows a line that the next one replaces, at a terminal only.
pub fn progress(line: impl fmt::Display) {
    if io::stderr().is_terminal() {
        write!(anstream::stderr(), "\r\x1b[K{}", paint(DIM, line)).ok();
    }
}

/// Shows that time goes by, to a person, for as long as it is polled.
pub async fn waiting() -> Infallible {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let seconds = began.elapsed().as_secs();
        progress(format_args!("waiting until it is ready: {seconds} s"));
    }
}

/// Takes the line of [`progress`] away.
pub fn end_progress() {
    if io::stderr().is_terminal() {
        write!(io::stderr(), "\r\x1b[K").ok();
    }
}

/// Returns whether a person can be asked.
#[must_use]
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
