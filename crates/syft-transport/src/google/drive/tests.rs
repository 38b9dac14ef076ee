mod download;
mod entries;
mod upload;

use std::io::Write as _;

use serde_json::{Value, json};

use super::*;
use crate::{
    google::Endpoints,
    http::script::{self, Act, Script, Seen, quick_client, refusal, status},
};

/// A drive against a script; `account` answers from the start.
fn drive(script: &Script) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token_do.json");
    let text = json!({
        "token": "ya29.t", "refresh_token": "1//r", "client_id": "id", "client_secret": "s3cret",
        "expiry": "2999-01-01T00:00:00Z",
    });
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(text.to_string().as_bytes()).unwrap();
    let endpoints = Endpoints::at(&script.url).unwrap();
    let tokens = Tokens::open(&quick_client(), &endpoints, &path).unwrap();
    let drive = GoogleDrive::new(&tokens, Budget::DRIVE);
    drive
        .account
        .set("do@example.org".parse().unwrap())
        .unwrap();
    Fixture {
        drive,
        _folder: folder,
    }
}

/// A drive and the folder of its token file, which a refresh reads again.
struct Fixture {
    drive: GoogleDrive,
    _folder: tempfile::TempDir,
}

impl std::ops::Deref for Fixture {
    type Target = GoogleDrive;

    fn deref(&self) -> &GoogleDrive {
        &self.drive
    }
}

fn file(id: &str, name: &str, parents: &[&str]) -> Value {
    json!({
        "id": id, "name": name, "mimeType": "application/octet-stream", "parents": parents,
        "owners": [{"emailAddress": "ds@example.org"}], "createdTime": "2026-11-21T10:00:00.000Z",
        "modifiedTime": "2026-11-21T10:00:00.000Z", "trashed": false,
    })
}

fn answer(body: Value) -> Act {
    script::json(body)
}

/// Returns method, path and query parameter `name` of every request.
fn calls(script: &Script) -> Vec<String> {
    let line = |seen: &Seen| format!("{} {}", seen.method, seen.path());
    script.seen().iter().map(line).collect()
}
