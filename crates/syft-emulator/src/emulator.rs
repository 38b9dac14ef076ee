//! Starting, asking and stopping an emulator in this process.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use chrono::TimeDelta;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    Fault, FaultStatus, Mail, Request,
    ca::Authority,
    control,
    error::Error,
    persist::DataDir,
    server,
    state::{self, App, Shared, World},
};

/// Where and with what an emulator starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Loopback address; port 0 takes a free one.
    pub address: SocketAddr,
    /// Directory that keeps everything; without it a stop forgets everything.
    pub data: Option<PathBuf>,
    /// Accounts to have from the start.
    pub accounts: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data: None,
            accounts: Vec::new(),
        }
    }
}

/// A running emulator; dropping it stops it without waiting.
#[derive(Debug)]
pub struct Emulator {
    app: App,
    tasks: Vec<JoinHandle<Result<(), Error>>>,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

impl Emulator {
    /// Starts an emulator on the current tokio runtime and returns when it answers.
    ///
    /// # Errors
    ///
    /// Refuses other addresses than loopback, a taken port, an account that is no e-mail address, and a data directory that is in use,
    /// damaged or not accessible.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let address = options.address;
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback(address));
        }
        if let Some(wrong) = options
            .accounts
            .iter()
            .find(|email| !crate::oauth::is_email(email))
        {
            return Err(Error::Account(wrong.clone()));
        }
        let data = options.data.as_deref().map(DataDir::open).transpose()?;
        let today = state::today();
        let (world, offset, authority) = match &data {
            None => (
                World::default(),
                TimeDelta::zero(),
                Authority::generate(today)?,
            ),
            Some(data) => {
                let (world, offset) = data.world()?;
                (world, offset, data.authority(today)?)
            }
        };
        let listen = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let url = format!("http://{}", listener.local_addr().map_err(listen)?);
        if let Some(data) = &data {
            data.set_address(&url)?;
        }
        let app = App::new(Shared::new(world, offset, authority, url, options.data));
        if !options.accounts.is_empty() {
            app.write(|world| {
                for email in &options.accounts {
                    world.accounts.ensure(email);
                }
            });
        }
        Ok(Self::run(app, listener, data))
    }

    fn run(app: App, listener: TcpListener, data: Option<DataDir>) -> Self {
        let router = server::router(&app);
        app.set_router(Some(router.clone()));
        let stop = CancellationToken::new();
        let served = CancellationToken::new();
        let mut tasks = Vec::new();
        // The last save comes after the last answer.
        let serving = server::serve(listener, App::clone(&app), router, stop.clone());
        let end = served.clone().drop_guard();
        let shared = App::clone(&app);
        tasks.push(tokio::spawn(async move {
            let _end = end;
            serving.await;
            shared.set_router(None);
            Ok(())
        }));
        if let Some(data) = data {
            tasks.push(tokio::spawn(data.keep(App::clone(&app), served)));
        }
        Self {
            app,
            tasks,
            stop: stop.clone(),
            _stop_on_drop: stop.drop_guard(),
        }
    }

    /// Returns the address, such as `http://127.0.0.1:8377`.
    pub fn url(&self) -> &str {
        &self.app.url
    }

    /// Returns the certificate that clients of the `CONNECT` proxy have to trust.
    pub fn ca_pem(&self) -> &str {
        self.app.authority.pem()
    }

    /// Returns a token file (`authorized_user`) for an account, which exists from now on.
    ///
    /// The access token in it is good for an hour of emulator time.
    pub fn token(&self, email: &str, scopes: &[&str]) -> Value {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        control::token(&self.app, email, scopes, None)
    }

    /// Returns a `credentials.json` of kind "installed" that the consent page accepts.
    pub fn credentials(&self) -> Value {
        control::credentials(&self.app)
    }

    /// Ends all tokens of an account, as its owner can do in the account settings.
    pub fn revoke(&self, email: &str) {
        let key = crate::oauth::account_key(email);
        self.app
            .write(|world| world.accounts.grants.revoke_account(&key));
    }

    /// Returns what was delivered to an account, oldest first.
    pub fn inbox(&self, email: &str) -> Vec<Mail> {
        self.app.read(|world| world.mail.inbox(email))
    }

    /// Returns what an account sent, oldest first.
    pub fn sent(&self, email: &str) -> Vec<Mail> {
        self.app.read(|world| world.mail.sent(email))
    }

    /// Returns an account's drafts, oldest first.
    pub fn drafts(&self, email: &str) -> Vec<Mail> {
        self.app.read(|world| world.mail.draft_mails(email))
    }

    /// Returns how many "shared with you" mails Google would have sent to an account.
    pub fn share_mails(&self, email: &str) -> u64 {
        let key = crate::oauth::account_key(email);
        self.app.read(|world| world.drive.share_mails(&key))
    }

    /// Returns the last 50,000 requests, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.app.requests()
    }

    /// Returns how many requests each API method got since the start or the last reset.
    pub fn request_counts(&self) -> BTreeMap<String, u64> {
        self.app.counts()
    }

    /// Forgets the requests and their counts.
    pub fn reset_requests(&self) {
        self.app.log(|log| log.clear());
    }

    /// Adds a fault rule behind the others and returns its number.
    pub fn inject(&self, fault: Fault) -> u64 {
        self.app.faults(|rules| rules.add(fault))
    }

    /// Returns the fault rules with how often they acted.
    pub fn faults(&self) -> Vec<FaultStatus> {
        self.app.faults(|rules| rules.list())
    }

    /// Removes every fault rule.
    pub fn clear_faults(&self) {
        self.app.faults(|rules| rules.clear());
    }

    /// Moves the emulator's clock forward, at most ten years at once.
    pub fn advance(&self, by: Duration) {
        let most = Duration::from_secs(control::MAX_ADVANCE);
        self.app
            .advance(TimeDelta::from_std(by.min(most)).unwrap_or_default());
    }

    /// Stops: lets open requests finish for two seconds, and saves what is not yet saved.
    ///
    /// # Errors
    ///
    /// Returns an error if the last save failed.
    pub async fn shutdown(mut self) -> Result<(), Error> {
        self.stop.cancel();
        let mut outcome = Ok(());
        for task in std::mem::take(&mut self.tasks) {
            let result = task.await.expect("the tasks neither panic nor are aborted");
            outcome = outcome.and(result);
        }
        outcome
    }
}
