//! Our own programs, and the environment that leads others to the emulator.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use cargo_metadata::Message;
use syft_emulator::Emulator;

use crate::peers::run;

/// `syft-notify`, built as the tests were.
pub(crate) static SYFT_NOTIFY: LazyLock<PathBuf> = LazyLock::new(|| {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--package", "syft-notify", "--manifest-path"]);
    build.args([manifest, "--message-format", "json-render-diagnostics"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let output = run(&mut build);
    Message::parse_stream(output.stdout.as_slice())
        .find_map(|message| match message.unwrap() {
            Message::CompilerArtifact(artifact) => artifact.executable,
            _ => None,
        })
        .unwrap()
        .into()
});

/// Returns a file of `tests/interop`.
pub(crate) fn interop_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("interop")
        .join(name)
}

/// Returns what sends a program that insists on Google to the emulator; `folder` takes the
/// certificate.
pub(crate) fn environment(emulator: &Emulator, folder: &Path) -> Vec<(&'static str, String)> {
    let certificate = folder.join("ca.pem");
    syft_state::fs::write_atomic(&certificate, emulator.ca_pem().as_bytes(), 0o600).unwrap();
    let certificate = certificate.to_str().unwrap().to_owned();
    let proxies = ["https_proxy", "HTTPS_PROXY"].map(|name| (name, emulator.url().to_owned()));
    let exceptions = ["no_proxy", "NO_PROXY"].map(|name| (name, "127.0.0.1".to_owned()));
    let certificates = ["HTTPLIB2_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"]
        .map(|name| (name, certificate.clone()));
    [proxies.as_slice(), &exceptions, &certificates].concat()
}

/// Writes the token file of an account of the emulator.
pub(crate) fn token_file(
    emulator: &Emulator,
    folder: &Path,
    name: &str,
    email: &str,
    scope: &str,
) -> PathBuf {
    let path = folder.join(name);
    let token = emulator.token(email, &[scope]).to_string();
    syft_state::fs::write_atomic(&path, token.as_bytes(), 0o600).unwrap();
    path
}
