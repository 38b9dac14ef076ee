//! Token files in the "authorized_user" form of google-auth, shared with Python clients (notify.md §12.3).

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use syft_state::{Timestamp, fs};

use crate::error::{Error, Result};

/// A token file is a line of a few hundred bytes.
const MAX_LENGTH: u64 = 1 << 20;
const RUN_INIT: &str = "run `syft-notify init`";

/// What a token file holds.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
    pub(super) refresh_token: SecretString,
    pub(super) access_token: Option<SecretString>,
    /// When the access token ends; a file that does not say it holds an expired one.
    pub(super) expiry: Option<Timestamp>,
    /// What the token is good for; empty, if the file does not say.
    pub(super) scopes: Vec<String>,
}

/// New tokens for a file.
#[derive(Clone, Debug)]
pub(super) struct Fresh {
    pub(super) access_token: SecretString,
    pub(super) expiry: Timestamp,
    /// Most refreshes bring none: the old one stays.
    pub(super) refresh_token: Option<SecretString>,
}

/// Reads a token file by the rules of google-auth 2.41.
pub(super) fn read(path: &Path) -> Result<Stored> {
    let map = read_map(path)?;
    let need = |key: &str| {
        text(&map, key).ok_or_else(|| {
            bad(
                path,
                format!("it has no {key}: {RUN_INIT} to make a new one"),
            )
        })
    };
    Ok(Stored {
        client_id: need("client_id")?.to_owned(),
        client_secret: need("client_secret")?.into(),
        refresh_token: need("refresh_token")?.into(),
        access_token: text(&map, "token").map(Into::into),
        expiry: text(&map, "expiry").and_then(parse_expiry),
        scopes: scopes(&map),
    })
}

/// Puts new tokens into a file; everything else in it stays, in its order.
pub(super) fn update(path: &Path, fresh: &Fresh) -> Result<()> {
    let mut map = read_map(path)?;
    let mut set = |key: &str, value: &str| map.insert(key.to_owned(), value.into());
    set("token", fresh.access_token.expose_secret());
    set("expiry", &format_expiry(fresh.expiry));
    if let Some(token) = &fresh.refresh_token {
        set("refresh_token", token.expose_secret());
    }
    write(path, map)
}

/// Writes a new file with the keys in the order of google-auth.
pub(super) fn create(path: &Path, stored: &Stored, token_uri: &str) -> Result<()> {
    let mut map = Map::new();
    let mut set = |key: &str, value: Value| map.insert(key.to_owned(), value);
    let access_token = stored.access_token.as_ref();
    set(
        "token",
        access_token.map_or(Value::Null, |token| token.expose_secret().into()),
    );
    set("refresh_token", stored.refresh_token.expose_secret().into());
    set("token_uri", token_uri.into());
    set("client_id", stored.client_id.as_str().into());
    set("client_secret", stored.client_secret.expose_secret().into());
    set("scopes", stored.scopes.clone().into());
    set("universe_domain", "googleapis.com".into());
    set("account", "".into());
    set(
        "expiry",
        stored
            .expiry
            .map_or(Value::Null, |time| format_expiry(time).into()),
    );
    map.retain(|_, value| !value.is_null());
    write(path, map)
}

fn read_map(path: &Path) -> Result<Map<String, Value>> {
    let bytes = read_bytes(path)?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(bad(
            path,
            format!("it is no JSON object: {RUN_INIT} to make a new one"),
        )),
        // Only the place is told: the text may hold a token.
        Err(error) => Err(bad(
            path,
            format!(
                "it is no JSON (line {} column {}): {RUN_INIT} to make a new one",
                error.line(),
                error.column()
            ),
        )),
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read_capped(&resolved(path), MAX_LENGTH).map_err(|error| {
        if error.is_not_found() {
            return Error::Unauthenticated {
                what: path.display().to_string(),
                reason: format!("there is no such token file: {RUN_INIT}"),
            };
        }
        local(path, error)
    })
}

fn write(path: &Path, map: Map<String, Value>) -> Result<()> {
    let text = Value::Object(map).to_string();
    fs::write_atomic(&resolved(path), text.as_bytes(), 0o600).map_err(|error| local(path, error))
}

/// Secrets are often links, to another disk or into a mounted volume; the file itself is replaced.
pub(super) fn resolved(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn local(path: &Path, error: fs::Error) -> Error {
    Error::Local {
        path: path.to_owned(),
        source: std::io::Error::other(error),
    }
}

fn bad(path: &Path, reason: String) -> Error {
    Error::BadFile {
        path: path.to_owned(),
        reason,
    }
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// Scopes are a list, or a text with spaces between them.
fn scopes(map: &Map<String, Value>) -> Vec<String> {
    match map.get("scopes") {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|s| s.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// The expiry is UTC; like google-auth, what follows the seconds is dropped.
fn parse_expiry(text: &str) -> Option<Timestamp> {
    let seconds = text.trim_end_matches('Z').split('.').next()?;
    format!("{seconds}Z").parse().ok()
}

/// Never with an offset, which google-auth cannot read.
fn format_expiry(time: Timestamp) -> String {
    time.to_utc().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests;
