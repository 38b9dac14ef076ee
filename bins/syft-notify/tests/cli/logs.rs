//! `logs`: what it shows, how it follows, and how it ends.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use syft_daemon::logs::{Line, LogFile};

use crate::desk::{Desk, Ran, until};

fn line(number: usize) -> String {
    let level = if number.is_multiple_of(10) {
        "ERROR"
    } else {
        "INFO"
    };
    format!("2026-01-31 12:00:00 - syft-notify - {level} - line {number}")
}

fn lines(numbers: impl IntoIterator<Item = usize>) -> String {
    numbers
        .into_iter()
        .map(|number| line(number) + "\n")
        .collect()
}

/// Opens a log whose files hold about ten lines.
fn open(path: &Path) -> LogFile {
    LogFile::open_with(path, Line::text("syft-notify"), 560, 7).unwrap()
}

fn write(log: &mut LogFile, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        log.write_line(line(number).as_bytes());
    }
}

fn default_log(desk: &Desk) -> PathBuf {
    fs::create_dir_all(desk.creds("")).unwrap();
    desk.creds("syft-notify.log")
}

/// `logs --follow`, as whoever reads its output sees it.
struct Following {
    child: Child,
    out: BufReader<ChildStdout>,
    said: PathBuf,
}

impl Following {
    fn start(desk: &Desk, more: &[&str]) -> Self {
        let said = desk.path("said");
        let mut command = desk.command(&[&["logs", "--follow"], more].concat());
        command
            .stdout(Stdio::piped())
            .stderr(File::create(&said).unwrap());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let following = Self { child, out, said };
        following.until_it_says("Ctrl+C");
        following
    }

    #[track_caller]
    fn until_it_says(&self, part: &str) {
        let said = || fs::read_to_string(&self.said).unwrap();
        until(
            || said().contains(part),
            || format!("no {part:?} in {}", said()),
        );
    }

    #[track_caller]
    fn shows(&mut self, numbers: impl IntoIterator<Item = usize>) {
        for number in numbers {
            let mut text = String::new();
            self.out.read_line(&mut text).unwrap();
            assert_eq!(text, line(number) + "\n");
        }
    }

    /// Ends it as Ctrl+C does, and returns the exit code and what came at last.
    fn interrupt(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let kill = Command::new("kill").args(["-s", "INT", &id]).status();
        assert!(kill.unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn the_last_lines_are_shown() {
    let desk = Desk::new();
    write(&mut open(&default_log(&desk)), 0..95);
    let whole = desk.run(&["logs"]).succeeds();
    assert_eq!(whole.out, lines(45..95));
    assert!(
        whole.err.contains(".syft-creds/syft-notify.log"),
        "{}",
        whole.err
    );
    for (count, first) in [("0", 95), ("1", 94), ("30", 65)] {
        let shown = desk.run(&["logs", "--lines", count]).succeeds();
        assert_eq!(shown.out, lines(first..95), "{count}");
    }
    let oldest = fs::read_to_string(desk.creds("syft-notify.log.7")).unwrap();
    let all = desk.run(&["logs", "-n", "1000000"]).succeeds().out;
    assert!(
        all.starts_with(&oldest) && all.ends_with(&lines(45..95)),
        "{all}"
    );
    let errors = desk.run(&["logs", "--errors", "-n", "2"]).succeeds();
    assert_eq!(errors.out, lines([80, 90]));
}

#[test]
fn nothing_logged_is_no_mistake() {
    let desk = Desk::new();
    for more in [&[][..], &["--errors"]] {
        let shown = desk.run(&[&["logs"], more].concat()).succeeds();
        assert_eq!(shown.out, "");
        let says = "Nothing was logged there yet.\nnext:  syft-notify start\n";
        assert!(shown.err.ends_with(says), "{}", shown.err);
    }
    drop(open(&default_log(&desk)));
    let shown = desk.run(&["logs", "--errors"]).succeeds();
    assert!(
        shown.err.contains("Nothing was logged there yet.\n"),
        "{}",
        shown.err
    );
}

#[test]
fn the_config_says_where_and_need_not_be_whole() {
    let desk = Desk::local();
    let config = desk.config_text();
    desk.write_config(&format!("{config}log:\n  path: elsewhere.log\n"));
    write(&mut open(&desk.creds("elsewhere.log")), 0..3);
    write(&mut open(&default_log(&desk)), 7..9);
    assert_eq!(desk.run(&["logs"]).succeeds().out, lines(0..3));
    desk.write_config("do_email: [");
    assert_eq!(desk.run(&["logs"]).succeeds().out, lines(7..9));
    desk.run(&["logs", "--config", "missing.yaml"])
        .fails(1, &["missing.yaml"]);
}

#[test]
fn what_is_no_file_is_refused() {
    let desk = Desk::new();
    symlink("/etc/passwd", default_log(&desk)).unwrap();
    for more in [&[][..], &["--follow"]] {
        let shown = desk.run(&[&["logs"], more].concat());
        assert_eq!(shown.fails(1, &["is a symbolic link, not a file"]).out, "");
    }
}

#[test]
fn output_that_is_lost_is_an_error() {
    let desk = Desk::new();
    write(&mut open(&default_log(&desk)), 0..3);
    for more in [&[][..], &["--follow"]] {
        let mut command = desk.command(&[&["logs"], more].concat());
        command.stdout(File::options().write(true).open("/dev/full").unwrap());
        let ran = Ran::of(command.output().unwrap());
        ran.fails(1, &["cannot write to standard output: No space left"]);
    }
}

#[test]
fn colours_are_for_those_who_want_them() {
    let desk = Desk::new();
    write(&mut open(&default_log(&desk)), 9..11);
    let run = |variables: &[(&str, &str)], more: &[&str]| {
        let mut command = desk.command(&[&["logs"], more].concat());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(run(&[], &[]), lines(9..11));
    let forced = ("CLICOLOR_FORCE", "1");
    let painted = run(&[forced], &[]);
    assert_eq!(painted.lines().next().unwrap(), line(9));
    let error = painted.lines().nth(1).unwrap();
    assert!(
        error.starts_with("\u{1b}[") && error.ends_with("\u{1b}[0m"),
        "{error:?}"
    );
    assert_eq!(run(&[forced], &["--no-color"]), lines(9..11));
}

#[test]
fn it_follows_across_rotations_until_ctrl_c() {
    let desk = Desk::new();
    let mut log = open(&default_log(&desk));
    write(&mut log, 0..25);
    let mut following = Following::start(&desk, &["-n", "12"]);
    following.shows(13..25);
    for begin in [25, 26, 40, 70] {
        write(&mut log, begin..begin + 30);
        following.shows(begin..begin + 30);
    }
    assert_eq!(following.interrupt(), (Some(0), String::new()));
}

#[test]
fn a_log_that_comes_later_is_waited_for() {
    let desk = Desk::new();
    let mut following = Following::start(&desk, &[]);
    following.until_it_says("Nothing was logged there yet; waiting");
    write(&mut open(&default_log(&desk)), 0..25);
    following.shows(0..25);
    // It comes back also when somebody has cleared everything away.
    fs::remove_dir_all(desk.creds("")).unwrap();
    write(&mut open(&default_log(&desk)), 30..33);
    following.shows(30..33);
    assert_eq!(following.interrupt().0, Some(0));
}

#[test]
fn it_ends_when_nobody_reads_any_more_also_without_a_new_line() {
    let desk = Desk::new();
    write(&mut open(&default_log(&desk)), 0..3);
    let mut following = Following::start(&desk, &[]);
    following.shows(0..3);
    let mut child = Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
    child.wait().unwrap();
    let ended = BufReader::new(child.stdout.take().unwrap());
    drop(std::mem::replace(&mut following.out, ended));
    assert_eq!(following.child.wait().unwrap().code(), Some(0));
    let said = fs::read_to_string(&following.said).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// The short form of `tests/peers/log_flood.py`.
#[test]
fn a_flood_loses_no_line() {
    const LINES: usize = 400_000;
    let desk = Desk::new();
    let path = default_log(&desk);
    let mut following = Following::start(&desk, &["-n", "0"]);
    let writer = std::thread::spawn(move || {
        let mut log = LogFile::open_with(&path, Line::text("syft-notify"), 4_000_000, 7).unwrap();
        write(&mut log, 0..LINES);
    });
    following.shows(0..LINES);
    writer.join().unwrap();
    let said = fs::read_to_string(&following.said).unwrap();
    assert!(!said.contains("warning"), "{said}");
    assert_eq!(following.interrupt(), (Some(0), String::new()));
}

#[test]
fn json_lines_are_written_where_the_config_says() {
    let desk = Desk::local();
    let config = desk.config_text();
    desk.write_config(&format!(
        "{config}log: {{format: json, level: debug, path: j.log}}\n"
    ));
    let running = desk.start(&["run", "--log-file", "--interval", "1"]);
    let log = desk.creds("j.log");
    let text = || fs::read_to_string(&log).unwrap_or_default();
    until(|| text().contains("looked: "), text);
    assert_eq!(running.signal("TERM").0, Some(0));
    desk.is_private(&log);
    for line in text().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["name"], "syft-notify");
        let time = line["time"].as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(time).unwrap();
        assert!(
            line["message"].is_string() && line["level"].is_string(),
            "{line}"
        );
    }
    let shown = desk.run(&["logs", "-n", "1"]).succeeds();
    assert!(
        shown.out.contains(r#""level":"INFO","message":"stopped""#),
        "{}",
        shown.out
    );
}

#[test]
fn the_journal_is_told_how_bad_it_is_and_the_file_is_not() {
    use std::os::unix::fs::MetadataExt;

    let desk = Desk::local();
    let journal = File::create(desk.path("journal")).unwrap();
    let metadata = journal.metadata().unwrap();
    let name = format!("{}:{}", metadata.dev(), metadata.ino());
    let mut command = desk.command(&["run", "--log-file", "--interval", "1"]);
    command.env("JOURNAL_STREAM", name).stderr(journal);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let text = || fs::read_to_string(desk.path("journal")).unwrap();
    until(|| text().contains("first look"), text);
    child.kill().unwrap();
    child.wait().unwrap();
    let logged = fs::read_to_string(desk.creds("syft-notify.log")).unwrap();
    for line in logged.lines() {
        let level = line.split(" - ").nth(2).unwrap();
        let prefix = if level == "WARNING" { "<4>" } else { "<6>" };
        assert!(
            text().contains(&format!("{prefix}{line}\n")),
            "no {line} in:\n{}",
            text()
        );
    }
}
