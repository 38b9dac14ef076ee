//! What is refused, with its place and words.

use super::*;

/// Checks that the first error about a text is at a line and column and has these words.
#[track_caller]
fn check(text: &str, at: (usize, usize), words: &str) {
    let error = match Config::parse(text, &sources(true)) {
        Ok(_) => panic!("it is taken:\n{text}"),
        Err(ConfigError::Invalid(invalid)) => invalid.errors().next().unwrap().clone(),
        Err(other) => panic!("{other}"),
    };
    let place = error.origin.place().map(|place| (place.line, place.column));
    let line = error.line(None);
    assert_eq!(place, Some(at), "{line}\n{text}");
    assert!(line.contains(words), "{line:?} lacks {words:?}\n{text}");
}

/// A job that is right, with further lines in its own table.
fn job(more: &str) -> String {
    format!(
        "[[sync_jobs]]\nid = \"a\"\nsource_path = \"/nowhere/a\"\ndestination_path = \"/nowhere/b\"\n{more}\n"
    )
}

#[test]
fn unknown_keys_have_a_suggestion() {
    check(
        "[daemon]\nlog_levle = \"info\"",
        (2, 1),
        "did you mean `log_level`?",
    );
    check(
        "[deamon]\nlog_level = \"info\"",
        (1, 2),
        "did you mean `daemon`?",
    );
    check(
        "[pocketbase]\nurl = \"http://localhost\"\nport = 1",
        (3, 1),
        "unknown key `port`; it belongs in [telemetry.metrics]",
    );
    check(
        "[daemon]\nmax_concurrent_syncs = 1",
        (2, 1),
        "it belongs in [concurrency]",
    );
    check("[daemon]\nxyzzy = 1", (2, 1), "unknown key `xyzzy`");
    check(&job("enabeld = true"), (5, 1), "did you mean `enabled`?");
    check(
        &job("[sync_jobs.sync_options]\ndryrun = true"),
        (6, 1),
        "did you mean `dry_run`?",
    );
    check("\"a\\nb\" = 1", (1, 1), "unknown key `a\\nb`");
}

#[test]
fn values_of_another_kind_say_what_was_expected() {
    check(
        "[daemon]\nshutdown_timeout_secs = \"30\"",
        (2, 25),
        "expected an integer from 0 to 3600, found a string",
    );
    check(
        "[daemon]\nshutdown_timeout_secs = 3601",
        (2, 25),
        "found 3601",
    );
    check(
        "[concurrency]\nmax_concurrent_syncs = 0",
        (2, 24),
        "from 1 to 64, found 0",
    );
    check("[concurrency]\nsync_queue_size = -1", (2, 19), "found -1");
    check(
        "[telemetry]\njson_logging = 1",
        (2, 16),
        "expected true or false, found an integer",
    );
    check(
        "[telemetry]\nlog_level = \"inf\"",
        (2, 13),
        "did you mean \"info\"?",
    );
    check(
        "[telemetry.metrics]\nhistogram_buckets = [1, \"2\"]",
        (2, 25),
        "found a string",
    );
    check(
        "[telemetry.metrics]\nhistogram_buckets = [2, 1]",
        (2, 21),
        "ascend",
    );
    check(
        "[telemetry.metrics]\nhistogram_buckets = [1, nan]",
        (2, 25),
        "found NaN",
    );
    check(
        "[telemetry.metrics]\nport = 65536",
        (2, 8),
        "from 0 to 65535",
    );
    check(
        "[telemetry.metrics]\nport = 99999999999999999999",
        (2, 8),
        "beyond 64 bits",
    );
    check(
        "[telemetry.metrics]\nendpoint_path = \"metrics\"",
        (2, 17),
        "as /metrics",
    );
    check(
        "[telemetry.metrics]\nbind_address = \"everywhere\"",
        (2, 16),
        "no IP address",
    );
    check(
        "[telemetry.log_rotation]\nrotation_time = \"24:00\"",
        (2, 17),
        "no time of day",
    );
    check(
        "[telemetry.pocketbase_logging]\ncollection = \"a/../b\"",
        (2, 14),
        "no name of a collection",
    );
    check(
        "[http]\nbind_address = \"0.0.0.0\"",
        (2, 16),
        "reachable from other machines",
    );
    check("daemon = 1", (1, 10), "expected a table, found an integer");
    check(
        "sync_jobs = [1]",
        (1, 14),
        "expected a table, found an integer",
    );
    check(
        "[sync_jobs]",
        (1, 1),
        "expected a list of tables, found a table",
    );
    check("[daemon]\nlog_level = 2026-11-21", (2, 13), "found a date");
    check(
        "[daemon]\nrun_as_user = \"a\\u0007b\"",
        (2, 15),
        "control character",
    );
}

#[test]
fn text_that_is_no_toml_says_where() {
    check("[daemon\n", (1, 8), "");
    check("a = ", (1, 5), "");
    check(
        "[daemon]\nlog_level = \"info\"\nlog_level = \"warn\"",
        (3, 1),
        "duplicate key",
    );
}

#[test]
fn jobs_are_whole_and_have_ids_and_schedules_that_mean_something() {
    check(
        "[[sync_jobs]]\nid = \"a\"",
        (1, 1),
        "`source_path` is missing",
    );
    check(
        &job("id = \"../b\"").replace("id = \"a\"\n", ""),
        (4, 6),
        "is no id",
    );
    check(
        &job("[sync_jobs.schedule]\ntype = \"interval\""),
        (6, 8),
        "`interval` is missing",
    );
    check(
        &job("[sync_jobs.schedule]\ntype = \"interval\"\ninterval = \"5\""),
        (7, 12),
        "unit",
    );
    check(
        &job("[sync_jobs.schedule]\ntype = \"interval\"\ninterval = \"0s\""),
        (7, 12),
        "shortest",
    );
    check(
        &job("[sync_jobs.schedule]\ntype = \"cron\"\nexpression = \"* *\""),
        (7, 14),
        "fields",
    );
    check(
        &job(
            "[sync_jobs.schedule]\ntype = \"cron\"\nexpression = \"0 0 * * * *\"\ntimezone = \"Mars\"",
        ),
        (8, 12),
        "no IANA time zone",
    );
    check(
        &job("[sync_jobs.schedule]\ntype = \"hourly\""),
        (6, 8),
        "expected \"interval\", \"cron\" or \"manual\"",
    );
    check(
        &job("[sync_jobs.sync_options]\ncomparison_method = \"sha1\""),
        (6, 21),
        "sha256",
    );
    check(
        &job("[sync_jobs.sync_options]\nsymlinks = \"skip\"\nfollow_symlinks = true"),
        (6, 12),
        "contradict",
    );
    check(
        &job("exclude_patterns = [\"*.tmp\", \"[\"]"),
        (5, 30),
        "\"[\"",
    );
}

#[test]
fn paths_have_to_be_known() {
    check(
        "[daemon]\npid_file = \"$NOWHERE/x\"",
        (2, 12),
        "$NOWHERE is not set",
    );
    check("[daemon]\npid_file = \"\"", (2, 12), "the path is empty");
    check(
        "[daemon]\npid_file = \"~root/x\"",
        (2, 12),
        "only ~/ is known",
    );
}

#[test]
fn the_address_of_pocketbase_is_one_and_holds_no_secret() {
    let url = |url: &str| format!("[pocketbase]\nurl = \"{url}\"");
    check(&url("ftp://localhost"), (2, 7), "neither http nor https");
    check(&url("localhost:8090"), (2, 7), "neither http nor https");
    check(
        &url("http://"),
        (2, 7),
        "it looks like http://localhost:8090",
    );
    check(
        &url("http://me:hunter2@localhost"),
        (2, 7),
        "no place in it",
    );
    check(&url("http://localhost/?token=1"), (2, 7), "no place in it");
    check("[pocketbase]\ntimeout_secs = 1", (1, 1), "`url` is missing");
    check(
        "[pocketbase]\nurl = \"http://localhost\"\nauth_collection = \"a b\"",
        (3, 19),
        "no name of a collection",
    );
}

#[test]
fn the_password_of_the_documentation_stays_on_this_machine() {
    let config =
        |url: &str| format!("[pocketbase]\nurl = \"{url}\"\nadmin_password = \"admin123456\"");
    for url in [
        "https://pb.example.org",
        "http://192.168.1.1:8090",
        "http://localhost.example.org",
    ] {
        check(&config(url), (3, 18), "which everybody knows");
    }
    for url in [
        "http://localhost:8090",
        "http://127.0.0.2",
        "http://[::1]:1",
        "http://pb.localhost",
    ] {
        parse(&config(url));
    }
}

#[test]
fn what_is_wrong_never_shows_a_secret() {
    for text in [
        "[pocketbase]\nurl = \"http://me:hunter2@localhost\"",
        "[pocketbase]\nurl = \"https://a\"\nadmin_password = [\"hunter2\"]",
        "[pocketbase]\nurl = \"https://a\"\nadmin_pasword = \"hunter2\"",
        "[pocketbase]\nadmin_password = \"hunter2\nurl = 1",
    ] {
        let error = Config::parse(text, &sources(true)).unwrap_err();
        assert!(!format!("{error}").contains("hunter2"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    let text = "[pocketbase]\nurl = \"https://a\"\nadmin_password = \"hunter2\"\n[watcher]\ntoken = \"hunter2\"";
    assert!(!format!("{:?}", parse(text)).contains("hunter2"));
}
