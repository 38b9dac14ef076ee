//! The people of the day, and the machines they use.

use std::{path::Path, sync::Arc};

use syft_emulator::{Emulator, Options, scopes};
use syft_monitor::{
    NotificationMonitor,
    fixtures::{Layout, LocalState, SampleClient, SampleJob},
};
use syft_state::{Email, fs};
use syft_transport::{
    google::{Endpoints, Gmail, GoogleDrive, Tokens},
    http::{Budget, Client, Options as HttpOptions, Proxies},
};
use tempfile::TempDir;

use super::day::{Deed, Scene, Step};
use crate::{
    commands::status::now,
    exit::{Failure, Outcome},
};

pub(super) const OWNER: &str = "olivia@hospital.example";
pub(super) const ALICE: &str = "alice@uni.example";
pub(super) const BOB: &str = "bob@lab.example";
pub(super) const CAROL: &str = "carol@institute.example";

/// The demo waits for nobody, so its Gmail has no limit per minute.
const PLENTY: Budget = Budget {
    units_per_minute: 10_000_000,
    units_per_day: None,
};

pub(super) struct Cast {
    emulator: Emulator,
    monitor: NotificationMonitor,
    client: Client,
    dir: TempDir,
}

impl Cast {
    /// Starts the built-in Google and the data owner's monitor, whose first look sees an empty Drive.
    pub(super) async fn assemble() -> Outcome<Self> {
        let emulator = Emulator::start(Options::default())
            .await
            .map_err(Failure::error)?;
        let dir = tempfile::tempdir().map_err(Failure::error)?;
        let client = Client::new(HttpOptions {
            proxies: Proxies::Never,
            ..HttpOptions::default()
        })?;
        let monitor = monitor(&emulator, &client, dir.path()).await?;
        let mut cast = Self {
            emulator,
            monitor,
            client,
            dir,
        };
        cast.look().await?;
        Ok(cast)
    }

    pub(super) fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// Does what a step says, lets the monitor look, and tells what was mailed.
    pub(super) async fn play(&mut self, step: &Step) -> Outcome<Scene> {
        self.act(step.deed).await?;
        let round = self.look().await?;
        let mails = round.sent;
        Ok(Scene {
            time: step.time,
            what: step.what.to_owned(),
            mails,
        })
    }

    /// Returns how many calls to Drive a look costs when nothing has happened.
    pub(super) async fn idle_cost(&mut self) -> Outcome<u64> {
        self.emulator.reset_requests();
        self.look().await?;
        Ok(self.emulator.request_counts().values().sum())
    }

    pub(super) async fn leave(self) -> Outcome {
        self.emulator.shutdown().await.map_err(Failure::error)
    }

    async fn look(&mut self) -> Outcome<syft_monitor::Round> {
        let mut round = self.monitor.run_once().await?;
        match round.trouble.pop() {
            Some(trouble) => Err(Failure::from(trouble.into_error())),
            None => Ok(round),
        }
    }

    async fn act(&self, deed: Deed) -> Outcome {
        match deed {
            Deed::AskToBePeer { ds } => {
                self.on_drive(ds)?
                    .add_peer(&self.job(ds, "hello", false))
                    .await?;
            }
            Deed::Accept { peers } => {
                let peers: Vec<Email> = peers.iter().map(|peer| email(peer)).collect();
                let peers: Vec<&Email> = peers.iter().collect();
                self.on_drive(OWNER)?.accept(&peers).await?;
            }
            Deed::Submit { ds, job, is_python } => {
                self.on_drive(ds)?
                    .submit(&self.job(ds, job, is_python))
                    .await?;
            }
            Deed::Reach { ds, job, state } => self.reach(&self.job(ds, job, true), state)?,
            Deed::Nothing => {}
        }
        Ok(())
    }

    fn reach(&self, job: &SampleJob, state: LocalState) -> Outcome {
        let datasite = self.dir.path().join("SyftBox").join(OWNER);
        job.write_local(&datasite, state).map_err(Failure::error)
    }

    fn job(&self, ds: &str, name: &str, is_python: bool) -> SampleJob {
        let job = SampleJob::bash(Layout::W4, OWNER, ds, name);
        SampleJob {
            is_python,
            submitted: now(),
            ..job
        }
    }

    fn on_drive(&self, account: &str) -> Outcome<SampleClient> {
        let tokens = tokens(
            &self.emulator,
            &self.client,
            self.dir.path(),
            account,
            scopes::DRIVE,
        )?;
        Ok(SampleClient::new(Arc::new(GoogleDrive::new(
            &tokens, PLENTY,
        ))))
    }
}

async fn monitor(emulator: &Emulator, client: &Client, dir: &Path) -> Outcome<NotificationMonitor> {
    let owner = email(OWNER);
    let syftbox = dir.join("SyftBox");
    std::fs::create_dir_all(syftbox.join(OWNER)).map_err(Failure::error)?;
    let drive = tokens(emulator, client, dir, OWNER, scopes::DRIVE)?;
    let gmail = tokens(emulator, client, dir, OWNER, scopes::GMAIL_COMPOSE)?;
    let mailer = Arc::new(Gmail::connect(&gmail, PLENTY).await?);
    let ledger = dir.join("notification_state.json");
    Ok(
        NotificationMonitor::builder(owner, &syftbox, &ledger, mailer)
            .drive(Arc::new(GoogleDrive::new(&drive, PLENTY)))
            .build(),
    )
}

/// Each account logs in with a token file, as in real life.
fn tokens(
    emulator: &Emulator,
    client: &Client,
    dir: &Path,
    account: &str,
    scope: &str,
) -> Outcome<Arc<Tokens>> {
    let endpoints = Endpoints::at(&emulator.url().parse().map_err(Failure::error)?);
    let endpoints =
        endpoints.ok_or_else(|| Failure::error("the built-in Google has no address"))?;
    let kind = scope.rsplit('/').next().unwrap_or_default();
    let path = dir.join(format!("token_{kind}_{account}.json"));
    if !path.exists() {
        let token = emulator.token(account, &[scope]).to_string();
        fs::write_atomic(&path, token.as_bytes(), 0o600).map_err(Failure::error)?;
    }
    Ok(Tokens::open(client, &endpoints, &path)?)
}

fn email(text: &str) -> Email {
    text.parse()
        .expect("the people of the demo have valid addresses")
}
