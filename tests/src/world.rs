//! A hub directory, a data owner's SyftBox, and a monitor between them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mail_parser::MessageParser;
use syft_monitor::{Builder, NotificationMonitor, Round};
use syft_state::{Email, ledger::Ledger, ledger::State};
use syft_transport::{LocalDrive, LocalMailer};
use tempfile::TempDir;

use syft_monitor::fixtures::SampleClient;

/// The data owner of every world.
pub const OWNER: &str = "do@example.org";

/// A world without an account.
#[derive(Debug)]
pub struct World {
    dir: TempDir,
    /// The monitor of the data owner.
    pub monitor: NotificationMonitor,
}

/// A mail as it lies in an inbox.
#[derive(Clone, Debug)]
pub struct Received {
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// The `In-Reply-To`, without angle brackets.
    pub in_reply_to: Option<String>,
    /// The `Message-ID`, without angle brackets.
    pub message_id: String,
}

impl World {
    /// Makes an empty world whose data owner has a SyftBox.
    #[must_use]
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// Makes an empty world with a monitor of another kind.
    #[must_use]
    pub fn with(change: impl FnOnce(Builder) -> Builder) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("SyftBox").join(OWNER)).unwrap();
        let monitor = change(builder(dir.path())).build();
        Self { dir, monitor }
    }

    /// Starts the monitor anew, as after a restart of the program.
    pub fn restart(&mut self) {
        self.restart_with(|builder| builder);
    }

    /// Starts another kind of monitor on the same files.
    pub fn restart_with(&mut self, change: impl FnOnce(Builder) -> Builder) {
        self.monitor = change(builder(self.dir.path())).build();
    }

    /// Returns the Drive of an account.
    #[must_use]
    pub fn client(&self, account: &str) -> SampleClient {
        let account = account.parse().unwrap();
        SampleClient::new(Arc::new(
            LocalDrive::open(&self.dir.path().join("hub"), account).unwrap(),
        ))
    }

    /// Returns the directory of the data owner's datasite.
    #[must_use]
    pub fn datasite(&self) -> PathBuf {
        self.dir.path().join("SyftBox").join(OWNER)
    }

    /// Returns the ledger file.
    #[must_use]
    pub fn ledger_path(&self) -> PathBuf {
        ledger_path(self.dir.path())
    }

    /// Reads the ledger.
    #[must_use]
    pub fn state(&self) -> State {
        Ledger::read(&self.ledger_path()).unwrap()
    }

    /// Looks once; any trouble fails the test.
    pub async fn look(&mut self) -> Round {
        let round = self.monitor.run_once().await.unwrap();
        assert!(round.trouble.is_empty(), "{:?}", round.trouble);
        round
    }

    /// Looks once and returns the mails that were sent, as `recipient: subject`, sorted.
    pub async fn mails(&mut self) -> Vec<String> {
        let round = self.look().await;
        let mut mails: Vec<String> = round
            .sent
            .iter()
            .map(|mail| format!("{}: {}", mail.to, mail.subject))
            .collect();
        mails.sort();
        mails
    }

    /// Returns what lies in an inbox.
    #[must_use]
    pub fn inbox(&self, account: &str) -> Vec<Received> {
        let account: Email = account.parse().unwrap();
        let inbox = self.dir.path().join("hub").join("mail").join(account.key());
        let Ok(files) = std::fs::read_dir(inbox) else {
            return Vec::new();
        };
        files
            .map(|file| parse(&std::fs::read(file.unwrap().path()).unwrap()))
            .collect()
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

fn ledger_path(dir: &Path) -> PathBuf {
    dir.join("notification_state.json")
}

fn builder(dir: &Path) -> Builder {
    let owner: Email = OWNER.parse().unwrap();
    let hub = dir.join("hub");
    let mailer = Arc::new(LocalMailer::open(&hub, owner.clone()).unwrap());
    NotificationMonitor::builder(
        owner.clone(),
        &dir.join("SyftBox"),
        &ledger_path(dir),
        mailer,
    )
    .drive(Arc::new(LocalDrive::open(&hub, owner).unwrap()))
}

/// Parses a mail and makes sure that it has both forms.
#[must_use]
pub fn parse(raw: &[u8]) -> Received {
    let mail = MessageParser::default().parse(raw).unwrap();
    Received {
        subject: mail.subject().unwrap().to_owned(),
        text: mail.body_text(0).unwrap().into_owned(),
        html: mail.body_html(0).unwrap().into_owned(),
        in_reply_to: mail.in_reply_to().as_text().map(ToOwned::to_owned),
        message_id: mail.message_id().unwrap().to_owned(),
    }
}
