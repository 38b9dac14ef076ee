use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::config::ClientConfig;

const ID: &str = "81fcff17-6651-41df-8c1b-8a9d88f96a29";

struct Desk {
    dir: TempDir,
    workspace: Workspace,
    app: AppPaths,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(&ClientConfig {
            data_dir: dir.path().join("SyftBox"),
            email: "alice@example.com".parse().unwrap(),
        });
        let app = workspace.app("app", workspace.email()).unwrap();
        Self {
            dir,
            workspace,
            app,
        }
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.app.rpc().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        syft_state::fs::write_fleeting(&path, content.as_bytes(), 0o644).unwrap();
    }

    fn migrate(&self) -> Migration {
        migrate(&self.workspace, &self.app)
    }

    /// All files of this person's machine, with their content.
    fn files(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        visit(self.dir.path(), &mut files);
        let rpc = self.app.rpc();
        let below = |path: PathBuf| path.strip_prefix(&rpc).map(Path::to_owned).unwrap_or(path);
        files
            .into_iter()
            .map(|(path, text)| (below(path), text))
            .collect()
    }
}

fn visit(directory: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, files);
        } else {
            files.insert(path.clone(), fs::read_to_string(path).unwrap());
        }
    }
}

fn message(sender: &str) -> String {
    let sender = serde_json::Value::from(sender);
    // Nanoseconds and strange blanks are lost by whoever writes it anew.
    format!(
        r#"{{ "id":"{ID}", "sender":{sender},"url":"syft://alice@example.com/app_data/app/rpc/a","created":"2026-01-01T00:00:00.123456789Z" }}"#
    )
}

#[track_caller]
fn check(before: &[(&str, &str)], after: &[&str], skipped: &[&str]) {
    let desk = Desk::new();
    for (path, content) in before {
        desk.write(path, content);
    }
    let migration = desk.migrate();
    let files = desk.files();
    let paths: Vec<&str> = files.keys().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(paths, after);
    let mut contents: Vec<&str> = before.iter().map(|(_, content)| *content).collect();
    contents.sort_unstable();
    let mut found: Vec<&str> = files.values().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, contents, "nothing is written anew");
    let reasons: Vec<String> = migration.skipped.iter().map(Skipped::to_string).collect();
    assert_eq!(reasons, skipped);
    // A second time there is nothing left to do.
    assert_eq!(desk.migrate().moved, []);
}

#[test]
fn requests_move_to_their_senders_at_any_depth_with_their_responses() {
    let bob = message("bob@x.org");
    check(
        &[
            (&format!("a/{ID}.request"), &bob),
            (&format!("a/{ID}.response"), "answer"),
            (&format!("b/c/d/{ID}.request"), &bob),
            (&format!("{ID}.request"), &bob),
            (&format!("e/bob@x.org/{ID}.request"), "in its place"),
            (&format!("f/{ID}.rejected.request"), "aside"),
            ("g/.syftkeep", ""),
            (&format!("h/{ID}.response"), "nobody's"),
        ],
        &[
            &format!("a/bob@x.org/{ID}.request"),
            &format!("a/bob@x.org/{ID}.response"),
            &format!("b/c/d/bob@x.org/{ID}.request"),
            &format!("bob@x.org/{ID}.request"),
            &format!("e/bob@x.org/{ID}.request"),
            &format!("f/{ID}.rejected.request"),
            "g/.syftkeep",
            &format!("h/{ID}.response"),
        ],
        &[],
    );
}

#[test]
fn row_09_nothing_malformed_or_hostile_makes_it_fail_or_leads_elsewhere() {
    let name = format!("a/{ID}.request");
    for sender in [
        "",
        "/etc",
        "../..",
        "..",
        "a/../../b@c.d",
        "x@y/../../z",
        "@",
        "a@b\u{0}.c",
    ] {
        let reason = format!("{name:?}: `sender` is no e-mail address");
        check(&[(&name, &message(sender))], &[&name], &[&reason]);
    }
    for junk in ["", "{", "[]", "null", "{\"sender\": 5}"] {
        let desk = Desk::new();
        desk.write(&name, junk);
        let migration = desk.migrate();
        assert_eq!(
            (migration.moved.len(), migration.skipped.len()),
            (0, 1),
            "{junk}"
        );
        assert_eq!(desk.files().len(), 1);
    }
    let other = message("bob@x.org").replace(ID, "00000000-0000-4000-8000-000000000000");
    let reason = format!("{name:?}: `id` is not that of the file");
    check(&[(&name, &other)], &[&name], &[&reason]);
}

#[test]
fn what_is_in_the_new_place_already_stays_and_nothing_is_torn_apart() {
    let bob = message("bob@x.org");
    for taken in ["request", "response"] {
        let desk = Desk::new();
        desk.write(&format!("a/{ID}.request"), &bob);
        desk.write(&format!("a/{ID}.response"), "old answer");
        desk.write(&format!("a/bob@x.org/{ID}.{taken}"), "new");
        let before = desk.files();
        let migration = desk.migrate();
        assert_eq!(
            (migration.moved.len(), migration.skipped.len()),
            (0, 1),
            "{taken}"
        );
        assert_eq!(desk.files(), before, "{taken}");
    }
}

#[test]
fn row_29_links_are_not_followed() {
    let desk = Desk::new();
    let outside = desk.dir.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    let file = outside.join(format!("{ID}.request"));
    syft_state::fs::write_fleeting(&file, message("bob@x.org").as_bytes(), 0o644).unwrap();
    fs::create_dir_all(desk.app.rpc().join("a")).unwrap();
    std::os::unix::fs::symlink(&outside, desk.app.rpc().join("linked")).unwrap();
    std::os::unix::fs::symlink(&file, desk.app.rpc().join(format!("a/{ID}.request"))).unwrap();
    assert_eq!(desk.migrate(), Migration::default());
    assert!(file.exists());

    // A link in the place of the sender's directory leads nowhere either.
    desk.write(&format!("b/{ID}.request"), &message("bob@x.org"));
    std::os::unix::fs::symlink(&outside, desk.app.rpc().join("b/bob@x.org")).unwrap();
    let migration = desk.migrate();
    assert_eq!((migration.moved.len(), migration.skipped.len()), (0, 1));
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_a_sender_is_called_nothing_leaves_the_directory(sender in "[a./@\\\\]{0,12}|\\PC{0,20}") {
        let desk = Desk::new();
        desk.write(&format!("a/{ID}.request"), &message(&sender));
        desk.migrate();
        let files = desk.files();
        prop_assert_eq!(files.len(), 1);
        let path = files.keys().next().unwrap();
        prop_assert!(path.starts_with("a") && path.components().count() <= 3);
    }
}
