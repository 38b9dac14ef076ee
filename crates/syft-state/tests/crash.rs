//! A process that dies or runs out of room in the middle of a commit.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use syft_state::ledger::{Ledger, Op, State};

/// Tells the child process which ledger to work on.
const LEDGER: &str = "SYFT_STATE_TEST_LEDGER";
const KILLS: u64 = 200;

/// Counts upwards in two places of the ledger and says so before and after each commit.
#[test]
fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test starts itself as another process"
    )]
    let Some(path) = env::var_os(LEDGER) else {
        return;
    };
    let mut ledger = Ledger::open(Path::new(&path)).unwrap();
    let mut session = ledger.session().unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "\nready").unwrap();
    loop {
        let next = count(session.state()) + 1;
        match session.commit(&counting(next)) {
            Ok(()) => writeln!(out, "done {next}").unwrap(),
            Err(error) => {
                writeln!(out, "failed {}", chain(&error)).unwrap();
                writeln!(out, "still {}", count(session.state())).unwrap();
                return;
            }
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|source| format!(": {source}"));
    format!("{error}{}", cause.unwrap_or_default())
}

fn counting(number: u64) -> [Op; 3] {
    [
        Op::Cursor(Some(number.to_string())),
        Op::Unmark {
            key: "count".to_owned(),
            mark: None,
        },
        Op::Mark {
            key: "count".to_owned(),
            mark: number.to_string(),
        },
    ]
}

#[track_caller]
fn count(state: &State) -> u64 {
    let cursor = state.own().cursor.clone().unwrap_or_default();
    assert_eq!(
        state.marks("count").collect::<String>(),
        cursor,
        "half a transaction"
    );
    cursor.parse().unwrap_or(0)
}

fn filled(path: &Path) {
    let mut state = State::default();
    for number in 0..3000 {
        let key = format!("msg_{number:028}");
        state.apply(&Op::Mark {
            key,
            mark: "processed".to_owned(),
        });
    }
    syft_state::fs::write_atomic(path, state.to_text().as_bytes(), 0o600).unwrap();
}

fn start(mut command: Command, path: &Path) -> (Child, std::io::Lines<BufReader<ChildStdout>>) {
    let command = command.env(LEDGER, path).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "ready"));
    (child, lines)
}

fn this_program() -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]);
    command
}

/// Keeps the processor busy, so that the kill comes at any point of a commit.
fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// T13: a process may die at any moment.
#[test]
fn a_killed_process_leaves_the_state_before_or_after_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notification_state.json");
    filled(&path);
    let (mut before, mut after) = (0, 0);
    for round in 0..KILLS {
        let mut said = count(&Ledger::read(&path).unwrap());
        let (mut child, mut lines) = start(this_program(), &path);
        for _ in 0..round % 4 {
            said = number_in(&lines.next().unwrap().unwrap());
        }
        // A golden-ratio walk covers the four milliseconds of one or two commits evenly.
        spin(Duration::from_micros(round * 2472 % 4000));
        child.kill().unwrap();
        child.wait().unwrap();
        said = lines
            .map_while(Result::ok)
            .filter(|line| line.starts_with("done"))
            .map(|line| number_in(&line))
            .fold(said, u64::max);
        let state = Ledger::read(&path).unwrap();
        match count(&state) {
            found if found == said => before += 1,
            found if found == said + 1 => after += 1,
            found => panic!("round {round}: the child said {said}, the file says {found}"),
        }
        assert_eq!(state.keys_with_prefix("msg_").count(), 3000);
    }
    println!("{KILLS} kills: {before} before the next commit, {after} after it");
    Ledger::open(&path).unwrap();
    let left: Vec<_> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains(".tmp-")),
        "{left:?}"
    );
}

fn number_in(line: &str) -> u64 {
    line.trim_start_matches("done ").parse().unwrap()
}

#[test]
fn without_room_nothing_changes_and_the_message_says_where() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notification_state.json");
    filled(&path);
    let old = fs::read(&path).unwrap();
    let mut command = Command::new("sh");
    // A file may not grow beyond some kilobytes; without the trap the system would kill the process.
    command.args([
        "-c",
        "trap '' XFSZ; ulimit -f 16; exec \"$0\" --exact child --nocapture",
    ]);
    command.arg(env::current_exe().unwrap());
    let (mut child, mut lines) = start(command, &path);
    let said = lines.next().unwrap().unwrap();
    assert!(said.starts_with("failed cannot write"), "{said}");
    assert!(
        said.contains(path.to_str().unwrap()) && said.contains("File too large"),
        "{said}"
    );
    assert_eq!(lines.next().unwrap().unwrap(), "still 0");
    child.wait().unwrap();
    assert_eq!(fs::read(&path).unwrap(), old);
    let mut left: Vec<_> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["notification_state.json", "notification_state.lock"]);
}

#[test]
fn the_umask_does_not_change_the_mode() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notification_state.json");
    let mut command = Command::new("sh");
    command.args(["-c", "umask 0400; exec \"$0\" --exact child --nocapture"]);
    command.arg(env::current_exe().unwrap());
    let (mut child, mut lines) = start(command, &path);
    assert_eq!(lines.next().unwrap().unwrap(), "done 1");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
