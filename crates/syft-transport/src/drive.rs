//! The seam to a Drive: a tree of files of several owners who share folders.

use std::fmt;

use async_trait::async_trait;
use syft_state::{Email, Timestamp};
use tokio::io::AsyncWrite;

use crate::error::Result;

/// A Drive as one account sees it.
///
/// Implementers guarantee: names are compared exactly, never fuzzily; [`Entry::owner`]
/// comes from the server; what is not shared with the account is
/// [`Error::NotFound`](crate::Error::NotFound); a call ends within a bounded time.
#[async_trait]
pub trait Drive: fmt::Debug + Send + Sync + 'static {
    /// Returns the account that the credentials belong to, as the server says.
    async fn account(&self) -> Result<Email>;

    /// Returns one page of the entries that match `query`, and the token of the next page.
    async fn list(&self, query: &Query, page: Option<&PageToken>) -> Result<Page>;

    /// Returns one entry by id.
    async fn get(&self, id: &FileId) -> Result<Entry>;

    /// Returns everything that changed since the cursor, and with `None` only a cursor for now.
    ///
    /// One call when nothing changed. A refused cursor is
    /// [`Error::CursorExpired`](crate::Error::CursorExpired): list everything anew.
    async fn changes(&self, since: Option<&Cursor>) -> Result<Changes>;

    /// Writes the content of a file into `into` and returns its length in bytes.
    ///
    /// Stops with [`Error::TooLarge`](crate::Error::TooLarge) after `limit` bytes (T6).
    async fn read(
        &self,
        id: &FileId,
        limit: u64,
        into: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<u64>;

    /// Creates a file or folder; asking again with the same [`NewEntry::id`] cannot create a second one.
    async fn create(&self, entry: NewEntry) -> Result<Entry>;

    /// Moves an entry from one folder to another; its id stays.
    async fn relocate(&self, id: &FileId, from: &FileId, to: &FileId) -> Result<Entry>;

    /// Lets an account use an entry and everything below it; does nothing when it already may.
    async fn share(&self, id: &FileId, with: &Email, role: Role) -> Result<()>;

    /// Puts an entry of this account into the trash.
    async fn trash(&self, id: &FileId) -> Result<()>;
}

macro_rules! opaque {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the server's text.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Returns the server's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use opaque;

opaque! {
    /// The server's name of an entry, which never changes, whatever its name and folder.
    FileId
}
opaque! {
    /// Where the next page of a listing begins.
    PageToken
}
opaque! {
    /// A position in the change feed; it may be kept on disk.
    Cursor
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The entries, all of which match the query exactly.
    pub entries: Vec<Entry>,
    /// The token of the next page; a listing is complete only when there is none.
    pub next: Option<PageToken>,
}

/// What the change feed told.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Entries as they are now, the last state of each.
    pub entries: Vec<Entry>,
    /// Entries that this account can no longer see.
    pub removed: Vec<FileId>,
    /// Where to go on; keep it only after the rest is durably recorded.
    pub cursor: Cursor,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// Something with content.
    File,
    /// Something with entries below it.
    Folder,
}

/// A file or folder as the server describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its lasting name.
    pub id: FileId,
    /// Its name, chosen by its owner: hostile until parsed.
    pub name: String,
    /// File or folder.
    pub kind: EntryKind,
    /// The folders it is in, as far as this account may see them.
    pub parents: Vec<FileId>,
    /// Who owns it, from the server (T9); `None` where the server does not say.
    pub owner: Option<Email>,
    /// Length of the content in bytes, where the server says.
    pub size: Option<u64>,
    /// When it was created; its owner may have chosen the time.
    pub created: Timestamp,
    /// When its content last changed; its owner may have chosen the time.
    pub modified: Timestamp,
    /// Whether it is in the trash.
    pub trashed: bool,
}

/// How a name is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameMatch {
    /// The name is exactly this.
    Exact(String),
    /// The name begins with exactly this, case included.
    StartsWith(String),
}

impl NameMatch {
    fn accepts(&self, name: &str) -> bool {
        match self {
            Self::Exact(text) => name == text,
            Self::StartsWith(text) => name.starts_with(text),
        }
    }
}

/// Whose entries are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Those of the account itself.
    Me,
    /// Those of anybody else.
    NotMe,
    /// Those of one account.
    Account(Email),
}

/// In which order a listing comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the server likes.
    #[default]
    Any,
    /// By name, ascending.
    Name,
    /// By name, descending.
    NameDescending,
    /// Oldest first.
    Created,
}

/// Which entries are wanted: every field narrows, and entries in the trash never match.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The name matches one of these; any name, if empty.
    pub any_name: Vec<NameMatch>,
    /// It is in this folder.
    pub parent: Option<FileId>,
    /// It is of this kind.
    pub kind: Option<EntryKind>,
    /// It belongs to these.
    pub owner: Option<Owner>,
    /// It was created after this moment.
    pub created_after: Option<Timestamp>,
    /// The order.
    pub order: Order,
    /// At most so many entries a page; as many as the server gives, if `None`.
    pub page_size: Option<u32>,
}

impl Query {
    /// Returns whether a name matches; servers search fuzzily, so every answer goes through here.
    #[must_use]
    pub fn accepts_name(&self, name: &str) -> bool {
        self.any_name.is_empty() || self.any_name.iter().any(|wanted| wanted.accepts(name))
    }

    /// Returns whether an entry matches in every respect, for the account `me`.
    #[must_use]
    pub fn accepts(&self, entry: &Entry, me: &Email) -> bool {
        let owner_matches = match &self.owner {
            None => true,
            Some(Owner::Me) => entry.owner.as_ref() == Some(me),
            Some(Owner::NotMe) => entry.owner.as_ref() != Some(me),
            Some(Owner::Account(account)) => entry.owner.as_ref() == Some(account),
        };
        owner_matches
            && !entry.trashed
            && self.accepts_name(&entry.name)
            && self.kind.is_none_or(|kind| kind == entry.kind)
            && self
                .parent
                .as_ref()
                .is_none_or(|parent| entry.parents.contains(parent))
            && self.created_after.is_none_or(|time| entry.created > time)
    }
}

/// The content of a new entry.
#[derive(Clone, Debug)]
pub enum Content {
    /// It is a folder.
    Folder,
    /// It is a file with this content.
    Bytes(bytes::Bytes),
    /// It is a file with the content of this local file.
    File(std::path::PathBuf),
}

/// An entry to create.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// An id that the server made before, so that a repeated call cannot make a second entry.
    pub id: Option<FileId>,
    /// Its name.
    pub name: String,
    /// The folder it goes into; the account's root, if `None`.
    pub parent: Option<FileId>,
    /// Its content.
    pub content: Content,
}

/// What somebody may do with a shared entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// See it.
    Reader,
    /// See and change it, and put entries into it.
    Writer,
}
