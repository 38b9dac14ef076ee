//! Drive's file resource.

use serde::Deserialize;
use syft_state::{Email, Timestamp};

use super::query::FOLDER;
use crate::{
    drive::{Entry, EntryKind, FileId},
    error::{Error, Result},
};

/// The fields we ask for; Drive sends hardly any without being asked.
pub(super) const FIELDS: &str =
    "id,name,mimeType,parents,owners(emailAddress),size,createdTime,modifiedTime,trashed";

/// A file as Drive describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct File {
    pub(super) id: Option<String>,
    name: Option<String>,
    mime_type: Option<String>,
    #[serde(default)]
    parents: Vec<String>,
    #[serde(default)]
    owners: Vec<User>,
    size: Option<String>,
    created_time: Option<String>,
    modified_time: Option<String>,
    #[serde(default)]
    trashed: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) email_address: Option<String>,
}

impl User {
    pub(super) fn email(&self) -> Option<Email> {
        self.email_address.as_deref()?.parse().ok()
    }
}

impl File {
    /// Returns the entry; `what` names the call.
    pub(super) fn entry(self, what: &str) -> Result<Entry> {
        let missing = |field: &str| Error::Garbled {
            what: what.to_owned(),
            reason: format!("a file has no {field}"),
        };
        let kind = match self.mime_type.ok_or_else(|| missing("mimeType"))?.as_str() {
            FOLDER => EntryKind::Folder,
            _ => EntryKind::File,
        };
        Ok(Entry {
            id: FileId::new(self.id.ok_or_else(|| missing("id"))?),
            name: self.name.ok_or_else(|| missing("name"))?,
            kind,
            parents: self.parents.into_iter().map(FileId::new).collect(),
            owner: self.owners.first().and_then(User::email),
            size: self.size.and_then(|size| size.parse().ok()),
            created: time(self.created_time.as_deref()),
            modified: time(self.modified_time.as_deref()),
            trashed: self.trashed,
        })
    }
}

/// A time that its owner may have chosen must not keep us from the rest of the answer.
fn time(text: Option<&str>) -> Timestamp {
    text.and_then(|text| text.parse().ok())
        .unwrap_or(Timestamp::EPOCH)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(file: serde_json::Value) -> Result<Entry> {
        serde_json::from_value::<File>(file)
            .unwrap()
            .entry("a call")
    }

    #[test]
    fn every_field_is_read() {
        let entry = entry(json!({
            "id": "1A", "name": "msgv2_1.0_x.tar.gz", "mimeType": "application/octet-stream",
            "parents": ["P"], "owners": [{"emailAddress": "O'Brien@example.org"}], "size": "12",
            "createdTime": "2026-11-21T10:26:53.442Z", "modifiedTime": "2026-11-21T10:26:54.000Z",
            "trashed": true,
        }))
        .unwrap();
        assert_eq!(entry.kind, EntryKind::File);
        assert_eq!(entry.parents, [FileId::new("P")]);
        assert_eq!(entry.owner, Some("o'brien@example.org".parse().unwrap()));
        assert_eq!(entry.size, Some(12));
        assert_eq!(entry.created, "2026-11-21T10:26:53.442Z".parse().unwrap());
        assert!(entry.trashed);
    }

    #[test]
    fn what_a_stranger_can_choose_does_not_spoil_an_answer() {
        let entry = entry(json!({
            "id": "1A", "name": "x\n\u{202e}y", "mimeType": FOLDER,
            "owners": [{"emailAddress": "no address"}], "createdTime": "99999-01-01T00:00:00Z",
        }))
        .unwrap();
        assert_eq!(entry.kind, EntryKind::Folder);
        assert_eq!((entry.owner, entry.size), (None, None));
        assert_eq!(entry.created, Timestamp::EPOCH);
    }

    #[test]
    fn a_file_without_an_id_is_no_file() {
        let error = entry(json!({"name": "x", "mimeType": FOLDER})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the answer to a call makes no sense: a file has no id"
        );
    }
}
