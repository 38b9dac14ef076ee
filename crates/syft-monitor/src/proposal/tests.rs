use std::{
    fs,
    io::{self, Read},
    path::Path,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use serde_json::{Value, json};
use syft_state::Email;
use tar::EntryType;

use super::*;
use crate::{
    fixtures::{Layout, SampleJob, archive, encrypted_message, gzip, tar_member},
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

#[track_caller]
fn refused(message: &[u8]) -> ProposalError {
    let started = Instant::now();
    let error = read(message).unwrap_err();
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{error}: {:?}",
        started.elapsed()
    );
    assert!(error.is_permanent());
    error
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

#[test]
fn what_is_no_gzip_is_encrypted() {
    for message in [&encrypted_message()[..], b"\x1f", b"x", b"PK\x03\x04"] {
        let is_encrypted = matches!(read(message), Ok(Parsed::Encrypted));
        // A single byte of the magic number is a message that was cut off.
        assert_eq!(is_encrypted, message != b"\x1f", "{message:?}");
    }
    assert!(matches!(refused(b""), ProposalError::Empty));
}

#[test]
fn a_source_that_fails_is_no_fault_of_the_message() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let message = SampleJob::bash(Layout::W1, "do@x.org", DS, "j").message();
    for length in [0, 1, 2, 20, message.len() / 2] {
        let error = parse(message[..length].chain(Broken), &Limits::default()).unwrap_err();
        assert!(matches!(error, ProposalError::Read(_)), "{length}: {error}");
        assert!(!error.is_permanent());
    }
}

#[test]
fn archives_that_are_damaged_or_hold_something_else() {
    let sample = SampleJob::bash(Layout::W1, "do@x.org", DS, "j");
    let json = sample.proposal();
    assert!(matches!(
        refused(&gzip(b"no archive")),
        ProposalError::NoProposal | ProposalError::Archive(_)
    ));
    assert!(matches!(refused(&gzip(b"")), ProposalError::NoProposal));
    for name in [
        "other.json",
        "./proposed_file_changes.json",
        "a/proposed_file_changes.json",
        "../proposed_file_changes.json",
    ] {
        assert!(
            matches!(
                refused(&archive(&[(name, json.as_bytes())])),
                ProposalError::NoProposal
            ),
            "{name}"
        );
    }
    for content in [
        "",
        "{}",
        "[]",
        "null",
        "{\"sender_email\": \"a@b.c\"}",
        "{\"proposed_file_changes\": []}",
        &json[..100],
        &format!("{json} x"),
    ] {
        assert!(
            matches!(
                refused(&archive(&[(MEMBER, content.as_bytes())])),
                ProposalError::Content(_)
            ),
            "{content}"
        );
    }
    let invalid = [b"{\"sender_email\": \"\xff\"".as_slice(), b"}"].concat();
    assert!(matches!(
        refused(&archive(&[(MEMBER, &invalid)])),
        ProposalError::Content(_)
    ));
}

#[test]
fn other_members_do_not_matter() {
    let sample = SampleJob::bash(Layout::W1, "do@x.org", DS, "j");
    let json = sample.proposal();
    let message = archive(&[
        ("../../etc/passwd", b"x"),
        (MEMBER, json.as_bytes()),
        ("/abs", b"y"),
    ]);
    assert_eq!(submissions(&proposal(&message), &ds()).len(), 1);
}

#[test]
fn trailing_bytes_are_tolerated() {
    let mut message = SampleJob::bash(Layout::W1, "do@x.org", DS, "j").message();
    message.extend(b"\0\0\0 anything at all");
    assert_eq!(submissions(&proposal(&message), &ds()).len(), 1);
    // Damage behind the proposal, in the last bytes of the archive.
    let json = SampleJob::bash(Layout::W1, "do@x.org", DS, "j").proposal();
    let mut tar = tar_member(
        MEMBER,
        EntryType::Regular,
        json.len() as u64,
        json.as_bytes(),
    );
    tar.extend([7; 700]);
    assert_eq!(submissions(&proposal(&gzip(&tar)), &ds()).len(), 1);
}

#[test]
fn two_proposals_in_one_archive_are_refused() {
    // The Python client would take the last one, and this one the first.
    let json = SampleJob::bash(Layout::W1, "do@x.org", DS, "j").proposal();
    let harmless = with_changes(json!([])).to_string();
    let message = archive(&[(MEMBER, harmless.as_bytes()), (MEMBER, json.as_bytes())]);
    assert!(matches!(refused(&message), ProposalError::Ambiguous));
}

#[test]
fn a_proposal_that_is_no_regular_file_is_refused() {
    let json = SampleJob::bash(Layout::W1, "do@x.org", DS, "j").proposal();
    let kinds = [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Fifo,
        EntryType::Char,
    ];
    for kind in kinds {
        let mut tar = tar_member(MEMBER, kind, 0, b"");
        assert!(
            matches!(refused(&gzip(&tar)), ProposalError::NoProposal),
            "{kind:?}"
        );
        tar.extend(tar_member(
            MEMBER,
            EntryType::Regular,
            json.len() as u64,
            json.as_bytes(),
        ));
        assert!(
            matches!(refused(&gzip(&tar)), ProposalError::Ambiguous),
            "{kind:?}"
        );
    }
}

#[test]
fn t6_headers_that_lie() {
    for length in [u64::MAX, u64::MAX / 2, 1 << 40, (128 << 20) + 1] {
        let mut tar = vec![0; 512];
        tar.copy_from_slice(&tar_member("other", EntryType::Regular, length, b"")[..512]);
        let error = refused(&gzip(&tar));
        assert!(
            matches!(
                error,
                ProposalError::TooLarge { .. } | ProposalError::Archive(_)
            ),
            "{length}: {error}"
        );
    }
    let pax = b"29 size=18446744073709551000\n";
    let mut tar = tar_member("pax", EntryType::XHeader, pax.len() as u64, pax);
    tar.extend(tar_member(MEMBER, EntryType::Regular, 2, b"{}"));
    assert!(matches!(
        refused(&gzip(&tar)),
        ProposalError::TooLarge { .. } | ProposalError::Archive(_)
    ));
    let sparse = tar_member(MEMBER, EntryType::GNUSparse, 1 << 60, b"");
    refused(&gzip(&sparse));
}

#[test]
fn an_extended_header_may_name_the_proposal() {
    // Python's tar module honours these headers, so ignoring them would hide a job.
    let json = SampleJob::bash(Layout::W1, "do@x.org", DS, "j").proposal();
    let record = format!(" path={MEMBER}\n");
    let record = format!("{}{record}", record.len() + 2);
    let mut tar = tar_member(
        "pax",
        EntryType::XHeader,
        record.len() as u64,
        record.as_bytes(),
    );
    tar.extend(tar_member(
        "x",
        EntryType::Regular,
        json.len() as u64,
        json.as_bytes(),
    ));
    assert_eq!(submissions(&proposal(&gzip(&tar)), &ds()).len(), 1);
}

/// Returns the gzip stream of `before` and then sixteen MiB of one byte.
fn bomb(before: &[u8], byte: u8) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(before).unwrap();
    let block = vec![byte; 1 << 20];
    for _ in 0..16 {
        encoder.write_all(&block).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn t6_gzip_bombs() {
    let header = |name: &str, kind| tar_member(name, kind, 64 << 20, b"");
    // A gigabyte of zeros: sixty-four gzip members, which decompressors read as one.
    assert!(matches!(
        refused(&bomb(b"", 0).repeat(64)),
        ProposalError::NoProposal
    ));
    for before in [
        header(MEMBER, EntryType::Regular),
        header("other", EntryType::Regular),
        header("long name", EntryType::GNULongName),
        header("pax", EntryType::XHeader),
        header("global pax", EntryType::XGlobalHeader),
        [
            header(MEMBER, EntryType::Regular),
            b"{\"sender_email\": \"".to_vec(),
        ]
        .concat(),
        [header(MEMBER, EntryType::Regular), b"{\"x\": \"".to_vec()].concat(),
    ] {
        for byte in [b' ', b'a'] {
            let error = refused(&bomb(&before, byte));
            let is_limit = matches!(
                error,
                ProposalError::TooLarge { .. } | ProposalError::Content(_)
            );
            assert!(is_limit, "{byte} after {:?}: {error:?}", &before[..20]);
        }
    }
    let json = with_changes(json!([])).to_string();
    let mut behind = tar_member(
        MEMBER,
        EntryType::Regular,
        json.len() as u64,
        json.as_bytes(),
    );
    behind.extend(header("other", EntryType::Regular));
    assert!(matches!(
        refused(&bomb(&behind, b'x')),
        ProposalError::TooLarge { .. }
    ));
}

#[test]
fn t6_too_many_of_anything() {
    let limits = Limits::default();
    let members: Vec<(&str, &[u8])> = vec![("x", b""); limits.members + 1];
    let error = refused(&archive(&members));
    assert_eq!(
        error.to_string(),
        "the message has more than 100 archive members"
    );
    let changes = vec![json!({"path_in_datasite": "a"}); limits.changes + 1];
    let error = refused(&in_archive(&with_changes(Value::Array(changes))));
    assert_eq!(
        error.to_string(),
        "the message has more than 10000 file changes"
    );
    let jobs = (0..=limits.jobs)
        .map(|job| json!({"path_in_datasite": format!("app_data/job/{job}/config.yaml")}));
    let error = refused(&in_archive(&with_changes(jobs.collect())));
    assert_eq!(error.to_string(), "the message has more than 100 jobs");
    let small = Limits {
        compressed: 100,
        ..limits
    };
    let message = SampleJob::bash(Layout::W1, "do@x.org", DS, "j").message();
    let error = parse(message.as_slice(), &small).unwrap_err();
    assert_eq!(error.to_string(), "the message has more than 100 bytes");
}

#[test]
fn t6_deep_json() {
    let deep = format!("{{\"x\": {}", "[".repeat(1_000_000));
    assert!(matches!(
        refused(&archive(&[(MEMBER, deep.as_bytes())])),
        ProposalError::Content(_)
    ));
}

#[test]
fn errors_hold_nothing_that_the_author_wrote() {
    let json = json!({"sender_email": ["<b>evil</b>"], "proposed_file_changes": "<b>evil</b>"});
    let error = refused(&in_archive(&json));
    assert!(!error.to_string().contains("evil"), "{error}");
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _as_it_is = read(&bytes);
        let _in_gzip = read(&gzip(&bytes));
        let _in_archive = read(&archive(&[(MEMBER, &bytes)]));
    }

    #[test]
    fn truncated_messages_never_panic_nor_show_half_a_job(cut in 0_usize..2_000, layout in 0_usize..4) {
        let message = SampleJob::python(Layout::ALL[layout], "do@x.org", DS, "j").message();
        let whole = submissions(&proposal(&message), &ds());
        let cut = cut.min(message.len());
        if cut >= 2 && let Ok(Parsed::Proposal(proposal)) = read(&message[..cut]) {
            prop_assert_eq!(submissions(&proposal, &ds()), whole);
        }
    }

    #[test]
    fn damaged_archives_never_panic(at in 0_usize..10_240, byte in any::<u8>()) {
        let sample = SampleJob::bash(Layout::W3, "do@x.org", DS, "j");
        let json = sample.proposal();
        let mut tar = tar_member(MEMBER, EntryType::Regular, json.len() as u64, json.as_bytes());
        let at = at % tar.len();
        tar[at] = byte;
        if let Ok(Parsed::Proposal(proposal)) = read(&gzip(&tar)) {
            let _found = submissions(&proposal, &ds());
        }
    }

    #[test]
    fn any_job_name_is_kept_as_it_is(name in "[^/\\\\\u{0}]{1,60}") {
        prop_assume!(name != "." && name != "..");
        let sample = SampleJob::python(Layout::W4, "do@x.org", DS, &name);
        let found = submissions(&proposal(&sample.message()), &ds());
        prop_assert_eq!(&found[0].key.job, &name);
        prop_assert_eq!(found[0].details.entrypoint.as_deref(), Some("main.py"));
    }
}
