//! Log lines, and the log of the real program.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use chrono::{DateTime, Local, NaiveDateTime, TimeZone};
use serde_json::Value;
use syft_tests::home::Home;

/// No condition takes longer, or something is wrong.
const LIMIT: Duration = Duration::from_secs(60);
/// The size at which a log file is rotated.
const ROTATED_AT: usize = 10 * 1024 * 1024;

/// What a line of the log says, read by our own rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Seconds since 1970.
    pub(crate) time: i64,
    pub(crate) name: String,
    pub(crate) level: String,
    pub(crate) message: String,
}

impl Record {
    /// Reads a line in either form.
    pub(crate) fn of(line: &str) -> Self {
        if line.starts_with('{') {
            return Self::of_json(&serde_json::from_str(line).unwrap());
        }
        let parts: Vec<&str> = line.splitn(4, " - ").collect();
        let [time, name, level, message] = parts[..] else {
            panic!("no line of ours: {line}");
        };
        let time = NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S").unwrap();
        Self {
            time: Local
                .from_local_datetime(&time)
                .earliest()
                .unwrap()
                .timestamp(),
            name: name.to_owned(),
            level: level.to_owned(),
            message: message.to_owned(),
        }
    }

    /// Reads an object with our four keys.
    pub(crate) fn of_json(object: &Value) -> Self {
        let text = |key: &str| object[key].as_str().unwrap().to_owned();
        Self {
            time: DateTime::parse_from_rfc3339(&text("time"))
                .unwrap()
                .timestamp(),
            name: text("name"),
            level: text("level"),
            message: text("message"),
        }
    }
}

/// Has the program log in this form, at the level `debug`.
pub(crate) fn set_form(home: &Home, form: &str) {
    let path = home.path(".syft-creds/daemon.yaml");
    let config = fs::read_to_string(&path).unwrap();
    let config = format!("{config}log:\n  format: {form}\n  level: debug\n");
    syft_state::fs::write_atomic(&path, config.as_bytes(), 0o600).unwrap();
}

/// Has the program watch until it has found a job and mailed about it, and logged that.
pub(crate) fn look(home: &Home, job: &str) {
    home.submit(job);
    let log = home.path(".syft-creds/syft-notify.log");
    let watching = Watching::start(home);
    // In JSON the quotes of a name have backslashes before them.
    let name = job.split('"').next().unwrap();
    let sent = |line: &String| line.contains("✅ Sent") && line.contains(name);
    until("the mail", || log.exists() && lines(&log).iter().any(sent));
    watching.stop();
}

/// The program in the foreground, as a service would run it; it ends with its value.
#[derive(Debug)]
pub(crate) struct Watching(Child);

impl Watching {
    pub(crate) fn start(home: &Home) -> Self {
        let mut run =
            home.syft_notify(&["run", "--interval", "1", "--notify-existing", "--log-file"]);
        run.stdout(Stdio::null()).stderr(Stdio::null());
        Self(run.spawn().unwrap())
    }

    /// Ends it as a service manager does, and waits for its last line.
    pub(crate) fn stop(mut self) {
        let process = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It has ended already where it was stopped.
        drop(self.0.kill());
        self.0.wait().unwrap();
    }
}

#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the lines of a file.
pub(crate) fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    text.lines().map(str::to_owned).collect()
}

/// Appends lines of the program's own until the next ones have the file rotated.
pub(crate) fn fill(log: &Path) {
    let mut text = fs::read_to_string(log).unwrap();
    let sample: Vec<String> = text.lines().map(str::to_owned).collect();
    while text.len() < ROTATED_AT - 64 {
        for line in &sample {
            text.push_str(line);
            text.push('\n');
        }
    }
    syft_state::fs::write_atomic(log, text.as_bytes(), 0o600).unwrap();
}
