//! Drive clients of other people, unmodified.

use std::process::Command;

use syft_emulator::{Emulator, Options, scopes};
use syft_tests::peers::succeed;

use crate::{
    peers,
    programs::{environment, interop_file, token_file},
};

const OWNER: &str = "do@example.org";
const PEER: &str = "ds@example.org";

fn lines(output: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(output)
        .lines()
        .map(ToOwned::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rclone_finds_a_google_drive() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(&emulator, folder.path(), "token.json", OWNER, scopes::DRIVE);
    let mut command = Command::new("sh");
    command
        .arg(interop_file("rclone.sh"))
        .args([token, folder.path().join("work")])
        .envs(environment(&emulator, folder.path()))
        .env("RCLONE", peers::rclone());
    let output = tokio::task::spawn_blocking(move || succeed(&mut command))
        .await
        .unwrap();
    let passed = [
        "copy and check",
        "md5sum",
        "sync of a large file",
        "sync",
        "moveto",
        "copy back",
        "range",
        "copy on the server",
        "rcat",
        "link",
        "purge",
        "cleanup",
    ];
    assert_eq!(
        lines(&output.stdout),
        passed.map(|step| format!("ok: {step}"))
    );
    let requests = emulator.requests();
    let refused: Vec<_> = requests
        .iter()
        .filter(|request| request.status == 400)
        .collect();
    assert!(requests.len() > 100 && refused.is_empty(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn google_drive3_finds_a_google_drive() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    emulator.token(PEER, &[scopes::DRIVE]);
    let token = emulator.token(OWNER, &[scopes::DRIVE])["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let url = emulator.url().to_owned();
    let output = tokio::task::spawn_blocking(move || {
        succeed(Command::new(peers::google_drive3_check()).args([&url, &token, PEER]))
    });
    let output = lines(&output.await.unwrap().stdout);
    assert!(output.len() > 5, "{output:?}");
    assert!(
        output.iter().all(|line| line.starts_with("ok  ")),
        "{output:?}"
    );
}
