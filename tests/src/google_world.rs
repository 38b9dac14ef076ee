//! A data owner's monitor that reaches an emulated Google as it would reach Google itself.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use syft_emulator::{Emulator, Mail, Options, scopes};
use syft_monitor::{Builder, NotificationMonitor, RetryPolicy, Round, fixtures::SampleClient};
use syft_state::Email;
use syft_transport::{
    google::{Endpoints, Gmail, GoogleDrive, Tokens},
    http::{self, Budget, Client, Proxies, Retry},
};
use tempfile::TempDir;

/// More than any test spends.
const UNLIMITED: Budget = Budget {
    units_per_minute: u32::MAX,
    units_per_day: None,
};

/// A world with accounts of an emulated Google.
///
/// When it ends, every request must have been one that Google knows.
#[derive(Debug)]
pub struct GoogleWorld {
    /// Google.
    pub emulator: Emulator,
    /// The monitor of the data owner.
    pub monitor: NotificationMonitor,
    owner: Email,
    client: Client,
    dir: TempDir,
    seen: usize,
}

impl GoogleWorld {
    /// Starts Google and a monitor for a data owner who has a SyftBox and nothing on Drive.
    pub async fn start(owner: &str) -> Self {
        let emulator = Emulator::start(Options::default()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("SyftBox").join(owner)).unwrap();
        let client = client();
        let owner: Email = owner.parse().unwrap();
        let monitor = builder(&emulator, &client, &owner, dir.path())
            .await
            .build();
        Self {
            emulator,
            monitor,
            owner,
            client,
            dir,
            seen: 0,
        }
    }

    /// Starts the monitor anew, as after a restart of the program.
    pub async fn restart(&mut self) {
        self.restart_with(|builder| builder).await;
    }

    /// Starts another kind of monitor on the same files.
    pub async fn restart_with(&mut self, change: impl FnOnce(Builder) -> Builder) {
        let builder = builder(&self.emulator, &self.client, &self.owner, self.dir.path());
        self.monitor = change(builder.await).build();
    }

    /// Returns the Drive of an account.
    #[must_use]
    pub fn drive(&self, account: &str) -> Arc<GoogleDrive> {
        let tokens = tokens(
            &self.emulator,
            &self.client,
            account,
            self.dir.path(),
            scopes::DRIVE,
        );
        Arc::new(GoogleDrive::new(&tokens, UNLIMITED))
    }

    /// Returns the SyftBox client of an account.
    #[must_use]
    pub fn client(&self, account: &str) -> SampleClient {
        SampleClient::new(self.drive(account))
    }

    /// Returns the directory of the data owner's datasite.
    #[must_use]
    pub fn datasite(&self) -> PathBuf {
        self.dir.path().join("SyftBox").join(self.owner.as_str())
    }

    /// Looks once; any trouble fails the test.
    pub async fn look(&mut self) -> Round {
        let round = self.monitor.run_once().await.unwrap();
        assert!(round.trouble.is_empty(), "{:?}", round.trouble);
        round
    }

    /// Looks once and returns the mails that left, as `recipient: subject`, sorted.
    pub async fn mails(&mut self) -> Vec<String> {
        self.look().await;
        self.new_mails()
    }

    /// Returns the mails that left since the last time, as `recipient: subject`, sorted.
    ///
    /// What counts is Google's account of it, and that each is in its recipient's inbox once, as
    /// plain text and as HTML.
    pub fn new_mails(&mut self) -> Vec<String> {
        let sent = self.emulator.sent(self.owner.as_str());
        let mut inboxes = BTreeMap::new();
        let mut mails: Vec<String> = sent[self.seen..]
            .iter()
            .map(|mail| self.delivered(mail, &mut inboxes))
            .collect();
        self.seen = sent.len();
        mails.sort();
        mails
    }

    fn delivered(&self, mail: &Mail, inboxes: &mut BTreeMap<String, Vec<Mail>>) -> String {
        let [to] = mail.to.as_slice() else {
            panic!("a mail to {:?}", mail.to);
        };
        let inbox = inboxes
            .entry(to.clone())
            .or_insert_with(|| self.emulator.inbox(to));
        let copies = inbox
            .iter()
            .filter(|copy| copy.message_id == mail.message_id);
        assert_eq!(copies.count(), 1, "{}", mail.subject);
        for body in [&mail.text, &mail.html] {
            assert!(
                body.as_ref().is_some_and(|body| !body.is_empty()),
                "{mail:?}"
            );
        }
        format!("{to}: {}", mail.subject)
    }
}

impl Drop for GoogleWorld {
    /// The emulator answers 400 to every method, parameter and field that Google does not have.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let requests = self.emulator.requests();
        assert!(!requests.is_empty(), "nothing was asked of Google");
        let refused = requests.iter().find(|request| request.status == 400);
        assert!(refused.is_none(), "{refused:?}");
    }
}

async fn builder(emulator: &Emulator, client: &Client, owner: &Email, dir: &Path) -> Builder {
    let tokens = |scope| tokens(emulator, client, owner.as_str(), dir, scope);
    let drive = GoogleDrive::new(&tokens(scopes::DRIVE), UNLIMITED);
    let gmail = Gmail::connect(&tokens(scopes::GMAIL_COMPOSE), UNLIMITED)
        .await
        .unwrap();
    NotificationMonitor::builder(
        owner.clone(),
        &dir.join("SyftBox"),
        &dir.join("notification_state.json"),
        Arc::new(gmail),
    )
    .drive(Arc::new(drive))
    .retry(RetryPolicy {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(4),
        ..RetryPolicy::default()
    })
}

fn tokens(
    emulator: &Emulator,
    client: &Client,
    account: &str,
    dir: &Path,
    scope: &str,
) -> Arc<Tokens> {
    let scope_name = scope.rsplit('/').next().unwrap();
    let path = dir.join(format!("{account}.{scope_name}.json"));
    let token = emulator.token(account, &[scope]).to_string();
    syft_state::fs::write_atomic(&path, token.as_bytes(), 0o600).unwrap();
    let endpoints = Endpoints::at(&emulator.url().parse().unwrap()).unwrap();
    Tokens::open(client, &endpoints, &path).unwrap()
}

/// Returns connections whose waits are too short to notice.
fn client() -> Client {
    Client::new(http::Options {
        proxies: Proxies::Never,
        retry: Retry {
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(4),
            ..Retry::default()
        },
        ..http::Options::default()
    })
    .unwrap()
}
