//! Older files in today's words.

use super::*;
use crate::config::migrate::migrate;

#[track_caller]
fn check(text: &str, expected: &str, changes: &[&str]) {
    let migrated = migrate(text);
    assert_eq!(migrated.text, expected);
    assert_eq!(migrated.changes, changes);
    assert_eq!(migrate(expected).changes, [""; 0], "once is enough");
}

#[test]
fn what_has_no_effect_is_commented_out_and_old_names_are_replaced() {
    check(
        "[pocketbase]\nurl = \"http://localhost\" # here\nuse_tls = false # never\n",
        "[pocketbase]\nurl = \"http://localhost\" # here\n# use_tls = false # never\n",
        &["3: `use_tls` has no effect and is commented out"],
    );
    check(
        "[[sync_jobs]]\nid = \"a\"\n  \"filters\" = [\n \"*.tmp\", # x\n]\n",
        "[[sync_jobs]]\nid = \"a\"\n  exclude_patterns = [\n \"*.tmp\", # x\n]\n",
        &["3: `filters` is called `exclude_patterns`"],
    );
    check(
        "[[sync_jobs]]\nfilters = []\nexclude_patterns = []\n",
        "[[sync_jobs]]\nfilters = []\nexclude_patterns = []\n",
        &[],
    );
    check(
        "[cache]\ncompression_enabled = true",
        "[cache]\n# compression_enabled = true",
        &["2: `compression_enabled` has no effect and is commented out"],
    );
    check(
        "cache = { compression_enabled = true }",
        "cache = { compression_enabled = true }",
        &[],
    );
    check("= no TOML", "= no TOML", &[]);
}

#[test]
fn a_migrated_file_means_the_same() {
    for text in [README, include_str!("../../../tests/config/full.toml")] {
        let migrated = migrate(text).text;
        let (before, after) = (parse(text), parse(&migrated));
        assert_eq!(before.jobs, after.jobs);
        assert_eq!(before.watchers, after.watchers);
        assert_eq!(before.needs_restart(&after), [""; 0]);
        let inert = |note: &&Finding| note.message.ends_with("has no effect in this version");
        for note in after.notes.iter().filter(inert) {
            assert!(note.message.contains("`account`") || note.message.contains("`watcher`"));
        }
    }
}
