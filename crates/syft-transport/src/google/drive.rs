//! Google Drive, version 3.

mod changes;
mod create;
mod download;
mod share;
mod upload;

use std::{
    fmt,
    ops::Range,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::json;
use syft_state::Email;
use tokio::{io::AsyncWrite, sync::OnceCell};

use super::{
    Tokens,
    api::Api,
    endpoints::below,
    entry::{FIELDS, File, User},
    query,
};
use crate::{
    drive::{Changes, Cursor, Drive, Entry, FileId, NewEntry, Page, PageToken, Query, Role},
    error::{Error, Result},
    http::{Budget, Meter, Operation, Request, Usage},
};

const ABOUT: Operation = Operation::new("drive.about.get", 5);
const LIST: Operation = Operation::new("drive.files.list", 100);
const GET: Operation = Operation::new("drive.files.get", 5);
const UPDATE: Operation = Operation::new("drive.files.update", 50);
/// The most entries that Drive puts on a page.
const MAX_PAGE: u32 = 1000;

/// Google Drive as one account sees it.
pub struct GoogleDrive {
    api: Api,
    drive: Url,
    upload: Url,
    account: OnceCell<Email>,
    spare_ids: Mutex<Vec<FileId>>,
}

impl GoogleDrive {
    /// Uses a token file, within a budget; must be called within a tokio runtime.
    #[must_use]
    pub fn new(tokens: &Arc<Tokens>, budget: Budget) -> Self {
        Self {
            api: Api {
                client: tokens.client().clone(),
                tokens: tokens.clone(),
                meter: Arc::new(Meter::new(budget)),
            },
            drive: tokens.endpoints().drive.clone(),
            upload: tokens.endpoints().drive_upload.clone(),
            account: OnceCell::new(),
            spare_ids: Mutex::default(),
        }
    }

    /// Returns what the calls to Drive have cost so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.api.meter.usage()
    }

    /// Makes sure that the token belongs to `expected`.
    ///
    /// A token of another account is [`Error::Unauthenticated`], which names the token file.
    pub async fn check_account(&self, expected: &Email) -> Result<()> {
        let account = self.account().await?;
        if account == *expected {
            return Ok(());
        }
        Err(self.api.tokens.belongs_to(&account, expected))
    }

    /// Writes some bytes of a file into `into` and returns their number; fewer at the end of the file.
    ///
    /// `range` counts bytes from 0 and holds its start but not its end.
    pub async fn read_range(
        &self,
        id: &FileId,
        range: Range<u64>,
        into: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<u64> {
        if range.is_empty() {
            return Ok(0);
        }
        let limit = range.end - range.start;
        self.download(id, range.start, Some(range.end), limit, into)
            .await
    }

    fn file(&self, operation: Operation, method: Method, id: &FileId) -> Request {
        let url = below(&self.drive, &["files", id.as_str()]);
        Request::new(operation, method, url).about(format!("file {id}"))
    }

    async fn entry(&self, request: &Request) -> Result<Entry> {
        self.api.json::<File>(request).await?.entry(&request.what)
    }

    /// Puts an entry into a folder and takes it out of others.
    async fn reparent(&self, id: &FileId, from: &[FileId], to: &FileId) -> Result<Entry> {
        let from: Vec<&str> = from.iter().map(FileId::as_str).collect();
        let from = from.join(",");
        let mut query = vec![
            ("addParents", to.as_str()),
            ("fields", FIELDS),
            ("supportsAllDrives", "true"),
        ];
        if !from.is_empty() {
            query.push(("removeParents", &from));
        }
        let request = self
            .file(UPDATE, Method::PATCH, id)
            .query(&query)
            .json(&json!({}));
        let entry = self.entry(&request).await?;
        if entry.parents.contains(to) {
            return Ok(entry);
        }
        Err(Error::Garbled {
            what: request.what,
            reason: format!("it was not moved into folder {to}"),
        })
    }
}

#[async_trait]
impl Drive for GoogleDrive {
    async fn account(&self) -> Result<Email> {
        let ask = || async {
            let url = below(&self.drive, &["about"]);
            let request =
                Request::new(ABOUT, Method::GET, url).query(&[("fields", "user(emailAddress)")]);
            let about: About = self.api.json(&request).await?;
            about.user.email().ok_or_else(|| Error::Garbled {
                what: ABOUT.name.to_owned(),
                reason: "the user has no e-mail address".to_owned(),
            })
        };
        self.account.get_or_try_init(ask).await.cloned()
    }

    async fn list(&self, query: &Query, page: Option<&PageToken>) -> Result<Page> {
        let me = self.account().await?;
        let search = query::search(query);
        let fields = format!("nextPageToken,incompleteSearch,files({FIELDS})");
        let size = query
            .page_size
            .unwrap_or(MAX_PAGE)
            .clamp(1, MAX_PAGE)
            .to_string();
        let mut pairs = vec![
            ("q", search.as_str()),
            ("fields", &fields),
            ("pageSize", &size),
        ];
        pairs.extend(query::order(query.order).map(|order| ("orderBy", order)));
        pairs.extend(page.map(|page| ("pageToken", page.as_str())));
        let request = Request::new(LIST, Method::GET, below(&self.drive, &["files"])).query(&pairs);
        match self.api.json::<FileList>(&request).await {
            Ok(list) => list.page(query, &me, page),
            // Drive says so of a folder that this account may not see: nothing in it is for us.
            Err(Error::NotFound { .. }) if query.parent.is_some() => Ok(Page::default()),
            Err(error) => Err(error),
        }
    }

    async fn get(&self, id: &FileId) -> Result<Entry> {
        self.entry(&self.file(GET, Method::GET, id).query(&[("fields", FIELDS)]))
            .await
    }

    async fn changes(&self, since: Option<&Cursor>) -> Result<Changes> {
        match since {
            None => self.changes_from_now().await,
            Some(cursor) => self.changes_since(cursor).await,
        }
    }

    async fn read(
        &self,
        id: &FileId,
        limit: u64,
        into: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<u64> {
        self.download(id, 0, None, limit, into).await
    }

    async fn create(&self, entry: NewEntry) -> Result<Entry> {
        self.create_entry(entry).await
    }

    async fn relocate(&self, id: &FileId, from: &FileId, to: &FileId) -> Result<Entry> {
        if from == to {
            return self.get(id).await;
        }
        self.reparent(id, std::slice::from_ref(from), to).await
    }

    async fn share(&self, id: &FileId, with: &Email, role: Role) -> Result<()> {
        self.share_entry(id, with, role).await
    }

    async fn trash(&self, id: &FileId) -> Result<()> {
        let request = self
            .file(UPDATE, Method::PATCH, id)
            .query(&[("fields", "id")]);
        self.api
            .done(&request.json(&json!({ "trashed": true })))
            .await
    }
}

impl fmt::Debug for GoogleDrive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoogleDrive")
            .field("drive", &self.drive.as_str())
            .field("account", &self.account.get())
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
struct About {
    user: User,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileList {
    next_page_token: Option<String>,
    #[serde(default)]
    incomplete_search: bool,
    files: Vec<File>,
}

impl FileList {
    /// Returns the page, without what Drive found and was not asked for.
    fn page(self, query: &Query, me: &Email, asked: Option<&PageToken>) -> Result<Page> {
        let what = LIST.name;
        if self.incomplete_search {
            // What is missing here must not be taken for deleted.
            return Err(Error::Unavailable {
                what: what.to_owned(),
                reason: "the search was not complete".to_owned(),
                source: None,
            });
        }
        let next = self.next_page_token.map(PageToken::new);
        if next.is_some() && next.as_ref() == asked {
            return Err(Error::Garbled {
                what: what.to_owned(),
                reason: "the page names itself as the next one".to_owned(),
            });
        }
        let mut entries = Vec::with_capacity(self.files.len());
        for file in self.files {
            let entry = file.entry(what)?;
            if query.accepts(&entry, me) {
                entries.push(entry);
            }
        }
        Ok(Page { entries, next })
    }
}

#[cfg(test)]
mod tests;
