//! Plays the clients of the two sides: what `syft-client` does on Drive, over any [`Drive`].

use std::sync::Arc;

use syft_monitor::{fixtures::SampleJob, peers_file};
use syft_state::Email;
use syft_transport::{
    Content, Drive, Entry, EntryKind, FileId, NameMatch, NewEntry, Owner, Query, Role,
};

/// One account's client.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The account's Drive.
    pub drive: Arc<dyn Drive>,
}

impl Clients {
    /// Plays a client on this Drive.
    #[must_use]
    pub fn new(drive: Arc<dyn Drive>) -> Self {
        Self { drive }
    }

    /// As a data scientist: creates the inbox folder for a data owner and shares it.
    pub async fn add_peer(&self, job: &SampleJob) -> FileId {
        if let Some(folder) = self.find(&job.folder_name(), Owner::Me).await {
            return folder.id;
        }
        let folder = self.create(&job.folder_name(), None, Content::Folder).await;
        self.drive
            .share(&folder.id, &job.data_owner, Role::Writer)
            .await
            .unwrap();
        folder.id
    }

    /// As a data scientist: uploads the message of a job.
    pub async fn submit(&self, job: &SampleJob) -> FileId {
        self.submit_bytes(job, &job.message_name(), job.message())
            .await
    }

    /// As a data scientist: uploads anything under any name into the inbox folder.
    pub async fn submit_bytes(&self, job: &SampleJob, name: &str, bytes: Vec<u8>) -> FileId {
        let folder = self.add_peer(job).await;
        self.create(name, Some(folder), Content::Bytes(bytes.into()))
            .await
            .id
    }

    /// As the data owner: moves a message into the archive folder, as a sync does.
    pub async fn archive(&self, job: &SampleJob, message: &FileId) {
        let archive = match self.find(&job.archive_name(), Owner::Me).await {
            Some(folder) => folder,
            None => {
                self.create(&job.archive_name(), None, Content::Folder)
                    .await
            }
        };
        let inbox = self.find(&job.folder_name(), Owner::NotMe).await.unwrap();
        self.drive
            .relocate(message, &inbox.id, &archive.id)
            .await
            .unwrap();
    }

    /// As the data owner: writes the peers file anew with these as accepted.
    pub async fn accept(&self, accepted: &[&Email]) {
        if let Some(old) = self.find(peers_file::NAME, Owner::Me).await {
            self.drive.trash(&old.id).await.unwrap();
        }
        let peers: serde_json::Map<_, _> = accepted
            .iter()
            .map(|ds| (ds.to_string(), serde_json::json!({"state": "accepted"})))
            .collect();
        let text = serde_json::to_vec(&peers).unwrap();
        self.create(peers_file::NAME, None, Content::Bytes(text.into()))
            .await;
    }

    /// Creates anything.
    pub async fn create(&self, name: &str, parent: Option<FileId>, content: Content) -> Entry {
        let entry = NewEntry {
            id: None,
            name: name.to_owned(),
            parent,
            content,
        };
        self.drive.create(entry).await.unwrap()
    }

    async fn find(&self, name: &str, owner: Owner) -> Option<Entry> {
        let query = Query {
            any_name: vec![NameMatch::Exact(name.to_owned())],
            owner: Some(owner),
            ..Query::default()
        };
        let page = self.drive.list(&query, None).await.unwrap();
        page.entries
            .into_iter()
            .find(|entry| entry.kind == EntryKind::Folder || entry.name == peers_file::NAME)
    }
}
