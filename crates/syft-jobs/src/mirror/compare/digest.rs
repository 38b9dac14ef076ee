//! Digests of contents.

use md5::Md5;
use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::Xxh3;

use super::Comparison;
use crate::store::Digest;

/// A digest that is being made.
pub(super) enum Hasher {
    Sha256(Sha256),
    Blake3(Box<blake3::Hasher>),
    Xxh3(Box<Xxh3>),
    Md5(Md5),
}

impl Hasher {
    /// There is none for a comparison that needs no digest.
    pub(super) fn new(comparison: Comparison) -> Option<Self> {
        Some(match comparison {
            Comparison::Sha256 => Self::Sha256(Sha256::new()),
            Comparison::Blake3 => Self::Blake3(Box::default()),
            Comparison::Xxh3 => Self::Xxh3(Box::default()),
            Comparison::Md5 => Self::Md5(Md5::new()),
            Comparison::Bytes | Comparison::Size | Comparison::Mtime | Comparison::SizeMtime => {
                return None;
            }
        })
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Blake3(hasher) => drop(hasher.update(bytes)),
            Self::Xxh3(hasher) => hasher.update(bytes),
            Self::Md5(hasher) => hasher.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Digest {
        let mut digest = Digest::default();
        match self {
            Self::Sha256(hasher) => digest.copy_from_slice(&hasher.finalize()),
            Self::Blake3(hasher) => digest.copy_from_slice(hasher.finalize().as_bytes()),
            Self::Xxh3(hasher) => {
                digest[..16].copy_from_slice(&hasher.digest128().to_be_bytes());
            }
            Self::Md5(hasher) => digest[..16].copy_from_slice(&hasher.finalize()),
        }
        digest
    }
}

/// Returns the number under which digests of a kind are remembered; it must never change.
pub(super) fn number(comparison: Comparison) -> u8 {
    match comparison {
        Comparison::Sha256 => 1,
        Comparison::Blake3 => 2,
        Comparison::Xxh3 => 3,
        Comparison::Md5 => 4,
        Comparison::Bytes | Comparison::Size | Comparison::Mtime | Comparison::SizeMtime => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(comparison: Comparison, expected: &str) {
        let mut hasher = Hasher::new(comparison).unwrap();
        hasher.update(b"a");
        hasher.update(b"bc");
        let hex: String = hasher.finish().map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(hex.trim_end_matches('0'), expected.trim_end_matches('0'));
    }

    #[test]
    fn digests_are_those_of_the_standards() {
        check(
            Comparison::Sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        );
        check(
            Comparison::Blake3,
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
        );
        check(Comparison::Xxh3, "06b05ab6733a618578af5f94892f3950");
        check(Comparison::Md5, "900150983cd24fb0d6963f7d28e17f72");
    }
}
