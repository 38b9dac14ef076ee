use super::*;
use crate::commands::doctor::finding::lines;

const ME: u32 = 1000;

fn file(role: Role, mode: u32, owner: u32) -> Facts {
    Facts {
        me: ME,
        files: vec![File {
            path: "/c/x".into(),
            role,
            mode,
            owner,
            owner_name: name_of("root:x:0:0::/:\nana:x:1001:1001::/:", owner),
        }],
    }
}

#[track_caller]
fn check(role: Role, mode: u32, expected: &str) {
    assert_eq!(lines(&findings(&file(role, mode, ME))), [expected]);
}

#[test]
fn modes() {
    let fine = "✅ all files are yours and closed to others";
    for (role, mode) in [
        (Role::Secret, 0o600),
        (Role::Secret, 0o400),
        (Role::Private, 0o600),
        (Role::Settings, 0o644),
        (Role::Directory, 0o700),
    ] {
        check(role, mode, fine);
    }
    for mode in [0o640, 0o604, 0o620, 0o644, 0o777] {
        let expected = format!(
            "❌ /c/x has mode {mode:04o} — others may read what opens your account — chmod 600 /c/x"
        );
        check(Role::Secret, mode, &expected);
    }
    check(
        Role::Private,
        0o644,
        "⚠️ /c/x has mode 0644 — others may read who works with you — chmod 600 /c/x",
    );
    check(
        Role::Private,
        0o666,
        "❌ /c/x has mode 0666 — others may change it — chmod 600 /c/x",
    );
    check(
        Role::Settings,
        0o664,
        "❌ /c/x has mode 0664 — others may change where your mails go — chmod 644 /c/x",
    );
    check(
        Role::SecretSettings,
        0o644,
        "⚠️ /c/x has mode 0644 — others may read the addresses of your webhooks — chmod 600 /c/x",
    );
    check(
        Role::Directory,
        0o755,
        "⚠️ /c/x has mode 0755 — others may see what is in it — chmod 700 /c/x",
    );
    check(
        Role::Directory,
        0o777,
        "❌ /c/x has mode 0777 — others may put files of theirs in the place of yours — chmod \
         700 /c/x",
    );
}

#[test]
fn owners_of_files() {
    let mut facts = file(Role::Secret, 0o600, 1001);
    let expected = [
        "❌ /c/x belongs to ana, not to you — this program runs as one user, who owns its files \
         — run it as ana, or sudo chown \"$USER\" /c/x",
    ];
    assert_eq!(lines(&findings(&facts)), expected);
    facts.files.push(facts.files[0].clone());
    assert_eq!(
        lines(&findings(&facts)),
        expected,
        "one line for each owner"
    );
    facts.me = ROOT;
    let expected = [
        "⚠️ /c/x belongs to ana, and you are root — what root starts writes files that this \
         user cannot read — sudo -u ana syft-notify doctor",
    ];
    assert_eq!(lines(&findings(&facts)), expected);
    let expected = [
        "❌ /c/x belongs to root, not to you — it was started by root once — sudo chown \
         \"$USER\" /c/x",
    ];
    assert_eq!(lines(&findings(&file(Role::Secret, 0o600, 0))), expected);
    let unknown = lines(&findings(&file(Role::Secret, 0o600, 4242)));
    assert!(unknown[0].contains("belongs to user 4242"), "{unknown:?}");
}

#[test]
fn names_of_users() {
    let accounts = "root:x:0:0:root:/root:/bin/bash\nbroken\nana:x:1001:1001::/home/ana:/bin/sh";
    assert_eq!(name_of(accounts, 1001).as_deref(), Some("ana"));
    assert_eq!(name_of(accounts, 1), None);
}

#[test]
fn what_is_written_beside_the_state() {
    let dir = tempfile::tempdir().unwrap();
    let ours = [
        "state.json",
        "state.json.bak",
        "syft-notify.log",
        "syft-notify.log.1",
    ];
    for name in ours
        .into_iter()
        .chain(["stately.json", "syft-notify-demo", "notes"])
    {
        syft_state::fs::write_atomic(&dir.path().join(name), b"", 0o600).unwrap();
    }
    let found: Vec<PathBuf> = written(dir.path(), &dir.path().join("state.json")).collect();
    assert_eq!(found, ours.map(|name| dir.path().join(name)));
    let config = dir.path().join("c.yaml");
    let known = known(&config, &dir.path().join("state.json"));
    assert_eq!(known[0], (dir.path().to_owned(), Role::Directory));
    assert_eq!(known[1], (config, Role::Settings));
    assert_eq!(known.len(), 2 + ours.len());
}
