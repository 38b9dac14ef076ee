use super::*;
use crate::commands::doctor::finding::lines;

fn intact(account: &str, given_up: usize) -> Content {
    Content::Intact {
        account: Some(account.parse().unwrap()),
        sent: 7,
        waiting: 1,
        given_up,
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Facts), expected: &[&str]) {
    let mut facts = Facts {
        path: "/c/state.json".into(),
        owner: "do@x.org".parse().unwrap(),
        content: intact("DO@x.org", 0),
        locked: Locked::No,
        is_watched: false,
        can_write: true,
        has_backup: true,
    };
    change(&mut facts);
    assert_eq!(lines(&findings(&facts)), expected);
}

#[test]
fn records() {
    let fine = "✅ /c/state.json is intact, with a copy of the generation before: 7 sent, 1 \
                waiting, 0 given up";
    check(|_| {}, &[fine]);
    check(
        |facts| facts.content = Content::Missing,
        &["✅ /c/state.json does not exist yet: the first look makes it"],
    );
    check(
        |facts| facts.content = intact("eve@x.org", 0),
        &[
            "❌ /c/state.json belongs to eve@x.org, not to do@x.org — two accounts in one record \
           would be told of each other's jobs — correct `do_email`, or set `state_path` to \
           another file",
        ],
    );
    check(
        |facts| facts.content = intact("do@x.org", 2),
        &[
            "⚠️ /c/state.json: 7 sent, 1 waiting, 2 given up — nobody is told of what was given \
           up until you decide — syft-notify queue list",
        ],
    );
    let damaged = |has_backup| Content::Damaged {
        reason: "line 1".to_owned(),
        has_backup,
    };
    check(
        |facts| facts.content = damaged(true),
        &["❌ /c/state.json is damaged — line 1 — syft-notify state restore"],
    );
    check(
        |facts| facts.content = damaged(false),
        &["❌ /c/state.json is damaged — line 1 — mend it by hand, or move it away to begin anew"],
    );
    check(
        |facts| facts.content = Content::Unreadable("no".to_owned()),
        &["❌ /c/state.json cannot be read — no — ls -l /c/state.json"],
    );
}

#[test]
fn a_directory_that_is_closed() {
    check(
        |facts| {
            facts.content = Content::Missing;
            facts.can_write = false;
        },
        &[
            "✅ /c/state.json does not exist yet: the first look makes it",
            "❌ you may not write in /c — no mail is sent that cannot be recorded — ls -ld /c",
        ],
    );
}

#[test]
fn locks() {
    let fine = "✅ /c/state.json does not exist yet: the first look makes it";
    let check = |locked: Locked, is_watched, expected: &[&str]| {
        check(
            |facts| {
                facts.content = Content::Missing;
                facts.locked = locked;
                facts.is_watched = is_watched;
            },
            expected,
        );
    };
    check(Locked::Still(Some(7)), true, &[fine]);
    check(
        Locked::Still(Some(7)),
        false,
        &[
            fine,
            "⚠️ another program (PID 7) holds /c/state.lock — no mail goes while it does — ps \
             -fp 7, and stop it if it hangs",
        ],
    );
    check(
        Locked::Still(None),
        false,
        &[
            fine,
            "⚠️ another program holds /c/state.lock — no mail goes while it does — fuser -v \
             /c/state.lock",
        ],
    );
    check(
        Locked::Unknown("no".to_owned()),
        false,
        &[
            fine,
            "❌ /c/state.lock cannot be locked — no — ls -l /c/state.lock",
        ],
    );
}

#[test]
fn the_holder_of_a_lock() {
    let locks = "1: POSIX  ADVISORY  WRITE 11 fe:01:77 0 EOF\n\
                 2: FLOCK  ADVISORY  WRITE 12 fe:01:77 0 EOF\n\
                 2: -> FLOCK  ADVISORY  WRITE 13 fe:01:77 0 EOF\n\
                 3: FLOCK  ADVISORY  WRITE 14 fe:01:78 0 EOF\n";
    assert_eq!(holder_in(locks, 77), Some(12));
    assert_eq!(holder_in(locks, 78), Some(14));
    assert_eq!(holder_in(locks, 79), None);
    assert_eq!(holder_in("garbage", 79), None);
}
