//! When two files count as the same.

use serde::{Deserialize, Serialize};

use super::{FileError, NodeId};

mod contents;
mod digest;
mod read;

pub use contents::Contents;

/// When two files count as the same. A difference in size is always one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Equal SHA-256 of their contents; `checksum` and `sha256` in configurations.
    #[default]
    Sha256,
    /// Equal BLAKE3.
    Blake3,
    /// Equal 128-bit XXH3: fast, and no protection against forged contents.
    Xxh3,
    /// Equal MD5, which can be forged; only for those who are used to it.
    Md5,
    /// Equal size alone.
    Size,
    /// Equal modification time alone.
    Mtime,
    /// Equal size and modification time, as rsync does it.
    SizeMtime,
    /// Equal contents, read from both sides.
    Bytes,
}

/// Knows which files have the same content.
pub trait Same {
    /// Returns whether a file of the source and one of the destination have the same content.
    ///
    /// # Errors
    ///
    /// Why that cannot be said, as when one of them cannot be read.
    fn same(&self, source: NodeId, destination: NodeId) -> Result<bool, FileError>;
}

/// Reads nothing, and takes all files of equal size for different.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unread;

impl Same for Unread {
    fn same(&self, _: NodeId, _: NodeId) -> Result<bool, FileError> {
        Ok(false)
    }
}

impl Comparison {
    /// Returns whether files have to be read to be compared.
    #[must_use]
    pub fn reads(self) -> bool {
        !matches!(self, Self::Size | Self::Mtime | Self::SizeMtime)
    }
}
