use std::{path::Path, time::Instant};

use chrono::{DateTime, Utc};
use tracing::Level;

use super::{
    Error, Line, Retention, error_log, level_of,
    line::now,
    rotating::{Remark, Rotating},
};

/// The one writer of a log and of its error log, which repeats the errors.
///
/// It takes whole lines and keeps them whole. A file that would grow beyond its size, or whose
/// period is over, is rotated to `.1`, `.2` and so on, as [`Retention`] says. Nothing stops it: when the file is moved, cut or removed, also with
/// its directory, it goes on at the same place within a tenth of a second; what cannot be
/// written is counted, and told in a WARNING line as soon as writing works again. No link is
/// followed, and new files are for their owner alone (T24).
///
/// There must be one at a time for a path.
#[derive(Debug)]
pub struct LogFile {
    line: Line,
    all: Rotating,
    errors: Rotating,
    retention: Retention,
    /// When the period of each file began.
    begins: [Option<DateTime<Utc>>; 2],
}

impl LogFile {
    /// Opens the log at `path` and its error log, and creates what is missing.
    ///
    /// `line` is the form of the lines that the log writes of its own accord.
    ///
    /// # Errors
    ///
    /// When one of the files cannot be opened now. Later on that stops nothing.
    pub fn open(path: &Path, line: Line) -> Result<Self, Error> {
        Self::open_kept(path, line, Retention::default())
    }

    /// Opens a log as [`open`](Self::open) does, with another size in bytes of a file and another
    /// number of rotated files.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_with(path: &Path, line: Line, size: u64, kept: usize) -> Result<Self, Error> {
        let retention = Retention {
            size,
            kept,
            ..Retention::default()
        };
        Self::open_kept(path, line, retention)
    }

    /// Opens a log as [`open`](Self::open) does, and keeps its files as `retention` says.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_kept(path: &Path, line: Line, retention: Retention) -> Result<Self, Error> {
        let now = Instant::now();
        let open = |path: &Path| {
            let file = Rotating::open(path, retention.size, retention.kept, now)?;
            Ok(if retention.compress {
                file.compressing()
            } else {
                file
            })
        };
        let all = open(path)?;
        let errors = open(&error_log(path))?;
        // A file of yesterday is closed by the first line of today, also after a restart.
        let begins = [&all, &errors].map(|file| {
            let written = DateTime::<Utc>::from(file.written()?);
            retention.begin(written)
        });
        Ok(Self {
            line,
            all,
            errors,
            retention,
            begins,
        })
    }

    /// Writes a line, with or without its line break.
    ///
    /// One that is no log line, such as the words of a panic or of a library, becomes an ERROR
    /// line. An empty one is left out.
    pub fn write_line(&mut self, line: &[u8]) {
        self.write_line_at(line, now().to_utc());
    }

    fn write_line_at(&mut self, line: &[u8], time: DateTime<Utc>) {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return;
        }
        let wrapped;
        let (level, whole) = match level_of(line) {
            Some(level) => (level, [line, b"\n"].concat()),
            None => {
                wrapped = self.own_line(Level::ERROR, &String::from_utf8_lossy(line));
                (Level::ERROR, wrapped.into_bytes())
            }
        };
        let now = Instant::now();
        if let Some(begin) = self.retention.begin(time) {
            let files = [&mut self.all, &mut self.errors];
            for (file, begun) in files.into_iter().zip(&mut self.begins) {
                close_old(file, begun, begin, now);
            }
        }
        append(self.line, &mut self.all, &whole, now);
        if level == Level::ERROR {
            append(self.line, &mut self.errors, &whole, now);
        }
    }

    /// Looks whether the files are still in their places, without writing a line.
    ///
    /// To be called from time to time, so that a log whose directory was removed comes back
    /// although nothing happens.
    pub fn look_after(&mut self) {
        let now = Instant::now();
        settle(self.line, &mut self.all, now);
        settle(self.line, &mut self.errors, now);
    }

    fn own_line(&self, level: Level, message: &str) -> String {
        self.line.compose(now(), level, message)
    }
}

/// Begins a new file in a new period; a clock that is set back begins none.
fn close_old(
    file: &mut Rotating,
    begun: &mut Option<DateTime<Utc>>,
    begin: DateTime<Utc>,
    now: Instant,
) {
    if begun.is_none_or(|begun| begun < begin && file.begin_anew(now)) {
        *begun = Some(begin);
    }
}

/// Appends a line, together with what is to be told before it.
fn append(form: Line, file: &mut Rotating, line: &[u8], now: Instant) {
    let Some(remark) = file.look_after(now) else {
        file.append(line, now);
        return;
    };
    let told = [words(form, &remark).as_bytes(), line].concat();
    if file.append(&told, now) {
        file.told(&remark);
    }
}

/// Tells in the log what happened to it, as far as that is possible now.
fn settle(form: Line, file: &mut Rotating, now: Instant) {
    while let Some(remark) = file.look_after(now) {
        if file
            .try_append(words(form, &remark).as_bytes(), now)
            .is_err()
        {
            return;
        }
        file.told(&remark);
    }
}

fn words(form: Line, remark: &Remark) -> String {
    form.compose(now(), Level::WARN, &describe(remark))
}

fn describe(remark: &Remark) -> String {
    match remark {
        Remark::Removed => "the log was removed while it was written; it goes on here".to_owned(),
        Remark::Lost { lines, reason } => {
            let noun = if *lines == 1 {
                "line was"
            } else {
                "lines were"
            };
            format!("{lines} {noun} lost here, because the log could not be written: {reason}")
        }
    }
}

#[cfg(test)]
mod tests;
