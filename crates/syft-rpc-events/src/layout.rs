//! Where the files of apps are, and what their places say.

use std::path::{Path, PathBuf};

use syft_state::Email;
use uuid::Uuid;

use crate::{config::ClientConfig, router::EndpointPath};

/// The extension of requests, and of responses.
pub(crate) const REQUEST: &str = ".request";
pub(crate) const RESPONSE: &str = ".response";
/// Parts of the names that the Go client gives to files that it puts aside.
const ASIDE: [&str; 3] = [".rejected", ".conflict", ".syftrejected"];

/// The SyftBox of one person on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    data_dir: PathBuf,
    email: Email,
}

/// The files of one app in one datasite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppPaths {
    name: String,
    datasite: Email,
    directory: PathBuf,
}

/// Says that a text cannot be the name of an app.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be the name of an app: it would lead elsewhere or cannot be a directory")]
pub struct AppNameError(pub String);

impl Workspace {
    /// Takes what the client's config says.
    #[must_use]
    pub fn new(config: &ClientConfig) -> Self {
        Self {
            data_dir: config.data_dir.clone(),
            email: config.email.clone(),
        }
    }

    /// Returns whose it is.
    #[must_use]
    pub fn email(&self) -> &Email {
        &self.email
    }

    /// Returns the directory that holds everybody's datasites, as far as they are mirrored here.
    #[must_use]
    pub fn datasites(&self) -> PathBuf {
        self.data_dir.join("datasites")
    }

    /// Returns the directory for files that are being written, which nobody watches or syncs.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        self.data_dir.join(".syft-tmp")
    }

    /// Returns where an app's files are in a datasite.
    ///
    /// # Errors
    /// [`AppNameError`].
    pub fn app(&self, name: &str, datasite: &Email) -> Result<AppPaths, AppNameError> {
        let is_bad = |part: &str| {
            matches!(part, "" | "." | ".." | "rpc") || part.contains(['\\', '\0', '@'])
        };
        if name.split('/').any(is_bad) {
            return Err(AppNameError(name.to_owned()));
        }
        let directory = self.datasites().join(datasite.as_str());
        Ok(AppPaths {
            name: name.to_owned(),
            datasite: datasite.clone(),
            directory: directory.join("app_data").join(name),
        })
    }
}

impl AppPaths {
    /// Returns the app's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whose datasite it is in.
    #[must_use]
    pub fn datasite(&self) -> &Email {
        &self.datasite
    }

    /// Returns the directory of the app's data.
    #[must_use]
    pub fn app_data(&self) -> &Path {
        &self.directory
    }

    /// Returns the directory of its endpoints.
    #[must_use]
    pub fn rpc(&self) -> PathBuf {
        self.directory.join("rpc")
    }

    /// Returns the directory of one endpoint.
    #[must_use]
    pub fn endpoint(&self, endpoint: &EndpointPath) -> PathBuf {
        self.rpc().join(endpoint.as_str())
    }

    /// Returns where the schema is published.
    #[must_use]
    pub fn schema(&self) -> PathBuf {
        self.rpc().join("rpc.schema.json")
    }

    /// Returns where the permissions are.
    #[must_use]
    pub fn permissions(&self) -> PathBuf {
        self.rpc().join("syft.pub.yaml")
    }
}

/// What the place of a request file says; nothing in the file can change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What is called.
    pub endpoint: EndpointPath,
    /// Whose directory it is in; none in the layout from before 0.4.
    pub sender: Option<Email>,
    /// The id, which is the stem of its name.
    pub id: Uuid,
}

impl Place {
    /// Reads the path of a file relative to `rpc/`, with slashes.
    ///
    /// Returns `None` for everything that is no request, files that the client has put aside among
    /// them.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.strip_suffix(REQUEST)?;
        if is_aside(stem) {
            return None;
        }
        let id = Uuid::try_parse(stem).ok()?;
        let (endpoint, sender) = match directory.rsplit_once('/') {
            Some((endpoint, last)) if last.contains('@') => (endpoint, Some(last)),
            None if directory.contains('@') => ("", Some(directory)),
            _ => (directory, None),
        };
        Some(Self {
            endpoint: EndpointPath::new(endpoint).ok()?,
            sender: sender.map(str::parse).transpose().ok()?,
            id,
        })
    }
}

/// Returns whether a stem is of a message that the Go client has put aside.
pub(crate) fn is_aside(stem: &str) -> bool {
    ASIDE.iter().any(|part| stem.contains(part))
}

/// Returns the path of the response to a request, which lies beside it under the same stem.
#[must_use]
pub fn response_to(request: &str) -> Option<String> {
    let stem = request.strip_suffix(REQUEST)?;
    Some(format!("{stem}{RESPONSE}"))
}
