//! The data directory.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use serde_json::{Value, json};
use syft_emulator::{Emulator, Error, Options, scopes};

use crate::{DO, about, client, text};

async fn start(dir: &Path) -> Result<Emulator, Error> {
    let options = Options {
        data: Some(dir.to_owned()),
        ..Options::default()
    };
    Emulator::start(options).await
}

async fn upload(emulator: &Emulator, token: &Value, name: &str, content: Vec<u8>) -> String {
    let url = format!("{}/upload/drive/v3/files?uploadType=media", emulator.url());
    let request = client()
        .post(url)
        .bearer_auth(text(token, "token"))
        .body(content);
    let made: Value = request.send().await.unwrap().json().await.unwrap();
    let id = text(&made, "id").to_owned();
    let url = format!("{}/drive/v3/files/{id}", emulator.url());
    let rename = client()
        .patch(url)
        .bearer_auth(text(token, "token"))
        .json(&json!({ "name": name }));
    assert_eq!(rename.send().await.unwrap().status(), 200);
    id
}

async fn content(emulator: &Emulator, token: &Value, id: &str) -> Vec<u8> {
    let url = format!("{}/drive/v3/files/{id}?alt=media", emulator.url());
    let response = client()
        .get(url)
        .bearer_auth(text(token, "token"))
        .send()
        .await
        .unwrap();
    response.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let first = start(&data).await.unwrap();
    let token = first.token(DO, &[scopes::DRIVE]);
    first.advance(Duration::from_secs(1000));
    let large: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
    let small_id = upload(&first, &token, "small", b"small".to_vec()).await;
    let large_id = upload(&first, &token, "large", large.clone()).await;
    let ca = first.ca_pem().to_owned();
    first.shutdown().await.unwrap();

    let second = start(&data).await.unwrap();
    assert_eq!(second.ca_pem(), ca);
    assert_eq!(about(second.url(), text(&token, "token")).await.0, 200);
    assert_eq!(content(&second, &token, &small_id).await, b"small");
    assert_eq!(content(&second, &token, &large_id).await, large);
    // The clock went on from where it was: the token's hour ends 1,000 seconds early.
    second.advance(Duration::from_secs(2601));
    assert_eq!(about(second.url(), text(&token, "token")).await.0, 401);
}

#[tokio::test]
async fn large_contents_have_files_of_their_own_while_they_are_needed() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path()).await.unwrap();
    let token = first.token(DO, &[scopes::DRIVE]);
    let id = upload(&first, &token, "large", vec![1; 100_000]).await;
    first.shutdown().await.unwrap();
    let blobs = || fs::read_dir(dir.path().join("blobs")).unwrap().count();
    let snapshot = || fs::metadata(dir.path().join("world.json")).unwrap().len();
    assert_eq!(blobs(), 1);
    assert!(snapshot() < 20_000, "{}", snapshot());

    let second = start(dir.path()).await.unwrap();
    let url = format!("{}/drive/v3/files/{id}", second.url());
    let request = client().delete(url).bearer_auth(text(&token, "token"));
    assert_eq!(request.send().await.unwrap().status(), 204);
    second.shutdown().await.unwrap();
    assert_eq!(blobs(), 0);
}

#[tokio::test]
async fn secrets_are_private() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let emulator = start(&data).await.unwrap();
    emulator.token(DO, &[scopes::DRIVE]);
    emulator.shutdown().await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for name in ["world.json", "ca-key.pem"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    assert!(
        !data.join("url").exists(),
        "the address outlived the emulator"
    );
}

#[tokio::test]
async fn one_directory_serves_one_emulator() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path()).await.unwrap();
    let error = start(dir.path()).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    first.shutdown().await.unwrap();
    start(dir.path()).await.unwrap();
}

#[tokio::test]
async fn damage_stops_the_start_and_is_left_alone() {
    for (name, damage) in [
        (
            "world.json",
            "{\"version\":1,\"clock_offset_millis\":0,\"wor",
        ),
        (
            "world.json",
            "{\"version\":9,\"clock_offset_millis\":0,\"world\":{\"accounts\":{\"people\":{},\"clients\":{},\"grants\":{\"refresh\":{},\"access\":{},\"codes\":{}}}}}",
        ),
        ("world.json", ""),
        ("ca-key.pem", "no key"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let emulator = start(dir.path()).await.unwrap();
        emulator.token(DO, &[scopes::DRIVE]);
        emulator.shutdown().await.unwrap();
        let path = dir.path().join(name);
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).truncate(true).open(&path).unwrap();
        std::io::Write::write_all(&mut file, damage.as_bytes()).unwrap();
        let error = start(dir.path()).await.unwrap_err();
        assert!(
            matches!(&error, Error::Corrupt { path: named, .. } if *named == path),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), damage);
    }
}
