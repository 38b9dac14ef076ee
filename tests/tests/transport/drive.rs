//! What every Drive must do, and what Google does to those who use it.

use std::time::Duration;

use syft_emulator::{Effect, Fault};
use syft_transport::{
    Content, Drive as _, Error, FileId, NameMatch, NewEntry, Query, Role,
    conformance::{self, Accounts},
    google::GoogleDrive,
};

use crate::google::Google;

const DO: &str = "do@example.org";
const DS: &str = "o'brien_ds@example.org";

#[tokio::test]
async fn google_drive_is_a_drive() {
    let google = Google::start().await;
    let (owner, guest) = (google.drive(DO), google.drive(DS));
    let accounts = Accounts {
        owner: &owner,
        guest: &guest,
        stranger: &google.drive("eve@example.org"),
    };
    conformance::drive(&accounts).await;
    conformance::one_id_twice(&owner, &owner.new_id().await.unwrap()).await;
    assert_eq!(google.emulator.share_mails(DS), 0);
}

async fn create(
    drive: &GoogleDrive,
    name: &str,
    parent: Option<&FileId>,
    content: Content,
) -> FileId {
    let entry = NewEntry {
        id: None,
        name: name.to_owned(),
        parent: parent.cloned(),
        content,
    };
    drive.create(entry).await.unwrap().id
}

async fn named(drive: &GoogleDrive, name: &str) -> usize {
    let query = Query {
        any_name: vec![NameMatch::Exact(name.to_owned())],
        ..Query::default()
    };
    drive.list(&query, None).await.unwrap().entries.len()
}

fn status(code: u16, reason: Option<&str>) -> Effect {
    Effect::Status {
        code,
        reason: reason.map(str::to_owned),
        retry_after: None,
    }
}

/// field.md §3.4: create answered 5xx, and the file is there all the same.
#[tokio::test]
async fn a_creation_is_done_once_whatever_happens_to_it() {
    let google = Google::start().await;
    let drive = google.drive(DO);
    let folder = create(&drive, "folder", None, Content::Folder).await;
    let effects = [
        Effect::DropBefore,
        Effect::DropAfter,
        Effect::Truncate,
        Effect::Garbage,
        status(500, None),
        status(503, None),
        status(403, Some("userRateLimitExceeded")),
        Effect::DropParents,
    ];
    for (number, effect) in effects.into_iter().enumerate() {
        let name = format!("file {number}");
        google.emulator.inject(
            Fault::new(effect.clone())
                .api("drive.files.create")
                .times(1),
        );
        let id = create(&drive, &name, Some(&folder), Content::Bytes("x".into())).await;
        assert_eq!(named(&drive, &name).await, 1, "{effect:?}");
        assert_eq!(
            drive.get(&id).await.unwrap().parents,
            std::slice::from_ref(&folder),
            "{effect:?}"
        );
        google.emulator.clear_faults();
    }
}

#[tokio::test]
async fn a_large_file_is_uploaded_and_read_through_faults() {
    let google = Google::start().await;
    let drive = google.drive(DO);
    let content: Vec<u8> = (0..11 << 20).map(|i: u32| (i % 241) as u8).collect();
    let path = google.path("large");
    syft_state::fs::write_atomic(&path, &content, 0o600).unwrap();
    for effect in [Effect::DropAfter, Effect::DropBefore, status(503, None)] {
        let mut fault = Fault::new(effect).times(1);
        fault.method = Some("PUT".into());
        fault.skip = 1;
        google.emulator.inject(fault);
    }
    let id = create(&drive, "large", None, Content::File(path)).await;
    google.emulator.clear_faults();
    google
        .emulator
        .inject(Fault::new(Effect::Truncate).api("drive.files.get").times(2));
    let mut read = Vec::new();
    drive.read(&id, 11 << 20, &mut read).await.unwrap();
    assert!(read == content);
    let error = drive
        .read(&id, (11 << 20) - 1, &mut Vec::new())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    let mut part = Vec::new();
    drive
        .read_range(&id, 1_000_000..1_000_100, &mut part)
        .await
        .unwrap();
    assert!(part == content[1_000_000..1_000_100]);
    assert_eq!(named(&drive, "large").await, 1);
}

#[tokio::test]
async fn reads_are_repeated_and_refusals_are_told() {
    let google = Google::start().await;
    let drive = google.drive(DO);
    let id = create(&drive, "x", None, Content::Bytes("x".into())).await;
    for effect in [
        status(500, None),
        status(502, None),
        status(503, None),
        status(429, None),
        status(403, Some("rateLimitExceeded")),
        Effect::DropBefore,
        Effect::Truncate,
        Effect::Garbage,
    ] {
        google.emulator.inject(Fault::new(effect.clone()).times(2));
        assert_eq!(named(&drive, "x").await, 1, "{effect:?}");
        google.emulator.clear_faults();
    }
    for (code, reason) in [
        (403, "dailyLimitExceeded"),
        (403, "insufficientFilePermissions"),
        (400, "badRequest"),
    ] {
        google
            .emulator
            .inject(Fault::new(status(code, Some(reason))));
        let error = drive.get(&id).await.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!error.is_transient(), "{error}");
        google.emulator.clear_faults();
    }
}

#[tokio::test]
async fn a_refused_cursor_has_expired() {
    let google = Google::start().await;
    let drive = google.drive(DO);
    let cursor = drive.changes(None).await.unwrap().cursor;
    google
        .emulator
        .inject(Fault::new(Effect::ExpiredCursor).times(1));
    let error = drive.changes(Some(&cursor)).await.unwrap_err();
    assert!(matches!(error, Error::CursorExpired), "{error}");
}

#[tokio::test]
async fn an_access_token_that_ends_is_refreshed_once_for_everybody() {
    let google = Google::start().await;
    let tokens = google.tokens(DO, &[syft_emulator::scopes::DRIVE]);
    let drive = GoogleDrive::new(&tokens, syft_transport::http::Budget::DRIVE);
    drive.account().await.unwrap();
    google.emulator.advance(Duration::from_secs(3700));
    google.emulator.reset_requests();
    let id = FileId::new("nowhere");
    let (a, b, c) = tokio::join!(drive.get(&id), drive.get(&id), drive.get(&id));
    for result in [a, b, c] {
        assert!(matches!(result.unwrap_err(), Error::NotFound { .. }));
    }
    assert_eq!(google.count("oauth2.token"), 1);
    google.emulator.revoke(DO);
    let error = drive.get(&id).await.unwrap_err().to_string();
    assert!(
        error.contains("syft-notify init") && error.contains(DO),
        "{error}"
    );
}

#[tokio::test]
async fn an_idle_look_is_one_call() {
    let google = Google::start().await;
    let (owner, guest) = (google.drive(DO), google.drive(DS));
    let folder = create(&guest, "inbox", None, Content::Folder).await;
    guest
        .share(&folder, &DO.parse().unwrap(), Role::Writer)
        .await
        .unwrap();
    let cursor = owner.changes(None).await.unwrap().cursor;
    google.emulator.reset_requests();
    let changes = owner.changes(Some(&cursor)).await.unwrap();
    assert!(changes.entries.is_empty() && changes.removed.is_empty());
    assert_eq!(google.emulator.requests().len(), 1);
}
