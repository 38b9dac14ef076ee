//! Opens what a config names: Google with its tokens, or a local hub.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Value, json};
use syft_transport::{
    Drive, Error, LocalDrive, LocalMailer, Mailer, Result,
    google::{Endpoints, Gmail, GoogleDrive, Identity, Tokens},
    http::{Budget, Client, Options, Proxies},
};

use crate::{
    config::{Backend, Config, ConfigError, Locations},
    monitor::{Builder, NotificationMonitor},
    render::Renderer,
};

/// Open connections, whose tokens were checked to belong to the data owner.
pub struct Links {
    /// The Drive, unless the config names no token for one.
    pub drive: Option<Arc<dyn Drive>>,
    /// The mail service.
    pub mailer: Arc<dyn Mailer>,
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
            notes,
            usage: _,
        } = self;
        let mut links = f.debug_struct("Links");
        links
            .field("drive", drive)
            .field("mailer", mailer)
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
/// # Errors
/// Those of the transport; a token of another account is [`Error::Unauthenticated`].
pub async fn connect(config: &Config, extra_ca: Option<PathBuf>) -> Result<Links> {
    match &config.backend {
        Backend::Local(hub) => Ok(Links {
            drive: Some(Arc::new(LocalDrive::open(hub, config.do_email.clone())?)),
            mailer: Arc::new(LocalMailer::open(hub, config.do_email.clone())?),
            usage: Arc::new(|| json!({})),
            notes: Vec::new(),
        }),
        Backend::Google => connect_google(config, extra_ca).await,
    }
}

async fn connect_google(config: &Config, extra_ca: Option<PathBuf>) -> Result<Links> {
    let client = client(config.google_endpoint.as_deref(), extra_ca)?;
    let endpoints = endpoints(config.google_endpoint.as_deref());
    let mut notes = Vec::new();
    let drive = match &config.drive_token_path {
        None => {
            notes.push(
                "`drive_token_path` is not set: only the local SyftBox is watched".to_owned(),
            );
            None
        }
        Some(path) => {
            let tokens = Tokens::open(&client, &endpoints, path)?;
            let drive = GoogleDrive::new(&tokens, drive_budget(config));
            drive.check_account(&config.do_email).await?;
            Some(Arc::new(drive))
        }
    };
    let tokens = Tokens::open(&client, &endpoints, &config.gmail_token_path)?;
    let gmail = Gmail::connect(&tokens, gmail_budget(config)).await?;
    if gmail.check_account(&config.do_email).await? == Identity::Unverified {
        notes.push(format!(
            "the scopes of {} do not tell whose token it is",
            config.gmail_token_path.display()
        ));
    }
    let gmail = Arc::new(gmail);
    let usage = usage(drive.clone(), Arc::clone(&gmail));
    let drive = drive.map(|drive| -> Arc<dyn Drive> { drive });
    Ok(Links {
        drive,
        mailer: gmail,
        usage,
        notes,
    })
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

fn usage(
    drive: Option<Arc<GoogleDrive>>,
    gmail: Arc<Gmail>,
) -> Arc<dyn Fn() -> Value + Send + Sync> {
    Arc::new(move || {
        json!({
            "drive": drive.as_ref().map(|drive| drive.usage()),
            "gmail": gmail.usage(),
        })
    })
}
