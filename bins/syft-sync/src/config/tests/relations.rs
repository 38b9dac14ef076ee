//! What fits together.

use std::{fs, os::unix::fs::symlink};

use super::*;

/// Returns all findings about jobs, written as `id source destination [schedule]`, and watchers,
/// written as `watch job path`; paths are below a directory.
fn findings(root: &Path, lines: &[&str]) -> Vec<String> {
    let mut text = String::new();
    for line in lines {
        let words: Vec<_> = line.split(' ').collect();
        let path = |path: &str| root.join(path);
        match words.as_slice() {
            ["watch", job, watched] => text.push_str(&format!(
                "[[file_watchers]]\nid = \"w\"\nsync_job_id = {job:?}\nenabled = true\nwatch_path = {:?}\n",
                path(watched)
            )),
            [id, source, destination, more @ ..] => {
                text.push_str(&format!(
                    "[[sync_jobs]]\nid = {id:?}\nenabled = {}\nsource_path = {:?}\ndestination_path = {:?}\n",
                    !more.contains(&"disabled"),
                    path(source),
                    path(destination)
                ));
                if more.contains(&"deletes") {
                    text.push_str("sync_options.delete_destination_files = true\n");
                }
                if !more.contains(&"manual") {
                    text.push_str("schedule = { type = \"interval\", interval = \"5m\" }\n");
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let findings = match Config::parse(&text, &sources(true)) {
        Ok(config) => config.notes,
        Err(ConfigError::Invalid(invalid)) => invalid.findings,
        Err(other) => panic!("{other}"),
    };
    let line = |finding: &Finding| format!("{}: {}", finding.severity.as_str(), finding.message);
    findings.iter().map(line).collect()
}

/// Checks the findings: each has the words of its expectation, in order.
#[track_caller]
fn check(lines: &[&str], expected: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    for name in ["a/in", "b", "c", "d"] {
        fs::create_dir_all(directory.path().join(name)).unwrap();
    }
    symlink("a", directory.path().join("link")).unwrap();
    let found = findings(directory.path(), lines);
    let fits = found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(found, expected)| found.contains(expected));
    assert!(
        fits,
        "{lines:?}\nfound: {found:#?}\nexpected: {expected:#?}"
    );
}

#[test]
fn source_and_destination_are_apart() {
    check(&["x a b"], &[]);
    check(
        &["x a a"],
        &["error: job \"x\": source and destination are the same"],
    );
    check(
        &["x a a/in"],
        &["error: job \"x\": the destination is within the source"],
    );
    check(
        &["x a/in a"],
        &["error: job \"x\": the source is within the destination"],
    );
    check(
        &["x a link"],
        &["error: job \"x\": source and destination are the same"],
    );
    check(
        &["x a link/new"],
        &["error: job \"x\": the destination is within the source"],
    );
    check(
        &["x a b/../a/new"],
        &["error: job \"x\": the destination is within the source"],
    );
    check(&["x a ab"], &[]);
}

#[test]
fn a_source_that_is_missing_is_the_jobs_own_trouble() {
    check(&["x new b"], &["note: "]);
    check(&["x new b disabled", "y a c"], &[]);
}

#[test]
fn ids_are_unique() {
    check(&["x a b", "x c d"], &["error: the id \"x\" is there twice"]);
    check(
        &["x a b", "watch x a", "watch x a"],
        &["error: the id \"w\" is there twice"],
    );
}

#[test]
fn a_config_in_which_nothing_runs_is_remarked() {
    check(&["x a b disabled"], &["warning: no job is enabled"]);
    check(&[], &[]);
}

#[test]
fn watchers_belong_to_a_source() {
    check(&["x a b", "watch x a"], &[]);
    check(&["x a b", "watch x a/in"], &[]);
    check(&["x a b", "watch x link/in"], &[]);
    check(
        &["x a b", "watch x c"],
        &["warning: it is outside the source of job \"x\""],
    );
    check(
        &["x a b", "watch x b"],
        &["error: it is within the destination of job \"x\""],
    );
    check(
        &["x a b", "watch x b/new"],
        &["error: it is within the destination of job \"x\"", "note: "],
    );
    check(&["x a b", "watch y a"], &["error: there is no job \"y\""]);
    check(&["x a b", "watch x a/new"], &["note: "]);
    check(
        &["x a b disabled", "y c d", "watch x a"],
        &["warning: job \"x\" is not enabled"],
    );
}

#[test]
fn jobs_do_not_feed_each_other_for_ever() {
    check(
        &["x a b", "y b a"],
        &["error: jobs \"x\" → \"y\" feed each other"],
    );
    check(
        &["x a b", "y b c", "z c a"],
        &["error: jobs \"x\" → \"y\" → \"z\" feed"],
    );
    check(
        &["x a b", "y b c", "z c link"],
        &["error: jobs \"x\" → \"y\" → \"z\" feed"],
    );
    check(&["x a/in b", "y b a"], &["error: jobs \"x\" → \"y\" feed"]);
    check(&["x a b", "y b c", "z b d"], &[]);
    check(&["x a b", "restore b a manual"], &[]);
    check(
        &["x a b", "restore b a manual", "watch restore b"],
        &["error: jobs \"x\" → \"restore\" feed"],
    );
    check(&["x a b", "y b a disabled"], &[]);
}

#[test]
fn mirrors_into_one_directory_are_remarked() {
    check(
        &["x a b deletes", "y c b"],
        &["warning: job \"x\" writes there, too"],
    );
    check(&["x a b", "y c b"], &[]);
}

#[test]
fn one_port_is_for_one() {
    let error = Config::parse("[http]\nport = 9090", &sources(true)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("port 9090 is that of the metrics"),
        "{error}"
    );
}

#[test]
fn a_cron_whose_years_are_over_is_remarked() {
    let text = "[[sync_jobs]]\nid = \"a\"\nenabled = true\nsource_path = \"/\"\ndestination_path = \"/nowhere/b\"\n\
                schedule = { type = \"cron\", expression = \"0 0 0 1 1 * 2027\" }\n"
        .replace("\"/\"", "\"/usr\"");
    let notes = |now: &str| {
        let mut sources = sources(true);
        sources.machine.now = now.parse().unwrap();
        let config = Config::parse(&text, &sources).unwrap();
        config
            .notes
            .iter()
            .filter(|note| note.message.contains("never due again"))
            .count()
    };
    assert_eq!(notes("2026-11-21T12:00:00Z"), 0);
    assert_eq!(notes("2027-01-02T00:00:00Z"), 1);
}
