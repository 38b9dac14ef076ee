use std::collections::HashMap;

use reqwest::Method;
use serde::Deserialize;

use super::{
    super::{
        endpoints::below,
        entry::{FIELDS, File},
    },
    GoogleDrive,
};
use crate::{
    drive::{Changes, Cursor, Entry, FileId},
    error::{Error, Result},
    http::{Operation, Request},
};

const CHANGES: Operation = Operation::new("drive.changes.list", 100);
const START: Operation = Operation::new("drive.changes.getStartPageToken", 5);
/// After so many pages the rest is left to the next call, from where this one ended.
const MAX_PAGES: usize = 50;

impl GoogleDrive {
    pub(super) async fn changes_from_now(&self) -> Result<Changes> {
        let url = below(&self.drive, &["changes", "startPageToken"]);
        let request = Request::new(START, Method::GET, url).query(&[("fields", "startPageToken")]);
        let start: StartPageToken = self.api.json(&request).await?;
        Ok(Changes {
            entries: Vec::new(),
            removed: Vec::new(),
            cursor: Cursor::new(start.start_page_token),
        })
    }

    pub(super) async fn changes_since(&self, cursor: &Cursor) -> Result<Changes> {
        let mut latest = Latest::default();
        let mut token = cursor.as_str().to_owned();
        for _ in 0..MAX_PAGES {
            let page = self.page_of_changes(&token).await?;
            for change in page.changes {
                latest.add(change)?;
            }
            match (page.next_page_token, page.new_start_page_token) {
                (Some(next), _) if next == token => {
                    return Err(garbled("the page names itself as the next one"));
                }
                (Some(next), _) => token = next,
                (None, Some(start)) => return Ok(latest.changes(start)),
                (None, None) => return Err(garbled("the last page does not say where to go on")),
            }
        }
        Ok(latest.changes(token))
    }

    async fn page_of_changes(&self, token: &str) -> Result<ChangeList> {
        let fields =
            format!("nextPageToken,newStartPageToken,changes(fileId,removed,file({FIELDS}))");
        let query = [
            ("pageToken", token),
            ("pageSize", "1000"),
            ("includeRemoved", "true"),
            ("fields", &fields),
        ];
        let url = below(&self.drive, &["changes"]);
        let result = self
            .api
            .json(&Request::new(CHANGES, Method::GET, url).query(&query))
            .await;
        // The documentation promises that tokens last; should one be refused all the same, as
        // that of another account is, only listing everything anew can help.
        result.map_err(|error| match error {
            Error::NotFound { .. } | Error::Rejected { .. } => Error::CursorExpired,
            error => error,
        })
    }
}

fn garbled(reason: &str) -> Error {
    Error::Garbled {
        what: CHANGES.name.to_owned(),
        reason: reason.to_owned(),
    }
}

/// The last state of everything that changed, in the order of its first change.
#[derive(Default)]
struct Latest {
    order: Vec<FileId>,
    state: HashMap<FileId, Option<Entry>>,
}

impl Latest {
    fn add(&mut self, change: Change) -> Result<()> {
        // Changes of shared drives as a whole have no file.
        let Some(id) = change.file_id.map(FileId::new) else {
            return Ok(());
        };
        let entry = match change.file {
            Some(file) if !change.removed => Some(file.entry(CHANGES.name)?),
            _ => None,
        };
        if self.state.insert(id.clone(), entry).is_none() {
            self.order.push(id);
        }
        Ok(())
    }

    fn changes(mut self, cursor: String) -> Changes {
        let mut changes = Changes {
            entries: Vec::new(),
            removed: Vec::new(),
            cursor: Cursor::new(cursor),
        };
        for id in self.order {
            match self.state.remove(&id).flatten() {
                Some(entry) => changes.entries.push(entry),
                None => changes.removed.push(id),
            }
        }
        changes
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartPageToken {
    start_page_token: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangeList {
    next_page_token: Option<String>,
    new_start_page_token: Option<String>,
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    file_id: Option<String>,
    #[serde(default)]
    removed: bool,
    file: Option<File>,
}
