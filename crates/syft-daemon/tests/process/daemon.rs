//! A daemon in a directory of its own, which ends with the test.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use syft_daemon::{
    Ended, Holder, Launch, Paths, Signal, StartError, Started, holder, start, this_program,
};
use tempfile::TempDir;

use crate::program;

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Daemon {
    directory: TempDir,
    pub(crate) paths: Paths,
}

impl Daemon {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let paths = program::paths(directory.path());
        Self { directory, paths }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn launch(&self, kind: &str) -> Launch {
        Self::launch_in(self.directory(), kind)
    }

    pub(crate) fn launch_in(directory: &Path, kind: &str) -> Launch {
        let paths = program::paths(directory);
        Launch {
            error_log: paths.error_log(),
            paths,
            program: this_program().unwrap(),
            arguments: program::arguments("supervise", directory, kind),
            patience: PATIENCE,
            environment: Vec::new(),
            on_status: Box::new(|_| {}),
        }
    }

    pub(crate) async fn try_start(&self, kind: &str) -> Result<Started, StartError> {
        start(self.launch(kind)).await
    }

    pub(crate) async fn start(&self, kind: &str) -> Started {
        match self.try_start(kind).await {
            Ok(started) => {
                // What it wrote before it was ready may come a moment later.
                self.until("heard", || !self.workers().is_empty());
                started
            }
            Err(error) => panic!("{error}\n{}{}", self.log(), self.error_log()),
        }
    }

    pub(crate) fn holder(&self) -> Option<Holder> {
        holder(&self.paths).unwrap()
    }

    pub(crate) fn ended(&self) -> Option<Ended> {
        Ended::read(&self.paths).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.paths.log()).unwrap_or_default()).into_owned()
    }

    pub(crate) fn error_log(&self) -> String {
        fs::read_to_string(self.paths.error_log()).unwrap_or_default()
    }

    /// Returns the process numbers of all workers so far, oldest first.
    pub(crate) fn workers(&self) -> Vec<u32> {
        let log = self.log();
        log.lines()
            .filter_map(|line| line.strip_prefix("worker ")?.parse().ok())
            .collect()
    }

    /// Waits until it holds.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, condition: impl Fn() -> bool) {
        self.within(PATIENCE, what, condition);
    }

    #[track_caller]
    pub(crate) fn within(&self, patience: Duration, what: &str, condition: impl Fn() -> bool) {
        let began = Instant::now();
        while !condition() {
            let log = (self.log(), self.error_log());
            assert!(began.elapsed() < patience, "not {what}: {log:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Ok(Some(holder)) = holder(&self.paths) {
            holder.signal(Signal::Kill).unwrap();
        }
    }
}

/// Returns whether a process lives that has not only to be buried.
pub(crate) fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().starts_with(" Z"))
}

pub(crate) fn kill(pid: u32) {
    signal(pid, rustix::process::Signal::KILL);
}

pub(crate) fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
