//! Looks at Drive: one call when nothing happened, two lists when everything is to be seen.

use std::time::Duration;

use syft_state::{Email, Timestamp};
use syft_transport::{
    Cursor, Drive, Entry, EntryKind, Error, FileId, NameMatch, Order, Owner, Query, Result,
};

use crate::{
    layout::{ARCHIVE_PREFIX, MESSAGE_PREFIX},
    peers_file,
    sight::{self, Folders, INBOX, Sight},
};

/// A listing longer than this many pages is not ours: at 100 entries a page it is a million files.
const MAX_PAGES: usize = 10_000;
/// So many new folders are listed one by one; more are cheaper to find in one list of everything.
const MAX_SINGLE_LISTINGS: usize = 3;
/// How far a bounded list reaches back behind the last complete one, for late indexing.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// How to look.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Only at what changed since the cursor.
    Changes(Cursor),
    /// At everything; the cursor, if there is one, also tells what went away meanwhile.
    Everything {
        /// Where the change feed was left.
        cursor: Option<Cursor>,
        /// When everything was last seen; `None` lists messages of any age.
        since: Option<Timestamp>,
    },
}

/// The outcome of a look.
#[derive(Clone, Debug)]
pub struct Look {
    /// What there was.
    pub sight: Sight,
    /// Where to go on.
    pub cursor: Cursor,
    /// Whether everything was looked at.
    pub complete: bool,
}

/// Looks at Drive as planned; a cursor that Drive refuses turns the plan into `Everything`.
///
/// # Errors
/// Whatever Drive answers: then nothing is known, and nothing may be concluded.
pub async fn look(drive: &dyn Drive, me: &Email, known: &Folders, plan: Plan) -> Result<Look> {
    match plan {
        Plan::Changes(cursor) => match look_at_changes(drive, me, known, &cursor).await {
            Err(Error::CursorExpired) => look_at_everything(drive, me, known, None, None).await,
            outcome => outcome,
        },
        Plan::Everything { cursor, since } => {
            look_at_everything(drive, me, known, cursor, since).await
        }
    }
}

async fn look_at_changes(
    drive: &dyn Drive,
    me: &Email,
    known: &Folders,
    since: &Cursor,
) -> Result<Look> {
    let changes = drive.changes(Some(since)).await?;
    let mut entries = changes.entries;
    let new = new_inboxes(&sight::sort(&entries, me, known), known);
    entries.extend(list_messages_of(drive, &new).await?);
    let mut sight = sight::sort(&entries, me, known);
    sight.gone.extend(changes.removed);
    Ok(Look {
        sight,
        cursor: changes.cursor,
        complete: false,
    })
}

async fn look_at_everything(
    drive: &dyn Drive,
    me: &Email,
    known: &Folders,
    cursor: Option<Cursor>,
    since: Option<Timestamp>,
) -> Result<Look> {
    // The feed's position is taken before the lists, so that nothing falls between them.
    let changes = match &cursor {
        None => drive.changes(None).await?,
        Some(cursor) => match drive.changes(Some(cursor)).await {
            Err(Error::CursorExpired) => drive.changes(None).await?,
            outcome => outcome?,
        },
    };
    let mut entries = changes.entries;
    entries.extend(list_all(drive, &folder_query()).await?);
    let new = new_inboxes(&sight::sort(&entries, me, known), known);
    let since = since.filter(|_| new.len() <= MAX_SINGLE_LISTINGS);
    entries.extend(list_all(drive, &message_query(None, since)).await?);
    if since.is_some() {
        entries.extend(list_messages_of(drive, &new).await?);
    }
    let mut sight = sight::sort(&entries, me, known);
    sight.gone.extend(changes.removed);
    Ok(Look {
        sight,
        cursor: changes.cursor,
        complete: true,
    })
}

/// Returns inboxes never seen before: their files may be older than the sharing of the folder.
fn new_inboxes(sight: &Sight, known: &Folders) -> Vec<FileId> {
    let is_new = |id: &FileId| !known.contains_key(id.as_str());
    sight
        .folders
        .iter()
        .filter(|(id, record)| record.kind == INBOX && is_new(id))
        .map(|(id, _)| id.clone())
        .collect()
}

async fn list_messages_of(drive: &dyn Drive, folders: &[FileId]) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for folder in folders {
        entries.extend(list_all(drive, &message_query(Some(folder.clone()), None)).await?);
    }
    Ok(entries)
}

/// T1: all names begin alike, so one query finds the folders of all generations and the archives; the peers file comes along.
fn folder_query() -> Query {
    Query {
        any_name: vec![
            NameMatch::StartsWith(ARCHIVE_PREFIX.to_owned()),
            NameMatch::Exact(peers_file::NAME.to_owned()),
        ],
        ..Query::default()
    }
}

fn message_query(parent: Option<FileId>, since: Option<Timestamp>) -> Query {
    Query {
        any_name: vec![NameMatch::StartsWith(MESSAGE_PREFIX.to_owned())],
        parent,
        kind: Some(EntryKind::File),
        owner: Some(Owner::NotMe),
        created_after: since.map(|time| time.before(OVERLAP)),
        order: Order::Any,
        page_size: None,
    }
}

/// T4: a list is complete only when no further page is offered.
async fn list_all(drive: &dyn Drive, query: &Query) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut next = None;
    for _ in 0..MAX_PAGES {
        let page = drive.list(query, next.as_ref()).await?;
        entries.extend(page.entries);
        if page.next.is_none() {
            return Ok(entries);
        }
        if page.next == next {
            break;
        }
        next = page.next;
    }
    Err(Error::Garbled {
        what: "the list of files".to_owned(),
        reason: "its pages do not end".to_owned(),
    })
}
