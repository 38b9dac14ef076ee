//! `syft-emulator env`: the environment that sends other programs to the emulator.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{args::Env, client::Client, failure::Failure, output};

/// Where systems keep the certificates that they trust, as one file.
const SYSTEM_BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/opt/homebrew/etc/ca-certificates/cert.pem",
];

/// Every variable that is set, with the programs that read it.
const VARIABLES: [&str; 9] = [
    "SYFT_EMULATOR_URL",
    // Lower case for curl and Python's urllib, upper case for Go and requests.
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "HTTPLIB2_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
];

/// Writes the certificates and prints the lines for `eval`.
pub(super) async fn run(env: Env) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    if env.unset {
        return Ok(writeln!(out, "unset {}", VARIABLES.join(" "))?);
    }
    let client = Client::find(&env.target)?;
    let pem = client.text("/emulator/ca.pem").await?;
    let dir = directory(&env, &client).await?;
    output::make_dir(&dir)?;
    let bundle = dir.join("bundle.pem");
    output::write(&dir.join("ca.pem"), pem.as_bytes(), 0o644)?;
    output::write(&bundle, &joined(&pem)?, 0o644)?;
    for name in VARIABLES {
        let value = match name {
            "no_proxy" | "NO_PROXY" => "localhost,127.0.0.1,::1".to_owned(),
            "SYFT_EMULATOR_URL" | "https_proxy" | "HTTPS_PROXY" => client.url().to_owned(),
            _ => bundle.display().to_string(),
        };
        writeln!(out, "export {name}={}", quoted(&value))?;
    }
    Ok(())
}

/// Returns where the certificates go: as asked, or beside the data, or into the user's cache.
async fn directory(env: &Env, client: &Client) -> Result<PathBuf, Failure> {
    if let Some(dir) = &env.dir {
        return absolute(dir);
    }
    let status = client.get("/emulator/status").await?;
    if let Some(data) = status["data"].as_str() {
        return absolute(Path::new(data)).map(|data| data.join("tls"));
    }
    let cache = cache().ok_or(Failure::NoDirectory)?;
    let name: String = client
        .url()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    Ok(cache.join("syft-emulator").join(name))
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let absolute = std::path::absolute(path);
    absolute.map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}

#[expect(clippy::disallowed_methods, reason = "a binary reads the environment")]
fn cache() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.filter(|path| path.is_absolute());
    cache.or_else(|| Some(std::env::home_dir()?.join(".cache")))
}

/// Returns the system's certificates and ours; a system without any has ours alone.
fn joined(pem: &str) -> Result<Vec<u8>, Failure> {
    let mut bundle = Vec::new();
    for path in SYSTEM_BUNDLES {
        match fs::read(path) {
            Ok(system) => {
                bundle = system;
                break;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => {
                return Err(Failure::File {
                    path: path.into(),
                    source,
                });
            }
        }
    }
    if !bundle.is_empty() && !bundle.ends_with(b"\n") {
        bundle.push(b'\n');
    }
    bundle.extend_from_slice(pem.as_bytes());
    Ok(bundle)
}

/// Quotes for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_shell() {
        assert_eq!(quoted("/a b/$HOME"), "'/a b/$HOME'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn our_certificate_comes_last_on_a_line_of_its_own() {
        let bundle = String::from_utf8_lossy(&joined("OURS\n").unwrap()).into_owned();
        assert_eq!(bundle.lines().last(), Some("OURS"));
    }
}
