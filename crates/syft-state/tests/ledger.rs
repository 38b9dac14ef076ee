//! The ledger on a real file system, in turns with Python and with people who edit it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use syft_state::{
    Error,
    ledger::{Ledger, Op, State},
};

const PYTHON: &str = include_str!("golden/python.json");
/// The reset recipe that users of Python's program know: it writes in place, without the lock.
const RESET: &str = r#"
import json, sys
path = sys.argv[1]
with open(path) as file:
    state = json.load(file)
state.pop("peer_snapshot", None)
for key in [key for key in state["notified_jobs"] if key.startswith("peer_")]:
    del state["notified_jobs"][key]
with open(path, "w") as file:
    json.dump(state, file, indent=2)
"#;

struct Place {
    dir: tempfile::TempDir,
    path: PathBuf,
}

fn place(content: &str) -> Place {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notification_state.json");
    if !content.is_empty() {
        overwrite(&path, content);
    }
    Place { dir, path }
}

/// Writes in place, as editors and Python do.
fn overwrite(path: &Path, content: &str) {
    fs::File::create(path)
        .unwrap()
        .write_all(content.as_bytes())
        .unwrap();
}

fn python(script: &str, path: &Path) -> String {
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn mark(key: &str) -> Op {
    Op::Mark {
        key: key.to_owned(),
        mark: "new".to_owned(),
    }
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

fn backup_of(path: &Path) -> PathBuf {
    path.with_extension("json.bak")
}

#[track_caller]
fn open_error(path: &Path) -> Error {
    Ledger::open(path).map(|_| ()).unwrap_err()
}

#[test]
fn a_missing_file_is_made_and_private() {
    let place = place("");
    let ledger = Ledger::open(&place.path).unwrap();
    assert_eq!(
        fs::read_to_string(&place.path).unwrap(),
        "{\n  \"notified_jobs\": {}\n}"
    );
    assert_eq!(fs::metadata(&place.path).unwrap().mode() & 0o777, 0o600);
    assert!(place.dir.path().join("notification_state.lock").exists());
    assert_eq!(ledger.path(), place.path);
    assert!(Ledger::read(&place.path).unwrap().is_fresh());
    assert!(
        Ledger::read(&place.dir.path().join("other.json"))
            .unwrap_err()
            .is_not_found()
    );
}

#[test]
fn t13_a_damaged_file_is_left_alone_and_named() {
    for (content, at) in [
        ("{\"notified_jobs\": {\"a\": [\"new\"]", "line 1 column"),
        ("{\n  \"notified_jobs\": []\n}", "line 2 column"),
        ("not json", "line 1 column"),
        ("\u{feff}{}", "line 1 column 1"),
    ] {
        let place = place(content);
        let error = open_error(&place.path).to_string();
        assert!(
            error.contains(place.path.to_str().unwrap()) && error.contains(at),
            "{error}"
        );
        assert!(Ledger::read(&place.path).is_err());
        assert_eq!(fs::read_to_string(&place.path).unwrap(), content);
    }
    let empty = place("");
    fs::File::create(&empty.path).unwrap();
    assert!(open_error(&empty.path).to_string().contains("it is empty"));
    assert_eq!(fs::metadata(&empty.path).unwrap().len(), 0);
}

#[test]
fn what_is_no_ledger_file_is_refused() {
    let place = place("{}");
    let link = place.dir.path().join("link.json");
    symlink(&place.path, &link).unwrap();
    assert!(matches!(open_error(&link), Error::NotRegular { .. }));
    assert!(matches!(
        open_error(place.dir.path()),
        Error::NotRegular { .. }
    ));
    let huge = place.dir.path().join("huge.json");
    fs::File::create(&huge).unwrap().set_len(1 << 30).unwrap();
    assert!(matches!(open_error(&huge), Error::TooLarge { .. }));
    let newer = place.dir.path().join("newer.json");
    overwrite(&newer, "{\"syft_notify\": {\"version\": 7, \"jobs\": 1}}");
    assert!(matches!(open_error(&newer), Error::Newer { found: 7, .. }));
}

#[test]
fn the_generation_before_is_kept_and_comes_back() {
    let place = place(PYTHON);
    let mut ledger = Ledger::open(&place.path).unwrap();
    let mut session = ledger.session().unwrap();
    session.commit(&[mark("one")]).unwrap();
    assert_eq!(fs::read_to_string(backup_of(&place.path)).unwrap(), PYTHON);
    session.commit(&[mark("two")]).unwrap();
    drop(session);
    overwrite(&place.path, "{\"notified_jobs");
    let error = ledger.session().map(|_| ()).unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Corrupt {
                backup: Some(_),
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("notification_state.json.bak"),
        "{error}"
    );
    let aside = Ledger::restore_backup(&place.path).unwrap();
    assert_eq!(fs::read_to_string(aside).unwrap(), "{\"notified_jobs");
    let session = ledger.session().unwrap();
    assert!(session.state().is_marked("one", "new") && !session.state().is_marked("two", "new"));
    drop(session);
    // A backup that is damaged as well is not offered.
    overwrite(&backup_of(&place.path), "{");
    overwrite(&place.path, "{");
    assert!(matches!(
        open_error(&place.path),
        Error::Corrupt { backup: None, .. }
    ));
    assert!(matches!(
        Ledger::restore_backup(&place.path),
        Err(Error::Corrupt { .. })
    ));
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "{");
}

#[test]
fn nothing_is_written_when_nothing_changes() {
    let place = place(PYTHON);
    let mut ledger = Ledger::open(&place.path).unwrap();
    let before = inode(&place.path);
    let mut session = ledger.session().unwrap();
    session.commit(&[]).unwrap();
    session
        .commit(&[
            mark("my job"),
            Op::Drop {
                id: "none".to_owned(),
            },
        ])
        .unwrap();
    assert_eq!(
        (inode(&place.path), backup_of(&place.path).exists()),
        (before, false)
    );
}

#[test]
fn an_edit_before_a_commit_is_not_lost() {
    let place = place(PYTHON);
    let mut ledger = Ledger::open(&place.path).unwrap();
    let mut session = ledger.session().unwrap();
    session.commit(&[mark("one")]).unwrap();
    // The same length, right after our own write, without the lock.
    let text = fs::read_to_string(&place.path).unwrap();
    overwrite(&place.path, &text.replace("\"one\"", "\"eno\""));
    session.commit(&[mark("two")]).unwrap();
    let state = Ledger::read(&place.path).unwrap();
    assert!(state.is_marked("eno", "new") && state.is_marked("two", "new"));
    assert!(!state.is_marked("one", "new") && session.state() == &state);
    // Another file under the name, as editors do it.
    let other = place.dir.path().join("other");
    overwrite(&other, "{\"notified_jobs\": {}}");
    fs::rename(&other, &place.path).unwrap();
    session.refresh().unwrap();
    assert!(session.state().is_fresh());
}

#[test]
fn a_file_torn_by_somebody_else_is_waited_for() {
    let place = place(PYTHON);
    let mut ledger = Ledger::open(&place.path).unwrap();
    let mut session = ledger.session().unwrap();
    overwrite(&place.path, &PYTHON[..100]);
    assert!(matches!(
        session.commit(&[mark("one")]),
        Err(Error::Corrupt { .. })
    ));
    assert!(matches!(session.refresh(), Err(Error::Corrupt { .. })));
    assert!(session.state().is_marked("my job", "new") && !session.state().is_marked("one", "new"));
    assert_eq!(fs::read_to_string(&place.path).unwrap(), PYTHON[..100]);
    overwrite(&place.path, PYTHON);
    session.commit(&[mark("one")]).unwrap();
    assert!(session.state().is_marked("one", "new"));
}

#[test]
fn a_file_deleted_by_hand_begins_anew() {
    let place = place(PYTHON);
    let mut ledger = Ledger::open(&place.path).unwrap();
    fs::remove_file(&place.path).unwrap();
    let mut session = ledger.session().unwrap();
    assert!(session.state().is_fresh() && place.path.exists());
    fs::remove_file(&place.path).unwrap();
    session.commit(&[mark("one")]).unwrap();
    assert!(Ledger::read(&place.path).unwrap().is_marked("one", "new"));
}

#[test]
fn python_and_we_exclude_each_other() {
    let place = place(PYTHON);
    let mut ledger = Ledger::open(&place.path).unwrap();
    let lock = place.dir.path().join("notification_state.lock");
    let holder = "import fcntl, sys\nfile = open(sys.argv[1], 'w')\nfcntl.flock(file, fcntl.LOCK_EX)\nprint('held', flush=True)\nsys.stdin.read()";
    let mut child = Command::new("python3")
        .args(["-c", holder])
        .arg(&lock)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(ledger.try_session().unwrap().is_none());
    assert!(matches!(
        ledger.session().map(|_| ()),
        Err(Error::Locked { .. })
    ));
    assert!(matches!(
        Ledger::restore_backup(&place.path),
        Err(Error::Locked { .. })
    ));
    drop(child.stdin.take());
    child.wait().unwrap();
    let session = ledger.try_session().unwrap().unwrap();
    let attempt = "import fcntl, sys\ntry:\n fcntl.flock(open(sys.argv[1], 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)\n print('free')\nexcept BlockingIOError:\n print('taken')";
    assert_eq!(python(attempt, &lock), "taken\n");
    drop(session);
    assert_eq!(python(attempt, &lock), "free\n");
}

#[test]
fn python_reads_what_we_write_and_keeps_it() {
    let place = place(PYTHON);
    let mut ledger = Ledger::open(&place.path).unwrap();
    let odd = "naïve \"job\"\t\u{1}😀\\";
    let ours = [
        mark(odd),
        Op::Account("do@example.org".parse().unwrap()),
        Op::Cursor(Some("17".to_owned())),
    ];
    ledger.session().unwrap().commit(&ours).unwrap();
    let text = fs::read_to_string(&place.path).unwrap();
    let seen: Value = serde_json::from_str(&python(
        "import json, sys\nprint(json.dumps(json.load(open(sys.argv[1]))))",
        &place.path,
    ))
    .unwrap();
    assert_eq!(seen, serde_json::from_str::<Value>(&text).unwrap());
    assert_eq!(
        seen["peer_grants_snapshot"],
        serde_json::from_str::<Value>(PYTHON).unwrap()["peer_grants_snapshot"]
    );
    // Python's program marks a job: it loads, adds and writes everything in place.
    let mark = "import json, sys\nstate = json.load(open(sys.argv[1]))\nstate['notified_jobs']['from python'] = ['new']\njson.dump(state, open(sys.argv[1], 'w'), indent=2)";
    python(mark, &place.path);
    let session = ledger.session().unwrap();
    assert!(
        session.state().is_marked("from python", "new") && session.state().is_marked(odd, "new")
    );
    assert_eq!(session.state().own().cursor.as_deref(), Some("17"));
}

#[test]
fn the_reset_recipe_works_between_commits() {
    let place = place(PYTHON);
    let mut ledger = Ledger::open(&place.path).unwrap();
    let mut session = ledger.session().unwrap();
    session.commit(&[mark("one")]).unwrap();
    python(RESET, &place.path);
    session.refresh().unwrap();
    let check = |state: &State| {
        assert_eq!(
            (
                state.peer_snapshot(),
                state.keys_with_prefix("peer_").count()
            ),
            (None, 0)
        );
        assert!(state.is_marked("my job", "new") && state.is_marked("one", "new"));
    };
    check(session.state());
    session.commit(&[mark("two")]).unwrap();
    check(&Ledger::read(&place.path).unwrap());
}

/// Python truncates and writes while we commit: whatever is torn is never ours, nor made lasting.
#[test]
fn the_reset_recipe_works_while_commits_run() {
    let place = place(PYTHON);
    let mut ledger = Ledger::open(&place.path).unwrap();
    let mut session = ledger.session().unwrap();
    let again = format!(
        "import sys\nfor _ in range(200):\n    try:\n{}\n    except ValueError:\n        pass\n",
        indented(RESET)
    );
    let mut child = Command::new("python3")
        .args(["-c", &again])
        .arg(&place.path)
        .spawn()
        .unwrap();
    let (mut committed, mut waited) = (0_u64, 0_u64);
    let status = loop {
        match session.commit(&[
            mark(&format!("job {}", committed % 500)),
            Op::Cursor(Some(committed.to_string())),
        ]) {
            Ok(()) => {
                committed += 1;
                assert_eq!(
                    session.state().own().cursor,
                    Some((committed - 1).to_string())
                );
            }
            Err(Error::Corrupt { .. } | Error::Contended { .. }) => waited += 1,
            Err(error) => panic!("{error:?}"),
        }
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    assert!(status.success() && committed > 0);
    session.commit(&[mark("the last")]).unwrap();
    python(RESET, &place.path);
    session.refresh().unwrap();
    let state = session.state();
    assert!(state.is_marked("my job", "executed") && state.is_marked("the last", "new"));
    assert_eq!(
        (
            state.peer_snapshot(),
            state.keys_with_prefix("peer_").count()
        ),
        (None, 0)
    );
    println!("{committed} commits, {waited} times torn or changed by Python");
}

fn indented(script: &str) -> String {
    script
        .lines()
        .map(|line| format!("        {line}\n"))
        .collect()
}
