//! When two files count as the same.

use serde::{Deserialize, Serialize};

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
