//! Killed at random moments under load.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::desk::{Asked, Desk, HONEST, IS_FULL, SERVER, say};

/// So many handlers run at once, so a crash can interrupt so many.
const CONCURRENCY: usize = 64;
/// The answer to a request that was interrupted, with the journal.
const INTERRUPTED: u16 = 500;
/// So many requests wait for their answers at any time.
const LOAD: usize = 100;

/// A server in a process of its own, which ends with it.
#[derive(Debug)]
pub(crate) struct Program(Child);

impl Program {
    /// Starts one that echoes, and waits until it serves.
    pub(crate) fn start(desk: &Desk, with_journal: bool) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rpc_peer"));
        command
            .arg("serve")
            .arg(desk.data_dir())
            .args([SERVER, "app"]);
        command.arg(desk.staging("log"));
        if with_journal {
            command.arg(desk.staging("journal"));
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "READY\n");
        Self(child)
    }

    /// Returns how much memory it had at most, in kilobytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let mut words = line.unwrap().split_whitespace();
        words.nth(1).unwrap().parse().unwrap()
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().ok();
    }
}

/// A caller who always has some requests under way, and reads every answer at once.
struct Load {
    desk: Arc<Desk>,
    stop: Arc<AtomicBool>,
}

impl Load {
    /// Asks until told to stop, then waits for what is missing; returns the answers.
    fn run(self) -> HashMap<Uuid, u16> {
        let (mut waiting, mut answers) = (Vec::new(), HashMap::new());
        let mut deadline = None;
        loop {
            if self.stop.load(Ordering::Relaxed) {
                let patience = Duration::from_secs(60);
                let deadline = *deadline.get_or_insert_with(|| Instant::now() + patience);
                if waiting.is_empty() {
                    return answers;
                }
                assert!(Instant::now() < deadline, "{} requests", waiting.len());
            } else if waiting.len() < LOAD {
                let asked = Asked::new(HONEST, "under load");
                let path = asked.path(&self.desk, "request");
                self.desk.deliver(&path, &asked.bytes).unwrap();
                waiting.push(asked);
            }
            // Whatever is there can be read whole, or `answer` panics.
            waiting.retain(|asked| match asked.answer(&self.desk) {
                Some(status) => {
                    answers.insert(asked.id, status);
                    false
                }
                None => true,
            });
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

fn crash(with_journal: bool) {
    let desk = Arc::new(Desk::new());
    std::fs::create_dir_all(desk.path(&format!("echo/{HONEST}"))).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let load = Load {
        desk: Arc::clone(&desk),
        stop: Arc::clone(&stop),
    };
    let load = std::thread::spawn(|| load.run());
    let kills = if *IS_FULL { 500 } else { 25 };
    for _ in 0..kills {
        let program = Program::start(&desk, with_journal);
        // Random bits of an id are random enough for a moment.
        let millis = Uuid::new_v4().as_u128() % 150;
        std::thread::sleep(Duration::from_millis(u64::try_from(millis).unwrap()));
        program.kill();
    }
    let program = Program::start(&desk, with_journal);
    stop.store(true, Ordering::Relaxed);
    let answers = load.join().unwrap();
    drop(program);
    let handled = handled(&desk);
    let again = handled.values().filter(|count| **count > 1).count();
    let interrupted = answers.values().filter(|status| **status == INTERRUPTED);
    let interrupted = interrupted.count();
    say(&format!(
        "{kills} kills, journal {with_journal}: {} requests, all answered; {again} handled more than once, {interrupted} answered as interrupted",
        answers.len()
    ));
    for (id, status) in &answers {
        let count = handled.get(id).copied().unwrap_or_default();
        match *status {
            200 if with_journal => assert_eq!(count, 1, "{id}"),
            200 => assert!(count >= 1, "{id}"),
            INTERRUPTED if with_journal => assert!(count <= 1, "{id}"),
            status => panic!("{id}: {status}"),
        }
    }
    assert!(again <= kills * CONCURRENCY);
}

/// Returns how often each request was handled; a line that was cut off is none.
fn handled(desk: &Desk) -> HashMap<Uuid, usize> {
    let log = std::fs::read_to_string(desk.staging("log")).unwrap();
    let mut handled = HashMap::new();
    for id in log.lines().filter_map(|line| line.parse().ok()) {
        *handled.entry(id).or_default() += 1;
    }
    handled
}

#[test]
fn killed_at_random_moments() {
    crash(false);
}

#[test]
fn killed_at_random_moments_with_a_journal() {
    crash(true);
}
