mod hostile;

use std::{fs, path::Path};

use serde_json::{Value, json};
use syft_state::Email;

use super::*;
use crate::{
    fixtures::{Layout, SampleJob, archive},
    layout::JobLayout,
};

const DS: &str = "john_doe@y.org";

fn ds() -> Email {
    DS.parse().unwrap()
}

fn read(message: &[u8]) -> Result<Parsed, ProposalError> {
    parse(message, &Limits::default())
}

#[track_caller]
fn proposal(message: &[u8]) -> Proposal {
    match read(message).unwrap() {
        Parsed::Proposal(proposal) => proposal,
        Parsed::Encrypted => panic!("taken for encrypted"),
    }
}

fn in_archive(json: &Value) -> Vec<u8> {
    archive(&[(MEMBER, json.to_string().as_bytes())])
}

fn with_changes(changes: Value) -> Value {
    json!({ "sender_email": DS, "proposed_file_changes": changes })
}

#[track_caller]
fn only_submission(json: &Value) -> Submission {
    let mut found = submissions(&proposal(&in_archive(json)), &ds());
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// Reads a message that a real client made; see `fixtures/make.py`.
fn golden(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fs::read(directory.join(name)).unwrap()
}

#[test]
fn t1_reads_what_real_clients_wrote() {
    let layouts = [
        ("w1", JobLayout::W1),
        ("w2", JobLayout::W2),
        ("w4", JobLayout::W3W4),
    ];
    for (layout_name, layout) in layouts {
        for (label, job) in [("plain", "first job"), ("odd", "naïve ☃ job\nline two")] {
            for kind in ["bash", "python"] {
                let name = format!("{layout_name}-{kind}-{label}.tar.gz");
                let proposal = proposal(&golden(&name));
                assert_eq!(proposal.sender, DS);
                let found = submissions(&proposal, &ds());
                assert_eq!(found.len(), 1, "{name}");
                assert_eq!(found[0].key.job, format!("{job} {kind}"), "{name}");
                assert_eq!(
                    (found[0].layout, &found[0].claimed),
                    (layout, &None),
                    "{name}"
                );
                check_details(&name, &found[0].details, layout, kind == "python");
            }
        }
    }
}

#[track_caller]
fn check_details(name: &str, details: &crate::JobDetails, layout: JobLayout, is_python: bool) {
    assert!(details.submitted.is_some(), "{name}");
    assert_eq!(details.file_count, details.files.len(), "{name}");
    assert_eq!(
        details
            .files
            .iter()
            .filter(|file| file.0 == "config.yaml")
            .count(),
        1,
        "{name}"
    );
    if is_python {
        assert_eq!(details.kind.as_deref(), Some("python"), "{name}");
        assert_eq!(details.entrypoint.as_deref(), Some("main.py"), "{name}");
        assert!(
            details.dependencies.contains(&"numpy==2.0".to_owned()),
            "{name}"
        );
        assert_eq!(details.file_count, 3, "{name}");
    } else {
        // Before W3 the config of a bash job does not say what it is.
        let kind = (layout == JobLayout::W3W4).then_some("bash");
        assert_eq!(details.kind.as_deref(), kind, "{name}");
    }
}

#[test]
fn t1_reads_the_fixtures_of_every_layout() {
    for layout in Layout::ALL {
        for name in [
            "job",
            "my job: \"a\" & b",
            "naïve ☃\nline two",
            &"x\n".repeat(100),
        ] {
            for sample in [
                SampleJob::bash(layout, "do@x.org", DS, name),
                SampleJob::python(layout, "do@x.org", DS, name),
            ] {
                let found = submissions(&proposal(&sample.message()), &ds());
                assert_eq!(found.len(), 1);
                assert_eq!(
                    found[0].key,
                    crate::JobKey {
                        ds: ds(),
                        job: name.to_owned()
                    }
                );
                assert_eq!(found[0].layout, layout.job_layout());
                assert_eq!(found[0].claimed, None);
                assert_eq!(found[0].details.submitted, Some(sample.submitted));
                assert_eq!(found[0].details.file_count, sample.files().len());
            }
        }
    }
}

#[test]
fn reads_both_forms_of_the_json() {
    // The first form has no `content_type`; integers stand for floats and unknown keys are ignored.
    let old = json!({
        "id": "b0054d7a", "sender_email": DS, "future": {"a": [1, {"b": null}]},
        "message_filename": {"submitted_timestamp": 1_795_256_812, "uid": "x"},
        "proposed_file_changes": [{
            "id": "x", "old_hash": null, "new_hash": "5868", "submitted_timestamp": 1_795_256_812,
            "path_in_datasite": "app_data/job/my job/config.yaml", "content": "name: my job\n",
            "datasite_email": "do@x.com", "is_deleted": false, "future": [1],
        }],
    });
    assert_eq!(only_submission(&old).key.job, "my job");
    let mut new = old;
    new["proposed_file_changes"][0]["content_type"] = json!("text");
    assert_eq!(only_submission(&new).key.job, "my job");
}

#[test]
fn lists_the_files_of_the_job() {
    let file = |path: &str, content: Value, kind: &str| json!({"path_in_datasite": path, "content": content, "content_type": kind, "datasite_email": "do@x.org"});
    let submission = only_submission(&with_changes(json!([
        file("app_data/job/inbox/john_doe@y.org/j/run.sh", json!("äb"), "text"),
        file("app_data/job/inbox/john_doe@y.org/j/code/m.bin", json!("AAECAw=="), "binary"),
        file("app_data/job/inbox/john_doe@y.org/j/config.yaml", json!("name: 123\ndatasets:\n  do@x.org: [d1, d2]\n"), "text"),
        file("app_data/job/inbox/john_doe@y.org/other/x", json!("x"), "text"),
        file("app_data/job/inbox/john_doe@y.org/j/empty", Value::Null, "text"),
        {"path_in_datasite": "app_data/job/inbox/john_doe@y.org/j/gone", "content": "x", "is_deleted": false},
        {"path_in_datasite": "app_data/job/inbox/john_doe@y.org/j/gone", "content": null, "is_deleted": true},
    ])));
    let expected = [
        ("code/m.bin", 4),
        ("config.yaml", 41),
        ("empty", 0),
        ("run.sh", 3),
    ];
    let expected: Vec<_> = expected
        .map(|(name, length)| (name.to_owned(), length))
        .into();
    assert_eq!(submission.details.files, expected);
    assert_eq!(submission.details.datasets, ["d1", "d2"]);
}

#[test]
fn everything_that_is_listed_has_an_end() {
    let mut changes = vec![json!({
        "path_in_datasite": "app_data/job/j/config.yaml",
        "content": format!("type: {}\ndependencies: [{}]\n", "x".repeat(5_000), "numpy, ".repeat(500)),
    })];
    for number in 0..500 {
        changes.push(json!({"path_in_datasite": format!("app_data/job/j/{}/{number}", "d".repeat(255)), "content": ""}));
    }
    let details = only_submission(&with_changes(Value::Array(changes))).details;
    assert_eq!((details.files.len(), details.file_count), (100, 501));
    assert_eq!(details.dependencies.len(), 100);
    assert_eq!(details.kind.unwrap().chars().count(), 301);
}

#[test]
fn a_config_that_cannot_be_read_is_still_a_submission() {
    for content in [
        json!(null),
        json!("{"),
        json!("&a [*a]"),
        json!("x".repeat(100_000)),
    ] {
        let changes =
            json!([{"path_in_datasite": "app_data/job/j/config.yaml", "content": content}]);
        let submission = only_submission(&with_changes(changes));
        assert_eq!(submission.details.file_count, 1);
        assert_eq!(submission.details.kind, None);
    }
}

#[track_caller]
fn check_claim(sender: &str, path: &str, config: &str, claimed: Option<&str>) {
    let json = json!({
        "sender_email": sender,
        "proposed_file_changes": [{"path_in_datasite": path, "content": config}],
    });
    let submission = only_submission(&json);
    assert_eq!(submission.key.ds, ds(), "the content never decides");
    assert_eq!(submission.claimed.as_deref(), claimed, "{json}");
}

#[test]
fn t9_the_folder_says_who_it_was() {
    let w4 = "app_data/job/inbox/john_doe@y.org/j/config.yaml";
    check_claim(DS, w4, "", None);
    check_claim("JOHN_DOE@y.org", w4, "submitted_by: John_Doe@Y.org", None);
    check_claim("eve@z.org", w4, "", Some("eve@z.org"));
    check_claim(
        DS,
        "app_data/job/inbox/eve@z.org/j/config.yaml",
        "",
        Some("eve@z.org"),
    );
    check_claim(DS, "app_data/job/inbox/eve/j/config.yaml", "", Some("eve"));
    check_claim(
        DS,
        "app_data/job/eve@z.org/j/config.yaml",
        "",
        Some("eve@z.org"),
    );
    check_claim(
        DS,
        "app_data/job/j/config.yaml",
        "submitted_by: eve@z.org",
        Some("eve@z.org"),
    );
    check_claim("", w4, "", Some(""));
}

#[test]
fn t10_paths_with_backslashes() {
    let changes = json!([{"path_in_datasite": "app_data\\job\\inbox\\john_doe@y.org\\j\\config.yaml", "content": ""}]);
    assert_eq!(only_submission(&with_changes(changes)).key.job, "j");
}

#[test]
fn paths_are_read_as_python_reads_them() {
    let changes = json!([{"path_in_datasite": "./app_data//job/./j/config.yaml/", "content": ""}]);
    assert_eq!(only_submission(&with_changes(changes)).key.job, "j");
}

#[test]
fn t11_what_is_no_submission() {
    let file = |path: &str| json!({"path_in_datasite": path, "content": "name: j\n"});
    let mut deleted = file("app_data/job/j/config.yaml");
    deleted["is_deleted"] = json!(true);
    let changes = json!([
        deleted,
        file("app_data/job/j/code/config.yaml"),
        file("../app_data/job/j/config.yaml"),
        file("/app_data/job/j/config.yaml"),
        file("app_data/job/../job/j/config.yaml"),
        file("app_data/job/\u{0}/config.yaml"),
        file(&format!("app_data/job/{}/config.yaml", "x".repeat(256))),
        file(""),
    ]);
    assert_eq!(
        submissions(&proposal(&in_archive(&with_changes(changes))), &ds()),
        []
    );
}

#[test]
fn several_jobs_and_the_same_job_twice() {
    let file = |job: &str, kind: &str| json!({"path_in_datasite": format!("app_data/job/{job}/config.yaml"), "content": format!("type: {kind}")});
    let changes = json!([file("b", "bash"), file("a", "bash"), file("b", "python")]);
    let found = submissions(&proposal(&in_archive(&with_changes(changes))), &ds());
    let found: Vec<_> = found
        .iter()
        .map(|found| (found.key.job.as_str(), found.details.kind.as_deref()))
        .collect();
    assert_eq!(found, [("a", Some("bash")), ("b", Some("python"))]);
}
