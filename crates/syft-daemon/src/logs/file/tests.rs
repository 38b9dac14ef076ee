use std::fs;

use tracing_subscriber::layer::SubscriberExt;

use super::{
    super::{Period, SharedLog},
    *,
};

const INFO: &[u8] = b"2026-01-31 12:00:00 - a - INFO - fine";
const ERROR: &[u8] = b"2026-01-31 12:00:00 - a - ERROR - broken";

struct Bench {
    _directory: tempfile::TempDir,
    log: std::path::PathBuf,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("a.log");
        let _directory = directory;
        Self { _directory, log }
    }

    fn lines(path: &Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(ToOwned::to_owned).collect()
    }

    fn all(&self) -> Vec<String> {
        Self::lines(&self.log)
    }

    fn errors(&self) -> Vec<String> {
        Self::lines(&error_log(&self.log))
    }
}

#[test]
fn errors_are_repeated_in_the_error_log() {
    let bench = Bench::new();
    let mut log = LogFile::open(&bench.log, Line::text("a")).unwrap();
    log.write_line(INFO);
    log.write_line(&[ERROR, b"\n"].concat());
    log.write_line(b"");
    log.write_line(b"\r\n");
    let (info, error) = (
        INFO.escape_ascii().to_string(),
        ERROR.escape_ascii().to_string(),
    );
    assert_eq!(bench.all(), [info, error.clone()]);
    assert_eq!(bench.errors(), [error]);
}

#[test]
fn t23_what_is_no_line_becomes_one() {
    for (line, says) in [
        (Line::text("a"), " - a - ERROR - thread 'x' panicked"),
        (
            Line::json("a"),
            r#""name":"a","level":"ERROR","message":"thread 'x' panicked""#,
        ),
    ] {
        let bench = Bench::new();
        let mut log = LogFile::open(&bench.log, line).unwrap();
        log.write_line(b"thread 'x' panicked\n");
        log.write_line(b"\xff\x1b[2J not text");
        let all = bench.all();
        assert_eq!(all, bench.errors());
        assert!(all[0].contains(says), "{all:?}");
        assert!(all[1].contains("\u{fffd} [2J not text"), "{all:?}");
        assert!(all.iter().all(|line| level_of(line.as_bytes()).is_some()));
    }
}

#[test]
fn a_program_logs_into_it() {
    let bench = Bench::new();
    let log = SharedLog::new(LogFile::open(&bench.log, Line::text("a")).unwrap());
    let layer = tracing_subscriber::fmt::layer()
        .event_format(Line::text("a"))
        .with_writer(log.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        tracing::info!("one");
        log.write_line(ERROR);
        tracing::error!("three");
    });
    let all = bench.all();
    assert_eq!(all.len(), 3);
    assert!(all[0].ends_with(" - a - INFO - one") && all[2].ends_with(" - a - ERROR - three"));
    assert_eq!(bench.errors(), all[1..]);
}

#[test]
fn a_full_disk_is_told_once_when_there_is_room_again() {
    let bench = Bench::new();
    let mut log = LogFile::open(&bench.log, Line::text("a")).unwrap();
    for file in [&mut log.all, &mut log.errors] {
        for _ in 0..57 {
            file.lose("no space left on device");
        }
    }
    log.write_line(INFO);
    log.write_line(ERROR);
    let all = bench.all();
    assert_eq!(all.len(), 3);
    let says = " - a - WARNING - 57 lines were lost here, because the log could not be written: \
        no space left on device";
    assert!(all[0].ends_with(says), "{all:?}");
    assert_eq!(bench.errors().len(), 2);
}

#[test]
fn a_removed_directory_comes_back_with_a_word() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("logs/a.log");
    let mut log = LogFile::open(&path, Line::text("a")).unwrap();
    log.write_line(INFO);
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    let deadline = Instant::now() + std::time::Duration::from_secs(10);
    while !path.exists() {
        assert!(Instant::now() < deadline);
        log.look_after();
    }
    let lines = Bench::lines(&path);
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].ends_with("WARNING - the log was removed while it was written; it goes on here")
    );
}

fn kept(period: Period) -> Retention {
    Retention {
        period,
        kept: 3,
        ..Retention::default()
    }
}

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

#[test]
fn a_new_period_begins_new_files() {
    let bench = Bench::new();
    let mut log = LogFile::open_kept(&bench.log, Line::text("a"), kept(Period::Daily)).unwrap();
    log.write_line_at(ERROR, at("2026-01-31T00:00:00Z"));
    log.write_line_at(INFO, at("2026-01-31T23:59:59Z"));
    assert_eq!(bench.all().len(), 2);
    log.write_line_at(INFO, at("2026-02-01T00:00:00Z"));
    assert_eq!((bench.all().len(), bench.errors().len()), (1, 0));
    // Two days of silence are one new file; a clock that goes back is none.
    log.write_line_at(INFO, at("2026-02-03T12:00:00Z"));
    log.write_line_at(INFO, at("2026-02-02T12:00:00Z"));
    log.write_line_at(INFO, at("2026-02-03T13:00:00Z"));
    assert_eq!(bench.all().len(), 3);
    let rotated = |number| Bench::lines(&super::super::rotated(&bench.log, number)).len();
    assert_eq!((rotated(1), rotated(2)), (1, 2));
    assert!(!super::super::rotated(&bench.log, 3).exists());
}

#[test]
fn a_file_of_an_earlier_period_is_closed_after_a_restart() {
    let bench = Bench::new();
    let open = || LogFile::open_kept(&bench.log, Line::text("a"), kept(Period::Weekly)).unwrap();
    open().write_line(INFO);
    open().write_line(INFO);
    assert_eq!(bench.all().len(), 2);
    let file = fs::File::options().append(true).open(&bench.log).unwrap();
    file.set_modified(at("2026-01-01T12:00:00Z").into())
        .unwrap();
    open().write_line(INFO);
    assert_eq!(bench.all().len(), 1);
    assert_eq!(Bench::lines(&super::super::rotated(&bench.log, 1)).len(), 2);
}

#[test]
fn sizes_and_periods_both_close_files_and_old_ones_are_compressed() {
    let bench = Bench::new();
    let retention = Retention {
        size: 3 * (INFO.len() as u64 + 1),
        period: Period::Hourly,
        kept: 4,
        compress: true,
        ..Retention::default()
    };
    let mut log = LogFile::open_kept(&bench.log, Line::text("a"), retention).unwrap();
    for hour in 10..20 {
        for _ in 0..4 {
            log.write_line_at(INFO, at(&format!("2026-01-31T{hour}:00:00Z")));
        }
        log.all.finish_compressing();
    }
    let rotated = |number| super::super::rotated(&bench.log, number);
    assert!(rotated(1).is_file() && !rotated(2).exists());
    for number in 2..=4 {
        assert!(super::super::compress::compressed(&bench.log, number).is_file());
    }
    assert!(!super::super::compress::compressed(&bench.log, 5).exists());
}
