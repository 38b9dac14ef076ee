use std::path::Path;

use secrecy::SecretString;
use serde_json::Value;
use syft_state::fs::read_capped;

use super::super::token_file::resolved;
use crate::error::{Error, Result};

/// Google's download has about 500 bytes.
const MAX_LENGTH: u64 = 64 << 10;

/// The OAuth client of a Google Cloud project, as in its `credentials.json`.
#[derive(Clone, Debug)]
pub struct OAuthClient {
    pub(super) id: String,
    pub(super) secret: SecretString,
}

impl OAuthClient {
    /// Reads a `credentials.json`, of a desktop app ("installed") or a web app ("web").
    pub fn read(path: &Path) -> Result<Self> {
        let bad = |reason: &str| Error::BadFile {
            path: path.to_owned(),
            reason: format!(
                "{reason}; download the JSON of an OAuth client of type \"Desktop app\" from the \
                 Google Cloud console"
            ),
        };
        let bytes =
            read_capped(&resolved(path), MAX_LENGTH).map_err(|error| bad(&error.to_string()))?;
        // What serde would say can quote the secret.
        let json: Value = serde_json::from_slice(&bytes).map_err(|error| {
            bad(&format!(
                "it is no JSON (line {} column {})",
                error.line(),
                error.column()
            ))
        })?;
        if json["type"] == "service_account" {
            return Err(bad("it is the key of a service account"));
        }
        if json["refresh_token"].is_string() {
            return Err(bad("it is a token file, not an OAuth client"));
        }
        let client = ["installed", "web"]
            .iter()
            .map(|kind| &json[kind])
            .find(|c| c.is_object());
        let client = client.ok_or_else(|| bad("it has neither \"installed\" nor \"web\""))?;
        let field = |name: &str| {
            let text = client[name].as_str().filter(|text| !text.is_empty());
            text.ok_or_else(|| bad(&format!("it has no {name}")))
        };
        Ok(Self {
            id: field("client_id")?.to_owned(),
            secret: field("client_secret")?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(text: &str) -> Result<OAuthClient> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        OAuthClient::read(file.path())
    }

    #[test]
    fn both_kinds_are_read() {
        for kind in ["installed", "web"] {
            let text = format!(r#"{{"{kind}":{{"client_id":"id","client_secret":"s3cret"}}}}"#);
            let client = read(&text).unwrap();
            assert_eq!(
                (client.id.as_str(), client.secret.expose_secret()),
                ("id", "s3cret")
            );
            assert!(!format!("{client:?}").contains("s3cret"));
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }

    #[test]
    fn anything_else_is_explained() {
        check("", "it is no JSON (line 1 column 0)");
        check("{}", "neither");
        check("[1]", "neither");
        check(r#"{"type":"service_account"}"#, "service account");
        check(r#"{"refresh_token":"s3cret"}"#, "token file");
        check(
            r#"{"installed":{"client_secret":"s3cret"}}"#,
            "no client_id",
        );
        check(
            r#"{"installed":{"client_id":"id","client_secret":7}}"#,
            "no client_secret",
        );
        check(r#"{"installed":{"client_secret":"s3cret"#, "no JSON");
    }
}
