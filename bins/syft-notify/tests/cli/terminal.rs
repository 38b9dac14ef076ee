//! The program at a terminal of its own.

use std::{
    io::{Read as _, Write as _},
    process::{Child, ChildStdin, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use crate::desk::{Desk, Ran, until};

/// What a terminal sends for Ctrl+C.
pub(crate) const CTRL_C: &str = "\x03";

/// The program at a terminal of its own, as `script` makes one.
pub(crate) struct Terminal {
    child: Child,
    keys: Option<ChildStdin>,
    screen: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    pub(crate) fn open(desk: &Desk, line: &str) -> Self {
        Self::run(desk, &format!("exec \"$SYFT_NOTIFY\" {line}"), &[])
    }

    /// Opens a terminal for a line of a shell; `$SYFT_NOTIFY` is the program.
    pub(crate) fn run(desk: &Desk, line: &str, environment: &[(&str, &str)]) -> Self {
        let mut child = std::process::Command::new("script")
            .args(["-qec", line, "/dev/null"])
            .env_clear()
            .env("SYFT_NOTIFY", desk.command(&[]).get_program())
            .envs(environment.iter().copied())
            .current_dir(desk.path("."))
            .env("HOME", desk.path("home"))
            .env("PATH", "/usr/bin:/bin")
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let mut output = child.stdout.take().unwrap();
        let shown = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut piece) {
                let text = String::from_utf8_lossy(&piece[..length]).into_owned();
                shown.lock().unwrap().push_str(&text);
            }
        });
        Self {
            keys: child.stdin.take(),
            child,
            screen,
            reader: Some(reader),
        }
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        let seen = || self.screen.lock().unwrap().clone();
        until(
            || seen().contains(text),
            || format!("no {text:?} in:\n{}", seen()),
        );
    }

    /// Waits until the screen shows `question`, forgets it and types `keys`.
    #[track_caller]
    pub(crate) fn answer(&mut self, question: &str, keys: &str) {
        self.shows(question);
        self.screen.lock().unwrap().clear();
        self.types(keys);
    }

    /// Types something.
    pub(crate) fn types(&mut self, keys: &str) {
        self.keys().write_all(keys.as_bytes()).unwrap();
        self.keys().flush().unwrap();
    }

    /// Closes the terminal, whatever runs in it.
    pub(crate) fn close(self) {
        drop(self);
    }

    fn keys(&mut self) -> &mut ChildStdin {
        self.keys.as_mut().unwrap()
    }

    pub(crate) fn end(mut self) -> Ran {
        let code = self.child.wait().unwrap().code();
        drop(self.keys.take());
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        let err = self.screen.lock().unwrap().clone();
        Ran {
            code,
            out: String::new(),
            err,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
