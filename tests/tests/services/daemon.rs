//! A program that goes on until the test ends, and waiting for what it does.

use std::{
    process::{Child, Command},
    thread::sleep,
    time::{Duration, Instant},
};

/// No condition takes longer, or something is wrong.
const LIMIT: Duration = Duration::from_secs(60);

/// A child that ends with its value.
#[derive(Debug)]
pub(crate) struct Daemon(Child);

impl Daemon {
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(
            command
                .spawn()
                .unwrap_or_else(|error| panic!("{command:?}: {error}")),
        )
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn terminate(mut self) {
        signal("TERM", &self.0.id().to_string());
        self.0.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Sends a signal to a process.
#[track_caller]
pub(crate) fn signal(name: &str, pid: &str) {
    let status = Command::new("kill").args(["-s", name, pid]).status();
    assert!(status.unwrap().success(), "{name} {pid}");
}

/// Waits for something that another process brings about.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(50));
    }
}
