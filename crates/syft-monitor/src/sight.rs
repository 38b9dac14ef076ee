//! Sorts what Drive lists into folders, messages and the peers file, trusting owners only.

use std::collections::BTreeMap;

use syft_state::{Email, Timestamp, ledger::FolderRecord};
use syft_transport::{Entry, EntryKind, FileId};

use crate::{
    layout::{self, MessageName, Ownership},
    peers_file,
};

/// What one look at Drive found, sorted.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// Folders that belong to whom their names say.
    pub folders: BTreeMap<FileId, FolderRecord>,
    /// Folders that are gone, in the trash, or no longer what they were.
    pub gone: Vec<FileId>,
    /// Messages in inboxes and archives, oldest first.
    pub messages: Vec<SeenMessage>,
    /// The newest peers file of this account.
    pub peers_file: Option<Entry>,
    /// Folders named like ours by somebody else (T9), as a line for the log.
    pub spoofed: Vec<String>,
}

/// A message of a peer, in a folder of that peer.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenMessage {
    /// The Drive file, whose id survives the move into the archive.
    pub id: FileId,
    /// Its name, whose time gives the order (T8).
    pub name: MessageName,
    /// Who sent it: the owner of the file, who is also the peer of the folder.
    pub peer: Email,
    /// Whether the data owner's client has processed it already.
    pub archived: bool,
    /// Its length in bytes, where Drive says.
    pub size: Option<u64>,
    /// When it was created.
    pub created: Timestamp,
}

/// What is known of the folders of earlier looks.
pub type Folders = BTreeMap<String, FolderRecord>;

/// The kind of an inbox in [`FolderRecord::kind`].
pub const INBOX: &str = "inbox";
/// The kind of an archive in [`FolderRecord::kind`].
pub const ARCHIVE: &str = "archive";
/// The kind of a folder that this account made for a peer, in [`FolderRecord::kind`].
pub const GRANTED: &str = "granted";

/// Sorts entries; folders first, because messages refer to them.
#[must_use]
pub fn sort(entries: &[Entry], me: &Email, known: &Folders) -> Sight {
    let mut sight = Sight::default();
    for entry in entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Folder)
    {
        sort_folder(entry, me, known, &mut sight);
    }
    for entry in entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::File && !entry.trashed)
    {
        if entry.name == peers_file::NAME {
            sort_peers_file(entry, me, &mut sight);
        } else if let Some(message) = as_message(entry, known, &sight) {
            sight.messages.push(message);
        }
    }
    sight
        .messages
        .sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    sight.messages.dedup_by(|a, b| a.id == b.id);
    sight
}

fn sort_folder(entry: &Entry, me: &Email, known: &Folders, sight: &mut Sight) {
    let record = (!entry.trashed)
        .then(|| verified(entry, me, &mut sight.spoofed))
        .flatten();
    match record {
        Some(record) => {
            sight.folders.insert(entry.id.clone(), record);
        }
        None if known.contains_key(entry.id.as_str()) => sight.gone.push(entry.id.clone()),
        None => {}
    }
}

fn verified(entry: &Entry, me: &Email, spoofed: &mut Vec<String>) -> Option<FolderRecord> {
    let folder = layout::parse_folder(&entry.name, me)?;
    match layout::verify(&folder, entry.owner.as_ref(), me) {
        Ownership::Verified => Some(FolderRecord::new(
            folder.peer,
            folder.kind.as_str(),
            folder.generation.to_string(),
        )),
        Ownership::Spoofed { owner } => {
            spoofed.push(format!(
                "folder {} is named like one of {} but belongs to {owner}: it is ignored",
                entry.id, folder.peer
            ));
            None
        }
        // T26: in a folder that is mine I am the data scientist.
        Ownership::Mine | Ownership::Unknown => None,
    }
}

fn sort_peers_file(entry: &Entry, me: &Email, sight: &mut Sight) {
    let is_newer = sight
        .peers_file
        .as_ref()
        .is_none_or(|old| old.modified < entry.modified);
    if entry.owner.as_ref() == Some(me) && is_newer {
        sight.peers_file = Some(entry.clone());
    }
}

fn as_message(entry: &Entry, known: &Folders, sight: &Sight) -> Option<SeenMessage> {
    let name = layout::recognise_message_name(&entry.name)?;
    let folder = entry.parents.iter().find_map(|parent| {
        let record = sight
            .folders
            .get(parent)
            .or_else(|| known.get(parent.as_str()))?;
        (record.kind == INBOX || record.kind == ARCHIVE).then_some(record)
    })?;
    // T9: a file that somebody else put into the folder is not this peer's word.
    (entry.owner.as_ref() == Some(&folder.peer)).then(|| SeenMessage {
        id: entry.id.clone(),
        name,
        peer: folder.peer.clone(),
        archived: folder.kind == ARCHIVE,
        size: entry.size,
        created: entry.created,
    })
}
