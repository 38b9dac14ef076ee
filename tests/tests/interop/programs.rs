//! The files of these tests, and the environment that leads others to the emulator.

use std::path::{Path, PathBuf};

use syft_emulator::Emulator;

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
