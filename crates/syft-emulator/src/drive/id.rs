//! Identifiers in the shapes that Google uses.

use rand::Rng;

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Returns the id of a new file: `1` and 32 characters.
pub(crate) fn file() -> String {
    format!("1{}", random(32))
}

/// Returns the id of a new root folder: `0A…PVA`, 19 characters.
pub(crate) fn root() -> String {
    format!("0A{}PVA", random(14))
}

/// Returns the id of a new revision.
pub(crate) fn revision() -> String {
    format!("0B{}", random(48))
}

/// Returns the id of a new upload session; whoever knows it may upload.
pub(crate) fn upload() -> String {
    format!("AB{}", random(60))
}

/// Returns a boundary for a multipart answer.
pub(crate) fn boundary() -> String {
    format!("batch_{}", random(24))
}

/// Returns whether a client may ask for this id on create.
pub(crate) fn is_plausible(id: &str) -> bool {
    (19..=64).contains(&id.len()) && id.bytes().all(|byte| ALPHABET.contains(&byte))
}

fn random(length: usize) -> String {
    let mut source = rand::rng();
    (0..length)
        .map(|_| char::from(ALPHABET[source.random_range(0..ALPHABET.len())]))
        .collect()
}
