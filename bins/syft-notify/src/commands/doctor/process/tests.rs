use super::*;
use crate::commands::doctor::finding::lines;

fn facts() -> Facts {
    Facts {
        now: Timestamp::from_seconds(1_800_000_000),
        config: "/c/daemon.yaml".into(),
        daemon: Some(Daemon {
            pid: 7,
            config: Some("/c/daemon.yaml".into()),
            is_replaced: false,
        }),
        unknown: None,
        pid_file: PidFile::Names(7),
        pid_path: "/c/x.pid".into(),
        predecessor: None,
        gave_up: None,
        next_look: Some(Timestamp::from_seconds(1_800_000_010)),
        trouble: None,
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Facts), expected: &[&str]) {
    let mut facts = facts();
    change(&mut facts);
    assert_eq!(lines(&findings(&facts)), expected);
}

#[test]
fn a_running_daemon() {
    let runs = "✅ syft-notify runs (PID 7)";
    check(|_| {}, &[runs]);
    check(|facts| facts.pid_file = PidFile::Missing, &[runs]);
    check(
        |facts| facts.next_look = Some(facts.now.before(Duration::from_secs(16 * 60))),
        &[
            "❌ the look of PID 7 is 16 min late — it hangs, or the machine slept — syft-notify \
           logs; then syft-notify restart",
        ],
    );
    check(
        |facts| facts.trouble = Some("no\nnetwork".to_owned()),
        &["⚠️ the last look of PID 7 had trouble — no network — syft-notify status"],
    );
    let daemon =
        |change: fn(&mut Daemon)| move |facts: &mut Facts| change(facts.daemon.as_mut().unwrap());
    check(
        daemon(|daemon| daemon.is_replaced = true),
        &[
            "⚠️ the program of PID 7 was replaced — the version of before goes on until then — \
           syft-notify restart",
        ],
    );
    check(
        daemon(|daemon| daemon.config = Some("/other.yaml".into())),
        &[
            "⚠️ PID 7 runs with /other.yaml — this is about /c/daemon.yaml — syft-notify doctor \
           -c /other.yaml",
        ],
    );
    check(daemon(|daemon| daemon.config = None), &[runs]);
}

#[test]
fn no_daemon() {
    let none = |facts: &mut Facts| {
        facts.daemon = None;
        facts.pid_file = PidFile::Missing;
    };
    let idle = "⚠️ syft-notify does not run — nothing is watched — syft-notify start";
    check(none, &[idle]);
    check(
        |facts| {
            none(facts);
            facts.unknown = Some("held elsewhere".to_owned());
            facts.pid_file = PidFile::Names(8);
        },
        &["⚠️ it is unknown whether syft-notify runs — held elsewhere"],
    );
    check(
        |facts| {
            none(facts);
            facts.gave_up = Some("8 crashes".to_owned());
        },
        &[
            "❌ syft-notify has given up — 8 crashes — syft-notify logs --errors; then \
           syft-notify start",
        ],
    );
    // T22: a number in a file proves nothing.
    check(
        |facts| facts.daemon = None,
        &[
            idle,
            "⚠️ /c/x.pid names PID 7, which is not it — syft-notify does not rely on it, but \
             scripts may — rm /c/x.pid",
        ],
    );
    check(
        |facts| {
            none(facts);
            facts.pid_file = PidFile::Junk;
        },
        &[
            idle,
            "⚠️ /c/x.pid holds no PID — syft-notify does not rely on it, but scripts may — rm \
             /c/x.pid",
        ],
    );
}

#[test]
fn pythons_program() {
    check(
        |facts| {
            facts.pid_file = PidFile::Names(8);
            facts.predecessor = Some(8);
        },
        &[
            "✅ syft-notify runs (PID 7)",
            "⚠️ Python's program runs beside this one (PID 8) — what both of them tell arrives \
             twice — kill 8, and remove its service",
        ],
    );
    for (line, expected) in [
        ("/usr/bin/python3\0/usr/local/bin/syft-notify\0start", true),
        ("python\0-m\0syft_client.notifications.cli\0start", true),
        ("/usr/bin/python3\0other.py", false),
        ("/usr/bin/syft-notify\0run", false),
        ("", false),
    ] {
        assert_eq!(is_pythons(line.as_bytes()), expected, "{line}");
    }
}

#[test]
fn a_program_that_has_lost_its_name() {
    assert!(has_lost_its_name("/bin/syft-notify (deleted)".as_ref()));
    assert!(!has_lost_its_name("/bin/syft-notify".as_ref()));
    assert!(!is_replaced(std::process::id()));
}

#[test]
fn t22_pid_files() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new(dir.path(), "x");
    assert_eq!(pid_file(&paths), PidFile::Missing);
    for (text, expected) in [("12\n", PidFile::Names(12)), ("a", PidFile::Junk)] {
        syft_state::fs::write_atomic(&paths.pid(), text.as_bytes(), 0o600).unwrap();
        assert_eq!(pid_file(&paths), expected);
    }
    std::fs::remove_file(paths.pid()).unwrap();
    std::fs::create_dir(paths.pid()).unwrap();
    assert_eq!(pid_file(&paths), PidFile::Junk);
}
