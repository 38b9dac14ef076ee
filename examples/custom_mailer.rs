//! A mailer of one's own: instead of mail, a Markdown file for each notification.
//!
//! The contract is that of [`Mailer`]: this one promises [`Promise::ExactlyOnce`], so sending a
//! mail again must not deliver it twice. The name of its file sees to that.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use syft_monitor::{
    NotificationMonitor,
    fixtures::{Layout, SampleClient, SampleJob},
};
use syft_state::{Email, fs};
use syft_transport::{DraftId, LocalDrive, Mail, MailId, Mailer, Promise, Result};

/// Writes `{message id}.md` into a directory.
#[derive(Debug)]
struct MarkdownMailer {
    directory: PathBuf,
}

#[async_trait]
impl Mailer for MarkdownMailer {
    fn promise(&self) -> Promise {
        Promise::ExactlyOnce
    }

    /// A file needs no draft: writing it again changes nothing.
    async fn stage(&self, _mail: &Mail) -> Result<Option<DraftId>> {
        Ok(None)
    }

    async fn send(&self, mail: &Mail, _draft: Option<&DraftId>) -> Result<MailId> {
        let name = format!("{}.md", mail.message_id);
        let text = format!(
            "# {}\n\nTo {} on {}\n\n```text\n{}\n```\n",
            mail.subject,
            mail.to,
            mail.date,
            mail.text.trim_end()
        );
        let path = self.directory.join(&name);
        fs::write_atomic(&path, text.as_bytes(), 0o600).map_err(|error| {
            syft_transport::Error::Local {
                path,
                source: std::io::Error::other(error),
            }
        })?;
        Ok(MailId::new(name))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let (hub, notes) = (dir.path().join("hub"), dir.path().join("notes"));
    std::fs::create_dir(&notes)?;
    let me: Email = "owner@clinic.example".parse()?;
    let mailer = MarkdownMailer {
        directory: notes.clone(),
    };
    let mut monitor = NotificationMonitor::builder(
        me.clone(),
        &dir.path().join("SyftBox"),
        &dir.path().join("notification_state.json"),
        Arc::new(mailer),
    )
    .drive(Arc::new(LocalDrive::open(&hub, me.clone())?))
    .notify_existing()
    .build();

    let drive = Arc::new(LocalDrive::open(&hub, "ada@uni.example".parse()?)?);
    let job = SampleJob::bash(Layout::W4, me.as_str(), "ada@uni.example", "count rows");
    SampleClient::new(drive).submit(&job).await?;

    let round = monitor.run_once().await?;
    println!("{} notifications were written", round.sent.len());
    for sent in &round.sent {
        println!("\n{}", "=".repeat(72));
        let note = notes.join(format!("{}.md", sent.message_id));
        println!("{}", std::fs::read_to_string(note)?);
    }
    Ok(())
}
