//! The SyftBox client's `config.json`, as Python, Go and the Rust SDK write it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};
use syft_state::{Email, fs};

/// A config file larger than this is not one.
const SIZE_LIMIT: u64 = 1024 * 1024;
const VARIABLE: &str = "SYFTBOX_CLIENT_CONFIG_PATH";
const LEGACY_NAME: &str = "client_config.json";

/// Whose SyftBox this is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// The directory that holds `datasites`.
    pub data_dir: PathBuf,
    /// The owner of the datasite on this machine.
    pub email: Email,
}

/// Says why the client's config cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read the SyftBox client's config; is the client set up here?")]
    Unreadable(#[source] syft_state::Error),
    /// It is no JSON object.
    #[error("{} is no JSON object: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it breaks off.
        reason: String,
    },
    /// A field is missing or wrong.
    #[error("{}: `{field}` {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl ClientConfig {
    /// Returns where the config is: at the path that was given, else where the environment says,
    /// else in the home directory. The name of earlier releases is tried in its place.
    #[must_use]
    pub fn locate(
        explicit: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
        home: &Path,
    ) -> PathBuf {
        let from_environment = || variable(VARIABLE).map(PathBuf::from);
        let path = explicit.map(Path::to_owned).or_else(from_environment);
        let path = path.map_or_else(|| home.join(".syftbox/config.json"), |path| at(&path, home));
        let legacy = path.with_file_name(LEGACY_NAME);
        if !path.exists() && legacy.exists() {
            legacy
        } else {
            path
        }
    }

    /// Reads a config file; `~` in it is `home`.
    ///
    /// # Errors
    /// [`ConfigError`], which names the file and the field.
    pub fn load(path: &Path, home: &Path) -> Result<Self, ConfigError> {
        // A link in its place is a person's own doing: Python resolves it, too.
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let bytes = fs::read_capped(&real, SIZE_LIMIT).map_err(ConfigError::Unreadable)?;
        Self::parse(&bytes, path, home)
    }

    /// Reads the content of a config file.
    ///
    /// # Errors
    /// [`ConfigError`], as [`Self::load`].
    pub fn parse(bytes: &[u8], path: &Path, home: &Path) -> Result<Self, ConfigError> {
        let malformed = |reason: String| ConfigError::Malformed {
            path: path.to_owned(),
            reason,
        };
        // Windows editors begin a file with a mark that JSON does not know.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let fields: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        let invalid = |field, reason: String| ConfigError::Invalid {
            path: path.to_owned(),
            field,
            reason,
        };
        let text = |name: &'static str| match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(invalid(name, "is no text".to_owned())),
        };
        let email = text("email")?.ok_or_else(|| invalid("email", "is missing".to_owned()))?;
        let email = email
            .parse()
            .map_err(|error: syft_state::id::InvalidId| invalid("email", error.to_string()))?;
        let data_dir = match text("data_dir")? {
            Some(path) => Some(path),
            None => text("sync_folder")?,
        };
        let data_dir = at(Path::new(data_dir.unwrap_or("~/SyftBox")), home);
        if !data_dir.is_absolute() {
            return Err(invalid("data_dir", "is no absolute path".to_owned()));
        }
        Ok(Self { data_dir, email })
    }
}

/// Returns a path with `~` replaced.
fn at(path: &Path, home: &Path) -> PathBuf {
    match path.strip_prefix("~") {
        Ok(rest) => home.join(rest),
        Err(_) => path.to_owned(),
    }
}
