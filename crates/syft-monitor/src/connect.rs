//! Opens what a config names: Google with its tokens, a local hub, a mail server, webhooks.

mod receivers;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Map, Value, json};
use syft_transport::{
    Drive, Error, LocalDrive, LocalMailer, Mailer, Result,
    google::{Endpoints, Gmail, GoogleDrive, Identity, Tokens},
    http::{Budget, Client, Options, Proxies},
};

use crate::{
    config::{Backend, Config, ConfigError, Locations, MailBy},
    monitor::{Builder, NotificationMonitor},
    render::Renderer,
};

pub use receivers::{Sink, sinks, smtp};

/// Open connections, whose tokens were checked to belong to the data owner.
pub struct Links {
    /// The Drive, unless the config names no token for one.
    pub drive: Option<Arc<dyn Drive>>,
    /// The mail service.
    pub mailer: Arc<dyn Mailer>,
    /// Further receivers.
    pub sinks: Vec<Sink>,
    /// Returns what was spent so far, in Google's quota units, as JSON.
    pub usage: Arc<dyn Fn() -> Value + Send + Sync>,
    /// What a person should know about them.
    pub notes: Vec<String>,
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            drive,
            mailer,
            sinks,
            notes,
            usage: _,
        } = self;
        let mut links = f.debug_struct("Links");
        links
            .field("drive", drive)
            .field("mailer", mailer)
            .field("sinks", sinks)
            .field("notes", notes)
            .finish_non_exhaustive()
    }
}

/// Says why a monitor cannot be made from a config file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The config is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What it names cannot be opened.
    #[error(transparent)]
    Transport(#[from] Error),
}

impl NotificationMonitor {
    /// Makes a monitor from a config file; `extra_ca` is a certificate authority to trust besides
    /// the platform's.
    ///
    /// # Errors
    /// [`ConnectError`], which names the file and what to do.
    pub async fn from_config(
        path: &Path,
        locations: &Locations,
        extra_ca: Option<PathBuf>,
    ) -> Result<Self, ConnectError> {
        let config = Config::load(path, locations)?;
        let links = connect(&config, extra_ca).await?;
        for note in &links.notes {
            tracing::warn!("⚠️  {note}");
        }
        Ok(builder(&config, &links).build())
    }
}

/// Returns a monitor in the making, with everything that the config says.
#[must_use]
pub fn builder(config: &Config, links: &Links) -> Builder {
    let mailer = Arc::clone(&links.mailer);
    let mut builder = NotificationMonitor::builder(
        config.do_email.clone(),
        &config.syftbox_root,
        &config.state_path,
        mailer,
    )
    .interval(config.interval, Some(config.interval_max))
    .reconcile_every(config.reconcile_interval);
    if let Some(drive) = &links.drive {
        builder = builder.drive(Arc::clone(drive));
    }
    if let Some(path) = &config.drive_token_path {
        builder = builder.drive_token(path.clone());
    }
    builder = builder.renderer(renderer(config));
    if config.notify_existing {
        builder.notify_existing()
    } else {
        builder
    }
}

/// Returns a renderer of the config's templates; what is wrong with them is logged.
#[must_use]
pub fn renderer(config: &Config) -> Renderer {
    let Some(directory) = &config.templates_dir else {
        return Renderer::embedded();
    };
    let (renderer, problems) = Renderer::with_overrides(directory);
    for problem in problems {
        tracing::warn!("⚠️  {problem}");
    }
    renderer
}

/// Opens what the config names and checks whose it is.
///
/// A mail server that cannot be reached now is one of the [`Links::notes`]: mails wait for it.
///
/// # Errors
/// Those of the transport; a token of another account, or a password that a mail server does
/// not accept, is [`Error::Unauthenticated`].
pub async fn connect(config: &Config, extra_ca: Option<PathBuf>) -> Result<Links> {
    let mut google = OnGoogle::new(config, extra_ca.clone());
    let mut notes = Vec::new();
    let drive: Option<Arc<dyn Drive>> = match &config.backend {
        Backend::Local(hub) => Some(Arc::new(LocalDrive::open(hub, config.do_email.clone())?)),
        Backend::Google => match google.drive().await? {
            Some(drive) => Some(drive),
            None => {
                notes.push(
                    "`drive_token_path` is not set: only the local SyftBox is watched".to_owned(),
                );
                None
            }
        },
    };
    let mailer: Arc<dyn Mailer> = match (config.mail, &config.backend) {
        (MailBy::Smtp, _) => {
            Arc::new(receivers::greeted(config, extra_ca.clone(), &mut notes).await?)
        }
        (MailBy::Local, Backend::Local(hub)) => {
            Arc::new(LocalMailer::open(hub, config.do_email.clone())?)
        }
        (MailBy::Gmail | MailBy::Local, _) => google.gmail(&mut notes).await?,
    };
    Ok(Links {
        drive,
        mailer,
        sinks: receivers::sinks(config, extra_ca)?,
        usage: google.usage(),
        notes,
    })
}

/// What the config names at Google, opened one by one over the same connections.
struct OnGoogle<'a> {
    config: &'a Config,
    extra_ca: Option<PathBuf>,
    client: Option<Client>,
    drive: Option<Arc<GoogleDrive>>,
    gmail: Option<Arc<Gmail>>,
}

impl<'a> OnGoogle<'a> {
    fn new(config: &'a Config, extra_ca: Option<PathBuf>) -> Self {
        Self {
            config,
            extra_ca,
            client: None,
            drive: None,
            gmail: None,
        }
    }

    fn tokens(&mut self, path: &Path) -> Result<Arc<Tokens>> {
        let endpoint = self.config.google_endpoint.as_deref();
        let client = match self.client.take() {
            Some(client) => client,
            None => client(endpoint, self.extra_ca.clone())?,
        };
        let client = self.client.insert(client);
        Tokens::open(client, &endpoints(endpoint), path)
    }

    async fn drive(&mut self) -> Result<Option<Arc<GoogleDrive>>> {
        let Some(path) = &self.config.drive_token_path else {
            return Ok(None);
        };
        let drive = GoogleDrive::new(&self.tokens(path)?, drive_budget(self.config));
        drive.check_account(&self.config.do_email).await?;
        let drive = Arc::new(drive);
        self.drive = Some(Arc::clone(&drive));
        Ok(Some(drive))
    }

    async fn gmail(&mut self, notes: &mut Vec<String>) -> Result<Arc<Gmail>> {
        let path = &self.config.gmail_token_path;
        let gmail = Gmail::connect(&self.tokens(path)?, gmail_budget(self.config)).await?;
        if gmail.check_account(&self.config.do_email).await? == Identity::Unverified {
            notes.push(format!(
                "the scopes of {} do not tell whose token it is",
                path.display()
            ));
        }
        let gmail = Arc::new(gmail);
        self.gmail = Some(Arc::clone(&gmail));
        Ok(gmail)
    }

    fn usage(self) -> Arc<dyn Fn() -> Value + Send + Sync> {
        let (drive, gmail) = (self.drive, self.gmail);
        Arc::new(move || {
            let mut usage = Map::new();
            if let Some(drive) = &drive {
                usage.insert("drive".to_owned(), json!(drive.usage()));
            }
            if let Some(gmail) = &gmail {
                usage.insert("gmail".to_owned(), json!(gmail.usage()));
            }
            Value::Object(usage)
        })
    }
}

/// Returns the connections for Google, or for another server that speaks its protocols.
///
/// # Errors
/// [`Error::BadFile`] where `extra_ca` holds no certificates.
pub fn client(endpoint: Option<&str>, extra_ca: Option<PathBuf>) -> Result<Client> {
    let is_plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http:"));
    let proxies = if is_plain {
        Proxies::Never
    } else {
        Proxies::System
    };
    Client::new(Options {
        extra_roots: extra_ca.into_iter().collect(),
        proxies,
        ..Options::default()
    })
}

/// Returns Google's addresses, or the same paths on another server.
#[must_use]
pub fn endpoints(endpoint: Option<&str>) -> Endpoints {
    let base = endpoint.and_then(|endpoint| url::Url::parse(endpoint).ok());
    base.and_then(|base| Endpoints::at(&base))
        .unwrap_or_default()
}

fn drive_budget(config: &Config) -> Budget {
    Budget {
        units_per_minute: config
            .quota
            .units_per_minute
            .unwrap_or(Budget::DRIVE.units_per_minute),
        units_per_day: config.quota.units_per_day,
    }
}

fn gmail_budget(config: &Config) -> Budget {
    Budget {
        units_per_minute: config
            .quota
            .gmail_units_per_minute
            .unwrap_or(Budget::GMAIL.units_per_minute),
        units_per_day: None,
    }
}
