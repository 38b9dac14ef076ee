//! What the hub keeps about one entry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syft_state::{Email, Timestamp};

use crate::drive::{EntryKind, FileId, Role};

/// The longest id of an entry in bytes; Google's have 19 to 44.
const MAX_ID_LENGTH: usize = 100;

/// The content of `entries/<owner>/<id>.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Its lasting name, which is also the name of its files in the hub.
    pub(super) id: FileId,
    /// Who created it, as that account is typed.
    pub(super) owner: Email,
    /// Its name: any text.
    pub(super) name: String,
    pub(super) kind: EntryKind,
    /// The folder it is in: an id, or `root:<account>`.
    pub(super) parent: FileId,
    /// Length of the content in bytes; folders have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u64>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    #[serde(default)]
    pub(super) trashed: bool,
    /// Who else may use it and everything below it.
    #[serde(default)]
    pub(super) shares: BTreeMap<Email, Access>,
}

/// What an account may do with an entry; a writer may also read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Access {
    Reader,
    Writer,
}

impl From<Role> for Access {
    fn from(role: Role) -> Self {
        match role {
            Role::Reader => Self::Reader,
            Role::Writer => Self::Writer,
        }
    }
}

/// Returns the id of the folder that is the root of an account.
pub(super) fn root_of(account: &Email) -> FileId {
    FileId::new(format!("root:{}", account.key()))
}

/// Returns whose root an id stands for, if it stands for one.
pub(super) fn owner_of_root(id: &FileId) -> Option<Email> {
    id.as_str().strip_prefix("root:")?.parse().ok()
}

/// Returns whether an id may be the name of a file in the hub.
pub(super) fn is_file_name(id: &str) -> bool {
    (1..=MAX_ID_LENGTH).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
