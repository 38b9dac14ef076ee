use std::{
    cell::Cell,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tracing_subscriber::fmt::MakeWriter;

use super::LogFile;

thread_local! {
    static IS_WRITING: Cell<bool> = const { Cell::new(false) };
}

/// A [`LogFile`] for several hands: the program's own events (it is a [`MakeWriter`]), and the
/// lines of a program that it watches over.
#[derive(Clone, Debug)]
pub struct SharedLog(Arc<Mutex<LogFile>>);

impl SharedLog {
    /// Shares a log.
    #[must_use]
    pub fn new(log: LogFile) -> Self {
        Self(Arc::new(Mutex::new(log)))
    }

    /// Writes a line as [`LogFile::write_line`] does.
    pub fn write_line(&self, line: &[u8]) {
        self.with(|log| log.write_line(line));
    }

    /// Looks after the files as [`LogFile::look_after`] does.
    pub fn look_after(&self) {
        self.with(LogFile::look_after);
    }

    fn with(&self, act: impl FnOnce(&mut LogFile)) {
        // A panic in here would be logged by this very thread, which must not wait for itself.
        let Some(_turn) = Turn::begin() else {
            return;
        };
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut log);
    }
}

impl<'a> MakeWriter<'a> for SharedLog {
    type Writer = LogWriter<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LogWriter(self)
    }
}

/// Writes whole events, one line each.
#[derive(Debug)]
pub struct LogWriter<'a>(&'a SharedLog);

impl io::Write for LogWriter<'_> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.with(|log| {
            for line in lines.split(|byte| *byte == b'\n') {
                log.write_line(line);
            }
        });
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// This thread's turn to write.
struct Turn;

impl Turn {
    fn begin() -> Option<Self> {
        (!IS_WRITING.replace(true)).then_some(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IS_WRITING.set(false);
    }
}
