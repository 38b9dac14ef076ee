//! What the token files say of themselves, without any secret of theirs.

use std::{os::unix::fs::PermissionsExt, path::Path};

use serde::Serialize;
use serde_json::Value;
use syft_monitor::config::{Backend, Config};
use syft_state::fs;

use super::report::LastLook;

const SIZE_LIMIT: u64 = 1024 * 1024;
/// What every scope of Google begins with.
const GOOGLE: &str = "https://www.googleapis.com/auth/";

/// One token as `status` shows it.
#[derive(Debug, Serialize)]
pub(super) struct Token {
    /// What it is for: `Drive` or `Gmail`.
    pub(super) name: &'static str,
    pub(super) file: std::path::PathBuf,
    /// Whose it is: Google said so to the last monitor, or the file does.
    pub(super) account: Option<String>,
    pub(super) scopes: Vec<String>,
    /// What a person must do something about.
    pub(super) problem: Option<String>,
}

pub(super) fn of(config: &Config, look: Option<&LastLook>) -> Vec<Token> {
    if !matches!(config.backend, Backend::Google) {
        return Vec::new();
    }
    let drive = config.drive_token_path.as_deref();
    let files = drive
        .map(|path| ("Drive", path))
        .into_iter()
        .chain([("Gmail", config.gmail_token_path.as_path())]);
    files
        .map(|(name, path)| token(name, path, config, look))
        .collect()
}

fn token(name: &'static str, path: &Path, config: &Config, look: Option<&LastLook>) -> Token {
    let mut token = Token {
        name,
        file: path.to_owned(),
        account: None,
        scopes: Vec::new(),
        problem: None,
    };
    match read(path) {
        Err(problem) => token.problem = Some(problem),
        Ok(value) => {
            token.account = value["account"]
                .as_str()
                .filter(|account| !account.is_empty())
                .map(ToOwned::to_owned);
            token.scopes = scopes(&value["scopes"]);
        }
    }
    let is_of = |look: &&LastLook| look.config == config.file;
    let Some(look) = look.filter(is_of) else {
        return token;
    };
    // A monitor looks only with tokens of the data owner.
    if look.promise.is_some() {
        token
            .account
            .get_or_insert_with(|| config.do_email.to_string());
    }
    let file = path.display().to_string();
    if let Some(login) = look
        .login
        .as_ref()
        .filter(|login| login.error.contains(&file))
    {
        token.problem.get_or_insert_with(|| login.error.clone());
    }
    token
}

fn read(path: &Path) -> Result<Value, String> {
    let bytes = fs::read_capped(path, SIZE_LIMIT).map_err(|error| {
        if error.is_not_found() {
            "it does not exist: run `syft-notify init`".to_owned()
        } else {
            crate::exit::chain(&error)
        }
    })?;
    // The reason may quote the text, and the text is secret.
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|_| "it is damaged: run `syft-notify init`".to_owned())?;
    if value["refresh_token"].as_str().is_none_or(str::is_empty) {
        return Err("it has no refresh_token: run `syft-notify init`".to_owned());
    }
    let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 == 0 {
        Ok(value)
    } else {
        Err(format!("others may read it: chmod 600 {}", path.display()))
    }
}

/// Reads a list, or a text of words, without what all of them begin with.
fn scopes(value: &Value) -> Vec<String> {
    let words: Vec<&str> = match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => text.split_whitespace().collect(),
        _ => Vec::new(),
    };
    words
        .into_iter()
        .map(|scope| scope.strip_prefix(GOOGLE).unwrap_or(scope).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scopes_are_short() {
        let all = "https://www.googleapis.com/auth/drive https://mail.google.com/";
        let short = ["drive", "https://mail.google.com/"];
        assert_eq!(scopes(&json!(all)), short);
        assert_eq!(scopes(&json!(all.split(' ').collect::<Vec<_>>())), short);
        assert_eq!(scopes(&json!(3)), [""; 0]);
    }

    #[test]
    fn no_secret_is_quoted() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("token.json");
        for text in [
            "{\"refresh_token\": \"s3cret",
            "s3cret",
            "{\"refresh_token\": 3, \"token\": \"s3cret\"}",
        ] {
            fs::write_atomic(&path, text.as_bytes(), 0o600).expect("a file");
            let problem = read(&path).expect_err("it is damaged");
            assert!(!problem.contains("s3cret"), "{problem}");
        }
    }
}
