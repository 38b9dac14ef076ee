//! What a file on the emulated Drive is made of.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chrono::{DateTime, SubsecRound, Utc};
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use sha2::Sha256;

pub(crate) const FOLDER: &str = "application/vnd.google-apps.folder";
pub(crate) const SHORTCUT: &str = "application/vnd.google-apps.shortcut";
const GOOGLE_TYPES: &str = "application/vnd.google-apps.";

/// A file or folder; accounts are named by their lower-case key throughout.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) mime_type: String,
    pub(crate) description: Option<String>,
    pub(crate) owner: String,
    /// Drive files have had one parent at most since 2020; `None` is a root folder or an orphan.
    pub(crate) parent: Option<String>,
    /// Permissions given on this very file, the owner's excepted.
    pub(crate) grants: Vec<Grant>,
    pub(crate) content: Option<Content>,
    pub(crate) created: DateTime<Utc>,
    pub(crate) modified: DateTime<Utc>,
    pub(crate) modified_by: String,
    pub(crate) modified_by_account: BTreeMap<String, DateTime<Utc>>,
    pub(crate) viewed: BTreeMap<String, DateTime<Utc>>,
    pub(crate) starred: BTreeSet<String>,
    /// When the file itself (not a folder above) was put into the trash, and by whom.
    pub(crate) trashed: Option<(DateTime<Utc>, String)>,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) app_properties: BTreeMap<String, String>,
    pub(crate) version: u64,
    pub(crate) original_name: Option<String>,
    pub(crate) folder_color: Option<String>,
    pub(crate) writers_can_share: bool,
    pub(crate) copy_requires_writer: bool,
    pub(crate) shortcut_target: Option<String>,
}

impl File {
    /// Makes an empty, unshared file; times are cut to Drive's milliseconds.
    pub(crate) fn new(id: String, owner: &str, now: DateTime<Utc>) -> Self {
        let now = now.trunc_subsecs(3);
        Self {
            id,
            name: "Untitled".to_owned(),
            mime_type: "application/octet-stream".to_owned(),
            description: None,
            owner: owner.to_owned(),
            parent: None,
            grants: Vec::new(),
            content: None,
            created: now,
            modified: now,
            modified_by: owner.to_owned(),
            modified_by_account: BTreeMap::from([(owner.to_owned(), now)]),
            viewed: BTreeMap::from([(owner.to_owned(), now)]),
            starred: BTreeSet::new(),
            trashed: None,
            properties: BTreeMap::new(),
            app_properties: BTreeMap::new(),
            version: 1,
            original_name: None,
            folder_color: None,
            writers_can_share: true,
            copy_requires_writer: false,
            shortcut_target: None,
        }
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.mime_type == FOLDER
    }

    /// Folders, shortcuts and editors' documents have no bytes to download.
    pub(crate) fn is_google_type(&self) -> bool {
        self.mime_type.starts_with(GOOGLE_TYPES)
    }

    /// Returns the bytes that count against the owner's storage.
    pub(crate) fn size(&self) -> u64 {
        self.content
            .as_ref()
            .map_or(0, |content| content.bytes.len() as u64)
    }
}

/// Bytes with the sums that Drive reports.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Content {
    #[serde(with = "crate::blob")]
    pub(crate) bytes: Bytes,
    pub(crate) md5: String,
    pub(crate) sha1: String,
    pub(crate) sha256: String,
    /// Changes with every upload.
    pub(crate) revision: String,
}

impl Content {
    /// Hashes `bytes`; call it outside of the world's lock.
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self {
            md5: hex(&Md5::digest(&bytes)),
            sha1: hex(&Sha1::digest(&bytes)),
            sha256: hex(&Sha256::digest(&bytes)),
            revision: super::id::revision(),
            bytes,
        }
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Content")
            .field("bytes", &self.bytes.len())
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A permission for somebody other than the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// The same for one person on every file, as on Google.
    pub(crate) id: String,
    pub(crate) audience: Audience,
    pub(crate) role: Role,
    pub(crate) discoverable: bool,
    pub(crate) given: DateTime<Utc>,
    pub(crate) given_by: String,
}

/// To whom a permission applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Audience {
    /// Account key.
    User(String),
    /// Kept and shown; the emulator knows no memberships.
    Group(String),
    Domain(String),
    Anyone,
}

impl Audience {
    /// Returns whether the permission is meant for this very account.
    pub(crate) fn includes(&self, account: &str) -> bool {
        match self {
            Self::User(key) => key == account,
            Self::Domain(domain) => account
                .rsplit_once('@')
                .is_some_and(|(_, host)| host.eq_ignore_ascii_case(domain)),
            Self::Group(_) | Self::Anyone => false,
        }
    }
}

/// What a permission allows, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Reader,
    Commenter,
    Writer,
    Owner,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Commenter => "commenter",
            Self::Writer => "writer",
            Self::Owner => "owner",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Reader, Self::Commenter, Self::Writer, Self::Owner]
            .into_iter()
            .find(|role| role.name() == name)
    }
}
