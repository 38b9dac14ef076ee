use serde_json::json;

use super::*;
use crate::config::Machine;

fn parse(text: &str) -> Config {
    let sources = Sources {
        home: "/nowhere/home".into(),
        machine: Machine {
            directory: "/nowhere".into(),
            is_root: true,
            ..Machine::default()
        },
        ..Sources::default()
    };
    Config::parse(text, &sources).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn jobs_of_sync_cli_are_jobs_that_are_run_by_hand() {
    let imported = import(&json!({
        "default_pocketbase_url": "http://localhost:8090",
        "default_admin_email": "me@example.org",
        "output_format": "human",
        "configs": {
            "0b1c": {
                "id": "0b1c", "name": "My \"Docs\"", "source_path": "/a/$x", "destination_path": "/b",
                "pocketbase_url": "http://localhost:8090", "admin_password": "hunter2",
                "filters": ["*.tmp"], "exclude_patterns": [".git"], "dry_run": true,
            },
            "2d3e": {
                "name": "my docs", "source_path": "/c", "destination_path": "/d",
                "pocketbase_url": "http://elsewhere", "admin_email": null,
                "preserve_permissions": false,
            },
            "4f5a": { "name": "Ärger", "source_path": "/e", "destination_path": "/f" },
        },
        "default_config": null,
    }))
    .unwrap();
    assert!(!imported.text.contains("hunter2"));
    assert_eq!(imported.remarks.len(), 2, "{:?}", imported.remarks);
    let config = parse(&imported.text);
    let pocketbase = config.pocketbase.as_ref().unwrap();
    assert_eq!(pocketbase.admin_email.as_deref(), Some("me@example.org"));
    let ids: Vec<_> = config.jobs.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(ids, ["my--docs", "my-docs", "rger"]);
    let [first, second, _] = config.jobs.as_slice() else {
        panic!("three jobs");
    };
    assert_eq!(
        (first.name.as_str(), first.source.as_path()),
        ("My \"Docs\"", Path::new("/a/$x"))
    );
    assert!(first.enabled && first.options.dry_run && first.options.permissions);
    assert!(!second.options.permissions);
    assert_eq!(first.schedule, syft_jobs::Schedule::Manual);
    for path in ["x.tmp", ".git"] {
        assert!(
            first.options.filter.excludes(Path::new(path), false),
            "{path}"
        );
    }
}

#[test]
fn watchers_become_the_table_of_the_watcher() {
    let imported = import(&json!({
        "file_patterns": ["*"], "ignore_patterns": ["*.tmp"], "recursive": true, "action": "echo",
    }))
    .unwrap();
    assert_eq!(imported.text, "[watcher]\nexclude_patterns = [\"*.tmp\"]\n");
    assert_eq!(imported.remarks.len(), 3);
    parse(&imported.text);

    let imported = import(&json!({
        "enabled": true, "echo_threshold": 60, "exclude_patterns": ["*.tmp", ".*"], "paths": null,
        "transport_rules": {"*.txt": "gsheets", "*": "auto"},
        "peer_filters": {"include": [], "a.b": 1.5},
    }))
    .unwrap();
    assert_eq!(
        imported.text,
        "[watcher]\nenabled = true\necho_threshold = 60\nexclude_patterns = [\"*.tmp\", \".*\"]\n\
         transport_rules = [[\"*.txt\", \"gsheets\"], [\"*\", \"auto\"]]\n\
         peer_filters = { include = [], \"a.b\" = 1.5 }\n"
    );
    assert_eq!(imported.remarks, ["`paths` says nothing"]);
    parse(&imported.text);
}

#[test]
fn what_is_nothing_known_is_refused_by_its_reason() {
    #[track_caller]
    fn check(value: &Value, words: &str) {
        let error = import(value).unwrap_err();
        assert!(error.contains(words), "{error:?} lacks {words:?}");
    }
    check(&json!([]), "no config.json");
    check(&json!({}), "no config.json");
    check(&json!({"name": "x"}), "no config.json");
    check(&json!({"configs": {"a": 1}}), "`configs.a` is no table");
    check(
        &json!({"configs": {"a": {"source_path": "/a"}}}),
        "`configs.a`: `destination_path` is missing",
    );
    check(
        &json!({"configs": {"a": {"source_path": 1}}}),
        "`configs.a`: `source_path` is no text",
    );
    check(
        &json!({"configs": {"a": {"source_path": "/a", "destination_path": "/b", "filters": "*"}}}),
        "`filters` is no list of texts",
    );
    check(
        &json!({"ignore_patterns": [1]}),
        "`ignore_patterns` is no list of texts",
    );
}
