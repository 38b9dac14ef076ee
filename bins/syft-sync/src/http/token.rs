//! What those know who may control the daemon: whoever may read the daemon's own files.

use std::{fmt, path::Path};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use syft_state::fs::{create_private_dir, read_capped, write_atomic, write_fleeting};

use super::Error;

/// 256 random bits.
const BYTES: usize = 32;
const LIMIT: u64 = 1024;

/// A token, of which only a digest is kept.
#[derive(Clone)]
pub(crate) struct Token([u8; 32]);

impl Token {
    fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Compares digests, so that the time this takes tells nothing about the token.
    pub(super) fn is(&self, given: &str) -> bool {
        self.0 == Self::of(given).0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Makes a new token and writes it to a file of the owner alone.
pub(super) fn fresh(path: &Path) -> Result<Token, Error> {
    let text = random();
    prepare(path)?;
    write_fleeting(path, text.as_bytes(), 0o600)?;
    Ok(Token::of(&text))
}

/// Reads a token that other machines know already, or makes one.
pub(super) fn kept(path: &Path) -> Result<Token, Error> {
    match read(path) {
        Ok(text) => Ok(Token::of(&text)),
        Err(Error::File(error)) if error.is_not_found() => {
            let text = random();
            prepare(path)?;
            write_atomic(path, text.as_bytes(), 0o600)?;
            Ok(Token::of(&text))
        }
        Err(error) => Err(error),
    }
}

/// Reads the text of a token.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    let bytes = read_capped(path, LIMIT)?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    let text = text.trim();
    let is_token = text.len() >= BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_token
        .then(|| text.to_owned())
        .ok_or_else(|| Error::Token(path.to_owned()))
}

fn prepare(path: &Path) -> Result<(), Error> {
    Ok(path.parent().map_or(Ok(()), create_private_dir)?)
}

fn random() -> String {
    HEXLOWER.encode(&rand::random::<[u8; BYTES]>())
}
