use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

use proptest::prelude::*;
use serde_json::{Value, json};
use tar::EntryType;

use super::*;
use crate::fixtures::{encrypted_message, gzip, tar_member};

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

/// Returns a message that expands to `before` and then a gigabyte of one byte: a thousand
/// gzip streams, which decompressors read as one.
fn bomb(before: &[u8], byte: u8) -> Vec<u8> {
    let mebibyte = gzip(&vec![byte; 1 << 20]);
    [gzip(before), mebibyte.repeat(1024)].concat()
}

#[test]
fn t6_gzip_bombs() {
    let header = |name: &str, kind| tar_member(name, kind, 64 << 20, b"");
    assert!(matches!(refused(&bomb(b"", 0)), ProposalError::NoProposal));
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
