//! A terminal, as `script` makes one.

use std::{
    io::{Read as _, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Nothing takes longer to be shown, or something is wrong.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<String>>,
    seen: usize,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Runs a line in bash, in the environment of a command.
    pub(crate) fn open(environment: Command, line: &str) -> Self {
        let mut script = Command::new("script");
        script.args(["-qec", line, "/dev/null"]).env_clear();
        script.env("SHELL", "/bin/bash");
        for (name, value) in environment.get_envs() {
            script.env(name, value.unwrap());
        }
        script.current_dir(environment.get_current_dir().unwrap());
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.stderr(Stdio::null()).spawn().unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let mut output = child.stdout.take().unwrap();
        let shown = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut piece) {
                bytes.extend_from_slice(&piece[..length]);
                *shown.lock().unwrap() = plain(&String::from_utf8_lossy(&bytes));
            }
        });
        Self {
            keys: child.stdin.take().unwrap(),
            child,
            screen,
            seen: 0,
            reader,
        }
    }

    /// Waits until the screen shows a text behind the one of the last time.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        let begin = Instant::now();
        loop {
            let screen = self.screen.lock().unwrap().clone();
            if let Some(at) = screen.get(self.seen..).and_then(|rest| rest.find(text)) {
                self.seen += at + text.len();
                return;
            }
            assert!(begin.elapsed() < LIMIT, "no {text} in:\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn type_in(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for the end and returns the exit code and what was shown.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if begin.elapsed() > LIMIT {
                self.child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        drop(self.keys);
        self.reader.join().unwrap();
        (status.code(), self.screen.lock().unwrap().clone())
    }
}

/// Returns a text without the sequences that steer a terminal.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            if chars.next_if_eq(&'[').is_some() {
                while chars.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
            }
            // `ESC ( B` chooses a character set: one more than the others.
            if chars.next() == Some('(') {
                chars.next();
            }
        } else if c != '\r' {
            plain.push(c);
        }
    }
    plain
}
