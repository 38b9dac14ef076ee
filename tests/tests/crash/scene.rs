//! A data owner, three data scientists, and what they did while nobody looked.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::json;
use syft_emulator::{Emulator, Options, scopes};
use syft_monitor::fixtures::{Layout, LocalState, SampleClient, SampleJob};
use syft_state::{Email, fs::write_atomic};
use syft_tests::world::parse;
use syft_transport::{
    Drive, LocalDrive,
    google::{Endpoints, GoogleDrive, Tokens},
    http::{self, Budget, Client, Proxies},
};
use tempfile::TempDir;

use crate::hook::Hook;

pub(crate) const OWNER: &str = "do@crash.example";
pub(crate) const ANA: &str = "ana@uni.example";
pub(crate) const BEA: &str = "bea_b@lab.example";
pub(crate) const CYD: &str = "cyd@institute.example";
const PEOPLE: [&str; 4] = [OWNER, ANA, BEA, CYD];

/// No scene is slowed down by a quota.
pub(crate) const PLENTY: Budget = Budget {
    units_per_minute: 10_000_000,
    units_per_day: None,
};

/// Through what the people of a scene meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meeting {
    /// An emulated Google; the owner's mail token has this scope.
    Google { mail_scope: &'static str },
    /// A directory.
    Hub,
}

impl Meeting {
    pub(crate) const DRAFTS: Self = Self::Google {
        mail_scope: scopes::GMAIL_COMPOSE,
    };
    pub(crate) const SEND_ONLY: Self = Self::Google {
        mail_scope: scopes::GMAIL_SEND,
    };
}

/// A mail, by the account in whose inbox it lies and its subject.
pub(crate) type Arrived = (String, String);

/// Four people on one machine, in a directory of their own.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) meeting: Meeting,
    pub(crate) emulator: Option<Emulator>,
    folder: TempDir,
    http: Client,
    hook: Option<Hook>,
}

impl Scene {
    /// Gives everybody an account and the owner a config; nobody has done anything.
    pub(crate) async fn new(meeting: Meeting) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let http = Client::new(http::Options {
            proxies: Proxies::Never,
            ..http::Options::default()
        });
        let mut scene = Self {
            meeting,
            emulator: None,
            folder,
            http: http.unwrap(),
            hook: None,
        };
        std::fs::create_dir_all(scene.datasite()).unwrap();
        std::fs::create_dir_all(scene.creds()).unwrap();
        let mut config = json!({
            "do_email": OWNER,
            "syftbox_root": "../SyftBox",
            "state_path": "notification_state.json",
            "backend": "local:../hub",
        });
        if let Meeting::Google { mail_scope } = meeting {
            let emulator = Emulator::start(Options::default()).await.unwrap();
            config["backend"] = "google".into();
            config["google_endpoint"] = emulator.url().into();
            config["drive_token_path"] = "drive.json".into();
            config["gmail_token_path"] = "gmail.json".into();
            config["quota"] = json!({
                "units_per_minute": PLENTY.units_per_minute,
                "gmail_units_per_minute": PLENTY.units_per_minute,
            });
            // An access token that has ended makes every first call refresh and save it.
            let mut drive_token = emulator.token(OWNER, &[scopes::DRIVE]);
            drive_token["expiry"] = "2020-01-01T00:00:00.000000Z".into();
            scene.write("drive.json", &drive_token.to_string());
            let mail_token = emulator.token(OWNER, &[mail_scope]);
            scene.write("gmail.json", &mail_token.to_string());
            scene.emulator = Some(emulator);
        }
        scene.write("daemon.yaml", &serde_yaml::to_string(&config).unwrap());
        scene
    }

    /// Adds keys to the owner's config.
    pub(crate) fn configure(&self, keys: &serde_json::Value) {
        let text = std::fs::read_to_string(self.config()).unwrap();
        let mut config: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        let more = keys.as_object().unwrap().clone();
        config.as_object_mut().unwrap().extend(more);
        self.write("daemon.yaml", &serde_yaml::to_string(&config).unwrap());
    }

    /// Adds a webhook that hears of everything.
    pub(crate) async fn add_hook(&mut self) {
        let hook = Hook::start().await;
        self.configure(&json!({"webhooks": [{"name": "ops", "url": hook.url}]}));
        self.hook = Some(hook);
    }

    /// Returns what the webhook was told, each thing once, sorted.
    pub(crate) fn told(&self) -> Vec<String> {
        self.hook.as_ref().map(Hook::subjects).unwrap_or_default()
    }

    /// The data scientists ask to become peers, as they do in [`Self::act`] anyway.
    pub(crate) async fn meet(&self) {
        for job in jobs() {
            let client = self.client(job.ds.as_str());
            client.add_peer(&job).await.unwrap();
        }
    }

    /// Everybody does something: thirteen mails are due, those of [`Self::due`].
    pub(crate) async fn act(&self) {
        self.meet().await;
        let [ana, second, bea, _] = &jobs();
        for job in [ana, second, bea] {
            let client = self.client(job.ds.as_str());
            client.submit(job).await.unwrap();
        }
        self.client(OWNER).accept(&[&ana.ds]).await.unwrap();
        let datasite = self.datasite();
        ana.write_local(&datasite, LocalState::Ran { return_code: 0 })
            .unwrap();
        bea.write_local(&datasite, LocalState::Rejected).unwrap();
    }

    /// Returns the mails that [`Self::act`] calls for, sorted.
    pub(crate) fn due() -> Vec<Arrived> {
        let mut due = vec![
            (OWNER, "New Job: count rows".to_owned()),
            (OWNER, "New Job: mean age".to_owned()),
            (OWNER, "New Job: copy everything".to_owned()),
            (ANA, format!("Peer Request Accepted: {OWNER}")),
            (ANA, "Job Approved: count rows".to_owned()),
            (ANA, "Job Completed: count rows".to_owned()),
            (BEA, "Job Rejected: copy everything".to_owned()),
        ];
        for peer in [ANA, BEA, CYD] {
            due.push((OWNER, format!("New Peer Request from {peer}")));
            due.push((peer, format!("Peer Request Sent to {OWNER}")));
        }
        let mut due: Vec<Arrived> = due
            .into_iter()
            .map(|(to, subject)| (to.to_owned(), subject))
            .collect();
        due.sort();
        due
    }

    /// Returns what has arrived anywhere, sorted; of a digest what it tells.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        let mut arrived: Vec<Arrived> = PEOPLE
            .into_iter()
            .flat_map(|person| {
                let subjects = match &self.emulator {
                    Some(emulator) => subjects_at(emulator, person),
                    None => subjects_in(&self.path("hub"), person),
                };
                subjects
                    .into_iter()
                    .map(|subject| (person.to_owned(), subject))
            })
            .collect();
        arrived.sort();
        arrived
    }

    /// Returns the files that a look must not leave behind, drafts among them.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        const KEPT: [&str; 11] = [
            "daemon.yaml",
            "drive.json",
            "gmail.json",
            "notification_state.json",
            "notification_state.json.bak",
            "notification_state.lock",
            "notification_state.status.json",
            "notification_state.watch.lock",
            // Who runs, or ran until it was killed.
            "syft-notify.lock",
            "syft-notify.pid",
            "syft-notify.started.json",
        ];
        let mut leftovers = names(&self.creds());
        leftovers.retain(|name| !KEPT.contains(&name.as_str()));
        leftovers.extend(names(&self.path("hub").join("tmp")));
        if let Some(emulator) = &self.emulator {
            let drafts = emulator.drafts(OWNER);
            leftovers.extend(drafts.iter().map(|mail| format!("draft {}", mail.subject)));
        }
        leftovers
    }

    /// Lets two days pass for what killed processes left in the hub, where other machines may be
    /// at work, so that nothing young is swept.
    pub(crate) fn age_leftovers(&self) {
        let directory = self.path("hub").join("tmp");
        for name in names(&directory) {
            let options = std::fs::OpenOptions::new().write(true).to_owned();
            let file = options.open(directory.join(name)).unwrap();
            let made = file.metadata().unwrap().modified().unwrap();
            file.set_modified(made - Duration::from_secs(2 * 24 * 60 * 60))
                .unwrap();
        }
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.creds().join("daemon.yaml")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.creds().join("notification_state.json")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn datasite(&self) -> PathBuf {
        self.path("SyftBox").join(OWNER)
    }

    fn creds(&self) -> PathBuf {
        self.path("creds")
    }

    fn write(&self, name: &str, text: &str) {
        write_atomic(&self.creds().join(name), text.as_bytes(), 0o600).unwrap();
    }

    /// Returns the SyftBox client of an account.
    pub(crate) fn client(&self, account: &str) -> SampleClient {
        let email: Email = account.parse().unwrap();
        let drive: Arc<dyn Drive> = match &self.emulator {
            None => Arc::new(LocalDrive::open(&self.path("hub"), email).unwrap()),
            Some(emulator) => {
                let file = self.path(&format!("token-{account}.json"));
                if !file.exists() {
                    let token = emulator.token(account, &[scopes::DRIVE]).to_string();
                    write_atomic(&file, token.as_bytes(), 0o600).unwrap();
                }
                Arc::new(GoogleDrive::new(
                    &tokens(emulator, &self.http, &file),
                    PLENTY,
                ))
            }
        };
        SampleClient::new(drive)
    }
}

/// Returns the jobs of [`Scene::act`]; the last one is never submitted.
fn jobs() -> [SampleJob; 4] {
    [
        SampleJob::python(Layout::W4, OWNER, ANA, "count rows"),
        SampleJob::bash(Layout::W4, OWNER, ANA, "mean age"),
        SampleJob::bash(Layout::W3, OWNER, BEA, "copy everything"),
        SampleJob::bash(Layout::W1, OWNER, CYD, "later"),
    ]
}

/// Opens a token file of the emulator.
pub(crate) fn tokens(emulator: &Emulator, http: &Client, file: &Path) -> Arc<Tokens> {
    let endpoints = Endpoints::at(&emulator.url().parse().unwrap()).unwrap();
    Tokens::open(http, &endpoints, file).unwrap()
}

fn subjects_at(emulator: &Emulator, person: &str) -> Vec<String> {
    let inbox = emulator.inbox(person).into_iter();
    inbox
        .flat_map(|mail| told_by(mail.subject, &mail.text.unwrap_or_default()))
        .collect()
}

fn subjects_in(hub: &Path, person: &str) -> Vec<String> {
    let inbox = hub.join("mail").join(person);
    let mails = names(&inbox).into_iter().flat_map(|name| {
        let mail = parse(&std::fs::read(inbox.join(name)).unwrap());
        told_by(mail.subject, &mail.text)
    });
    mails.collect()
}

/// Returns the subject of a mail, or those that the parts of a digest would have.
fn told_by(subject: String, text: &str) -> Vec<String> {
    if !text.contains("This came in since the last mail.") {
        return vec![subject];
    }
    let told = text.lines().filter_map(|line| {
        let job = line.strip_prefix("  Job           | ");
        let peer = line.strip_prefix("  Peer request  ");
        job.map(|job| format!("New Job: {job}"))
            .or_else(|| peer.map(|peer| format!("New Peer Request from {peer}")))
    });
    told.collect()
}

fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
