//! A receiver of one's own beside the mails: every event becomes a line of a file.
//!
//! A sink is a [`Mailer`] that gets each event once, whoever gets the mails, with the event as data.
//! It keeps the contract of mailers: this one promises [`Promise::ExactlyOnce`], so it drops a line
//! that it has written already.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, io, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use syft_monitor::{
    NotificationMonitor, Template,
    fixtures::{Layout, SampleClient, SampleJob},
};
use syft_state::{Email, fs};
use syft_transport::{DraftId, LocalDrive, LocalMailer, Mail, MailId, Mailer, Promise, Result};

/// Appends a JSON object for each event to a file.
#[derive(Debug)]
struct Trail {
    path: PathBuf,
}

#[async_trait]
impl Mailer for Trail {
    fn promise(&self) -> Promise {
        Promise::ExactlyOnce
    }

    /// A file needs no draft.
    async fn stage(&self, _mail: &Mail) -> Result<Option<DraftId>> {
        Ok(None)
    }

    async fn send(&self, mail: &Mail, _draft: Option<&DraftId>) -> Result<MailId> {
        let id = mail.message_id.as_str();
        let about = mail.about.as_ref();
        let line = serde_json::json!({
            "id": id,
            "at": mail.date,
            "event": about.map(|about| about.event.as_str()),
            "data": about.map(|about| &about.data),
        });
        self.append(id, &line.to_string())
            .map_err(|source| syft_transport::Error::Local {
                path: self.path.clone(),
                source,
            })?;
        Ok(MailId::new(id))
    }
}

impl Trail {
    /// Adds a line, unless an interrupted call of before has added it.
    fn append(&self, id: &str, line: &str) -> io::Result<()> {
        let mut text = match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text?,
        };
        if !text.contains(id) {
            text.push_str(line);
            text.push('\n');
            fs::write_atomic(&self.path, text.as_bytes(), 0o600).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let (hub, trail) = (dir.path().join("hub"), dir.path().join("trail.jsonl"));
    let me: Email = "owner@clinic.example".parse()?;
    let sink = Trail {
        path: trail.clone(),
    };
    let mut monitor = NotificationMonitor::builder(
        me.clone(),
        &dir.path().join("SyftBox"),
        &dir.path().join("notification_state.json"),
        Arc::new(LocalMailer::open(&hub, me.clone())?),
    )
    .drive(Arc::new(LocalDrive::open(&hub, me.clone())?))
    .sink("trail", Arc::new(sink), &Template::EVENTS)
    .notify_existing()
    .build();

    let drive = Arc::new(LocalDrive::open(&hub, "ada@uni.example".parse()?)?);
    let job = SampleJob::bash(Layout::W4, me.as_str(), "ada@uni.example", "count rows");
    SampleClient::new(drive).submit(&job).await?;

    monitor.run_once().await?;
    println!("the trail has:");
    print!("{}", std::fs::read_to_string(&trail)?);
    println!("and the mails go as before:");
    for inbox in [me.as_str(), "ada@uni.example"] {
        let mails = std::fs::read_dir(hub.join("mail").join(inbox))?.count();
        println!("{inbox} has {mails}");
    }
    Ok(())
}
