//! Plays the crate google-drive3, unmodified, against a running emulator.
//!
//! Usage: `google-drive3-check URL ACCESS_TOKEN PEER_EMAIL`. Prints one line per step; exits with 1
//! at the first difference.

use std::{error::Error, io::Cursor, process::ExitCode};

use google_drive3::{
    DriveHub,
    api::{File, Permission},
    common::Connector,
};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const FULL: &str = "https://www.googleapis.com/auth/drive";

/// Says what was done, or fails with what was expected.
macro_rules! expect {
    ($left:expr, $right:expr, $step:literal) => {
        let (left, right) = (&$left, &$right);
        if left != right {
            return Err(format!("{}: {left:?} instead of {right:?}", $step).into());
        }
        println!("ok  {}", $step);
    };
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("google-drive3-check: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, token, peer] = arguments.as_slice() else {
        return Err("usage: google-drive3-check URL ACCESS_TOKEN PEER_EMAIL".into());
    };
    let url = url.trim_end_matches('/');
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let mut hub = DriveHub::new(client, token.clone());
    hub.base_url(format!("{url}/drive/v3/"));
    hub.root_url(format!("{url}/"));
    play(&hub, peer).await
}

async fn play<C: Connector>(hub: &DriveHub<C>, peer: &str) -> Outcome {
    let (_, about) = hub
        .about()
        .get()
        .param("fields", "user")
        .add_scope(FULL)
        .doit()
        .await?;
    let me = about
        .user
        .and_then(|user| user.email_address)
        .ok_or("about without a user")?;
    println!("ok  about: {me}");
    let (_, start) = hub
        .changes()
        .get_start_page_token()
        .add_scope(FULL)
        .doit()
        .await?;
    let start = start.start_page_token.ok_or("no start page token")?;
    let id = uploads(hub).await?;
    lists_and_downloads(hub, &id).await?;
    updates_and_permissions(hub, &id, peer).await?;
    changes(hub, &start, &id).await
}

fn named(name: &str) -> File {
    File {
        name: Some(name.to_owned()),
        ..File::default()
    }
}

/// Makes a small file by multipart and a large one by a resumable session; returns the large one.
async fn uploads<C: Connector>(hub: &DriveHub<C>) -> Outcome<String> {
    let text: mime::Mime = "text/plain".parse()?;
    let small = Cursor::new(&b"simple"[..]);
    let create = hub.files().create(named("drive3.txt")).add_scope(FULL);
    let (_, made) = create.upload(small, text.clone()).await?;
    expect!(made.name.as_deref(), Some("drive3.txt"), "multipart upload");
    let large = Cursor::new(vec![7; 3_000_000]);
    let create = hub.files().create(named("drive3.txt")).add_scope(FULL);
    let (_, made) = create.upload_resumable(large, text).await?;
    expect!(
        made.mime_type.as_deref(),
        Some("text/plain"),
        "resumable upload"
    );
    made.id.ok_or_else(|| "a file without an id".into())
}

async fn lists_and_downloads<C: Connector>(hub: &DriveHub<C>, id: &str) -> Outcome {
    let list = hub
        .files()
        .list()
        .q("name contains 'drive3.' and trashed = false and 'me' in owners")
        .order_by("name desc")
        .param("fields", "files(id,name,size,createdTime,md5Checksum)")
        .add_scope(FULL);
    let (_, found) = list.doit().await?;
    let sizes = found.files.unwrap_or_default();
    let mut sizes: Vec<_> = sizes.into_iter().map(|file| file.size).collect();
    sizes.sort_unstable();
    expect!(
        sizes,
        [Some(6), Some(3_000_000)],
        "list with q, orderBy and fields"
    );
    let (response, _) = hub
        .files()
        .get(id)
        .param("alt", "media")
        .add_scope(FULL)
        .doit()
        .await?;
    let bytes = response.into_body().collect().await?.to_bytes();
    expect!(bytes.len(), 3_000_000, "media download");
    expect!(
        bytes.iter().all(|byte| *byte == 7),
        true,
        "the content is whole"
    );
    match hub.files().get("nope").add_scope(FULL).doit().await {
        Err(google_drive3::Error::BadRequest(error)) => {
            expect!(error["error"]["code"], 404, "an unknown id is a 404");
            Ok(())
        }
        other => Err(format!("an unknown id: {:?}", other.map(|(_, file)| file)).into()),
    }
}

async fn updates_and_permissions<C: Connector>(hub: &DriveHub<C>, id: &str, peer: &str) -> Outcome {
    let update = hub.files().update(named("renamed"), id).add_scope(FULL);
    let (_, file) = update.doit_without_upload().await?;
    expect!(file.name.as_deref(), Some("renamed"), "update of metadata");
    let content = Cursor::new(&b"new content"[..]);
    let update = hub
        .files()
        .update(File::default(), id)
        .param("fields", "size")
        .add_scope(FULL);
    let (_, file) = update.upload(content, "text/plain".parse()?).await?;
    expect!(file.size, Some(11), "update of content");
    let permission = Permission {
        type_: Some("user".to_owned()),
        role: Some("reader".to_owned()),
        email_address: Some(peer.to_owned()),
        ..Permission::default()
    };
    let share = hub.permissions().create(permission, id).add_scope(FULL);
    let (_, made) = share.doit().await?;
    expect!(made.role.as_deref(), Some("reader"), "sharing");
    let list = hub
        .permissions()
        .list(id)
        .param("fields", "permissions(id,emailAddress,role)");
    let (_, listed) = list.add_scope(FULL).doit().await?;
    let mails = listed.permissions.unwrap_or_default();
    let mails: Vec<_> = mails
        .into_iter()
        .filter_map(|one| one.email_address)
        .collect();
    expect!(
        mails.iter().any(|mail| mail == peer),
        true,
        "list of permissions"
    );
    let id_of_permission = made.id.ok_or("a permission without an id")?;
    hub.permissions()
        .delete(id, &id_of_permission)
        .add_scope(FULL)
        .doit()
        .await?;
    println!("ok  permission taken back");
    Ok(())
}

async fn changes<C: Connector>(hub: &DriveHub<C>, start: &str, id: &str) -> Outcome {
    hub.files().delete(id).add_scope(FULL).doit().await?;
    let (_, feed) = hub.changes().list(start).add_scope(FULL).doit().await?;
    let changes = feed.changes.unwrap_or_default();
    expect!(changes.len(), 2, "changes, one for each file");
    let removed = changes
        .iter()
        .find(|change| change.file_id.as_deref() == Some(id));
    expect!(
        removed.and_then(|change| change.removed),
        Some(true),
        "the deletion is a change"
    );
    expect!(
        feed.new_start_page_token.is_some(),
        true,
        "the last page has a new cursor"
    );
    for change in changes.iter().filter(|change| change.removed != Some(true)) {
        let id = change
            .file_id
            .as_deref()
            .ok_or("a change without a file id")?;
        hub.files().delete(id).add_scope(FULL).doit().await?;
    }
    let list = hub
        .files()
        .list()
        .q("name contains 'drive3'")
        .add_scope(FULL);
    let left = list.doit().await?.1.files.unwrap_or_default();
    expect!(left.len(), 0, "delete");
    Ok(())
}
