use std::{path::PathBuf, sync::PoisonError};

use bytes::{Bytes, BytesMut};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::{
    super::{
        endpoints::below,
        entry::{FIELDS, File},
        query::FOLDER,
    },
    GET, GoogleDrive,
    upload::Upload,
};
use crate::{
    drive::{Content, Drive as _, Entry, EntryKind, FileId, NewEntry},
    error::{Error, Result},
    http::{Operation, Request},
};

pub(super) const CREATE: Operation = Operation::new("drive.files.create", 50);
const GENERATE_IDS: Operation = Operation::new("drive.files.generateIds", 5);
pub(super) const OCTETS: &str = "application/octet-stream";
/// Google takes no more than this in one request with metadata.
const MULTIPART_LIMIT: u64 = 5 << 20;

impl GoogleDrive {
    /// Returns an id for [`NewEntry::id`], so that a creation can be repeated after any error.
    pub async fn new_id(&self) -> Result<FileId> {
        let spare = |taken: Vec<FileId>| {
            let mut ids = self
                .spare_ids
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            ids.extend(taken);
            ids.pop()
        };
        if let Some(id) = spare(Vec::new()) {
            return Ok(id);
        }
        let query = [
            ("count", "10"),
            ("space", "drive"),
            ("type", "files"),
            ("fields", "ids"),
        ];
        let url = below(&self.drive, &["files", "generateIds"]);
        let request = Request::new(GENERATE_IDS, Method::GET, url).query(&query);
        let generated: GeneratedIds = self.api.json(&request).await?;
        let ids = generated.ids.into_iter().map(FileId::new).collect();
        spare(ids).ok_or_else(|| Error::Garbled {
            what: GENERATE_IDS.name.to_owned(),
            reason: "it holds no id".to_owned(),
        })
    }

    pub(super) async fn create_entry(&self, entry: NewEntry) -> Result<Entry> {
        let id = match &entry.id {
            Some(id) => id.clone(),
            None => self.new_id().await?,
        };
        let (source, kind) = match entry.content {
            Content::Folder => (None, EntryKind::Folder),
            Content::Bytes(bytes) => (Some(Source::Bytes(bytes)), EntryKind::File),
            Content::File(path) => (Some(Source::open(path).await?), EntryKind::File),
        };
        let mut metadata = json!({ "id": id.as_str(), "name": entry.name });
        metadata["mimeType"] = if kind == EntryKind::Folder {
            FOLDER
        } else {
            OCTETS
        }
        .into();
        if let Some(parent) = &entry.parent {
            metadata["parents"] = json!([parent.as_str()]);
        }
        let length = source.as_ref().map(Source::length);
        let created = match source {
            None => self.create_folder(&metadata).await,
            Some(source) if source.length() < MULTIPART_LIMIT => {
                let content = source.slice(0, source.length()).await?;
                self.create_file(&metadata, &content).await
            }
            Some(source) => Upload::new(self, &metadata, &source).run().await,
        };
        let created = match created {
            Ok(file) => file.entry(CREATE.name)?,
            Err(Error::AlreadyExists { .. }) => self.created_before(&id, &entry.name, kind).await?,
            Err(error) => return Err(error),
        };
        check_size(&created, length)?;
        self.put_right(created, entry.parent.as_ref()).await
    }

    async fn create_folder(&self, metadata: &Value) -> Result<File> {
        let url = below(&self.drive, &["files"]);
        let request = Request::new(CREATE, Method::POST, url).query(&[("fields", FIELDS)]);
        self.api.json(&request.json(metadata)).await
    }

    /// Sends metadata and content in one `multipart/related` body.
    async fn create_file(&self, metadata: &Value, content: &Bytes) -> Result<File> {
        let boundary = format!("syftbox-{}", uuid::Uuid::new_v4().simple());
        let mut body = BytesMut::new();
        let head = format!(
            "--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{metadata}\r\n\
             --{boundary}\r\nContent-Type: {OCTETS}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let url = below(&self.upload, &["files"]);
        let request = Request::new(CREATE, Method::POST, url)
            .query(&[("uploadType", "multipart"), ("fields", FIELDS)])
            .body(
                &format!("multipart/related; boundary={boundary}"),
                body.freeze(),
            );
        self.api.json(&request).await
    }

    /// Returns what an earlier attempt, whose answer was lost, has created.
    async fn created_before(&self, id: &FileId, name: &str, kind: EntryKind) -> Result<Entry> {
        let taken = || Error::AlreadyExists {
            what: format!("file {id}"),
        };
        match self.get(id).await {
            Ok(entry) if entry.name == name && entry.kind == kind => Ok(entry),
            Ok(_) | Err(Error::NotFound { .. }) => Err(taken()),
            Err(error) => Err(error),
        }
    }

    /// Drive sometimes drops a new file into the root instead of its folder (notify.md §1.2).
    async fn put_right(&self, entry: Entry, parent: Option<&FileId>) -> Result<Entry> {
        match parent {
            // The root has a second name, which no answer uses.
            Some(parent) if parent.as_str() != "root" && !entry.parents.contains(parent) => {
                self.reparent(&entry.id, &entry.parents, parent).await
            }
            _ => Ok(entry),
        }
    }
}

/// A file that arrived in part must not count as uploaded.
fn check_size(entry: &Entry, length: Option<u64>) -> Result<()> {
    match (entry.size, length) {
        (Some(size), Some(length)) if size != length => Err(Error::Garbled {
            what: format!("{} for file {}", GET.name, entry.id),
            reason: format!("it holds {size} bytes instead of {length}"),
        }),
        _ => Ok(()),
    }
}

#[derive(Debug, Deserialize)]
struct GeneratedIds {
    #[serde(default)]
    ids: Vec<String>,
}

/// The content of a new file.
#[derive(Debug)]
pub(super) enum Source {
    Bytes(Bytes),
    File { path: PathBuf, length: u64 },
}

impl Source {
    async fn open(path: PathBuf) -> Result<Self> {
        match tokio::fs::metadata(&path).await {
            Ok(metadata) => Ok(Self::File {
                path,
                length: metadata.len(),
            }),
            Err(source) => Err(Error::Local { path, source }),
        }
    }

    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }

    /// Returns `length` bytes from `start`, which the content must have.
    pub(super) async fn slice(&self, start: u64, length: u64) -> Result<Bytes> {
        match self {
            Self::Bytes(bytes) => {
                let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
                Ok(bytes.slice(place(start)..place(start + length)))
            }
            Self::File { path, .. } => {
                let read = async {
                    let mut file = tokio::fs::File::open(path).await?;
                    file.seek(std::io::SeekFrom::Start(start)).await?;
                    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
                    file.read_exact(&mut bytes).await?;
                    Ok(bytes.into())
                };
                read.await.map_err(|source| Error::Local {
                    path: path.clone(),
                    source,
                })
            }
        }
    }
}
