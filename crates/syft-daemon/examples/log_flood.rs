//! Floods a log with numbered lines, and checks that one who follows it gets all of them.
//!
//! ```text
//! log_flood write LOG SECONDS MB_PER_SECOND        write into the log, as a daemon does
//! log_flood supervise LOG SECONDS MB_PER_SECOND    the same from a worker, through its supervisor
//! log_flood check                                  read the lines from standard input
//! ```

use std::{
    error::Error,
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::Serialize;
use syft_daemon::{
    Instance, Paths, Restarts, Supervision, WATCHDOG,
    logs::{Line, LogFile, SharedLog, level_of},
    supervise,
};
use tracing_subscriber::fmt::MakeWriter;

const PROGRAM: &str = "flood";
/// What stands in the last line, with the number of lines before it.
const END: &str = "that is all:";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["write", log, seconds, rate] => {
            let log = LogFile::open(Path::new(log), Line::text(PROGRAM))?;
            write(SharedLog::new(log), seconds.parse()?, rate.parse()?)
        }
        ["worker", seconds, rate] => write(io::stderr, seconds.parse()?, rate.parse()?),
        ["supervise", log, seconds, rate] => supervise_worker(Path::new(log), seconds, rate),
        ["check"] => check(io::stdin().lock()),
        _ => Err("log_flood write|supervise LOG SECONDS MB_PER_SECOND, or log_flood check".into()),
    }
}

/// Returns the message of a line: mostly short, now and then as long as a peer may make it.
fn message(number: u64) -> String {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let size = if mixed.is_multiple_of(1000) {
        14_000
    } else {
        mixed % 350
    };
    let filler = "✅ Sent or not sent ".chars().cycle();
    let filler: String = filler.take(usize::try_from(size).unwrap_or(0)).collect();
    format!("{number} {filler}{number}.")
}

fn write<W>(writer: W, seconds: u64, rate: u64) -> Result<(), Box<dyn Error>>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .event_format(Line::text(PROGRAM))
        .with_writer(writer)
        .init();
    let began = Instant::now();
    let (mut number, mut bytes) = (0, 0);
    while began.elapsed() < Duration::from_secs(seconds) {
        let due = began.elapsed().as_secs_f64() * (rate * 1_000_000) as f64;
        if bytes as f64 > due {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        let message = message(number);
        bytes += message.len() + "YYYY-MM-DD HH:MM:SS - flood - INFO - \n".len();
        tracing::info!("{message}");
        number += 1;
    }
    let rate = bytes as f64 / 1e6 / began.elapsed().as_secs_f64();
    tracing::info!("{END} {number} {rate:.1} MB/s");
    Ok(())
}

fn supervise_worker(log: &Path, seconds: &str, rate: &str) -> Result<(), Box<dyn Error>> {
    let paths = Paths {
        directory: log.parent().map(Path::to_owned).unwrap_or_default(),
        name: PROGRAM.to_owned(),
    };
    let shared = SharedLog::new(LogFile::open(log, Line::text(PROGRAM))?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let end = runtime.block_on(async {
        let instance = Instance::acquire(&paths, Duration::ZERO).await?;
        let worker: [&str; 3] = ["worker", seconds, rate];
        supervise(Supervision {
            instance,
            link: None,
            program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("log_flood")),
            arguments: worker.iter().map(Into::into).collect(),
            restarts: Restarts::default(),
            watchdog: WATCHDOG,
            patience: Duration::from_secs(5),
            lines: Box::new(move |line: &[u8]| shared.write_line(line)),
        })
        .await
    })?;
    writeln!(io::stderr(), "{end:?}")?;
    Ok(())
}

/// What came through.
#[derive(Debug, Default, Serialize)]
struct Tally {
    lines: u64,
    bytes: usize,
    lost: u64,
    doubled: u64,
    torn: u64,
    /// What the last line says of the rate of writing.
    written: String,
    #[serde(skip)]
    is_complete: bool,
}

impl Tally {
    fn take(&mut self, line: &[u8]) {
        self.bytes += line.len();
        let text = String::from_utf8_lossy(line);
        let said = match (level_of(line), text.split_once(" - INFO - ")) {
            (Some(_), Some((_, said))) if text.ends_with('\n') => said.trim_end(),
            _ => return self.torn += 1,
        };
        let mut words = said.trim_start_matches(END).split_whitespace();
        let Some(number) = words.next().and_then(|word| word.parse().ok()) else {
            return self.torn += 1;
        };
        if said.starts_with(END) {
            self.lost += number - self.lines.min(number);
            self.written = words.collect::<Vec<_>>().join(" ");
            self.is_complete = true;
        } else if said != message(number) {
            self.torn += 1;
        } else if number < self.lines {
            self.doubled += 1;
        } else {
            self.lost += number - self.lines;
            self.lines = number + 1;
        }
    }
}

/// Checks that every line is whole and comes once and in order, and says so as JSON.
fn check(mut lines: impl BufRead) -> Result<(), Box<dyn Error>> {
    let mut tally = Tally::default();
    let mut line = Vec::new();
    while !tally.is_complete {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Err("the lines ended before the last one".into());
        }
        tally.take(&line);
    }
    writeln!(io::stdout(), "{}", serde_json::to_string(&tally)?)?;
    if tally.lost + tally.doubled + tally.torn > 0 {
        return Err("lines are missing, torn or doubled".into());
    }
    Ok(())
}
