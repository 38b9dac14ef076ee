//! What a config is made from.

use std::{
    fs::File,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    Config, ConfigError, Environment, Overrides, RemoteRecords,
    error::Invalid,
    finding::Findings,
    layers, machine,
    path::Expander,
    place::Origin,
    relations, remote, resolve, schema, search,
    tree::{self, Table},
};

/// The largest config file in bytes.
const LARGEST: u64 = 4 << 20;

/// Everything outside that a config depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// The file that the command line names.
    pub(crate) config: Option<PathBuf>,
    /// What else the command line says; its paths are absolute.
    pub(crate) overrides: Overrides,
    pub(crate) environment: Environment,
    pub(crate) home: PathBuf,
    pub(crate) machine: Machine,
    /// Whether `./sync-daemon.toml` is looked for as well.
    pub(crate) is_here_meant: bool,
}

/// What depends on the machine and on who we are on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    /// The directory where the command was given.
    pub(crate) directory: PathBuf,
    /// Where the system's configs are.
    pub(crate) etc: PathBuf,
    /// Whether the system's own directories are ours to write in.
    pub(crate) is_root: bool,
    pub(crate) now: DateTime<Utc>,
}

/// What was read, before it is checked.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) file: Option<PathBuf>,
    pub(super) text: Arc<str>,
    /// Whether others than its owner may read the file.
    pub(super) is_exposed: bool,
    pub(super) sources: Arc<Sources>,
}

impl Sources {
    /// Returns the config file that is meant, if there is one at all.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Read`], if it is unknown whether one is there.
    pub(crate) fn file(&self) -> Result<Option<PathBuf>, ConfigError> {
        search::find(self)
    }

    /// Returns the places where a config is looked for, the first one first.
    pub(crate) fn candidates(&self) -> Vec<PathBuf> {
        search::candidates(self)
    }

    /// Returns a directory of the XDG specification: the variable's, which only counts where it is
    /// absolute, or else the one below the home directory.
    pub(super) fn xdg(&self, variable: &str, default: &str) -> PathBuf {
        self.named(variable)
            .unwrap_or_else(|| self.home.join(default))
    }

    /// Returns the directory that a variable names, if it is absolute.
    pub(super) fn named(&self, variable: &str) -> Option<PathBuf> {
        let path = self.environment.get(variable).map(Path::new);
        path.filter(|path| path.is_absolute()).map(Path::to_owned)
    }
}

impl Machine {
    /// Returns what this process finds.
    #[expect(
        clippy::disallowed_methods,
        reason = "the binary is the shell that reads the clock"
    )]
    pub(crate) fn this() -> Self {
        Self {
            directory: std::env::current_dir().unwrap_or_else(|_| "/".into()),
            etc: "/etc".into(),
            is_root: rustix::process::geteuid().is_root(),
            now: Utc::now(),
        }
    }
}

impl Source {
    /// Reads the config file, if there is one.
    pub(super) fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let file = sources.file()?;
        let text = file.as_deref().map_or(Ok(String::new()), read)?;
        let is_exposed = file.as_deref().is_some_and(is_exposed);
        Ok(Self {
            file,
            is_exposed,
            ..Self::of_text(&text, sources)
        })
    }

    /// Takes a text for that of a file.
    pub(super) fn of_text(text: &str, sources: &Sources) -> Self {
        Self {
            file: None,
            text: text.into(),
            is_exposed: false,
            sources: Arc::new(sources.clone()),
        }
    }

    /// Makes the config.
    pub(super) fn resolve(&self, records: Option<&RemoteRecords>) -> Result<Config, ConfigError> {
        let mut findings = Findings::default();
        let resolved = self.try_resolve(records, &mut findings);
        let findings = findings.into_sorted();
        match resolved {
            Some(mut config) => {
                config.notes = findings;
                Ok(config)
            }
            None => Err(ConfigError::Invalid(Invalid {
                file: self.file.clone(),
                text: Arc::clone(&self.text),
                findings,
            })),
        }
    }

    /// Each step relies on the ones before: values only mean something in a file that can be
    /// parsed, and their relations only where each is right by itself.
    fn try_resolve(
        &self,
        records: Option<&RemoteRecords>,
        findings: &mut Findings,
    ) -> Option<Config> {
        let mut tree = tree::parse(&self.text, findings);
        if findings.has_errors() {
            return None;
        }
        let log_directives = layers::overlay(&mut tree, &self.sources, findings);
        let base = self.base(&tree);
        let expander = self.expander(&base);
        schema::check(
            &mut tree,
            &Origin::Default,
            schema::ROOT,
            &expander,
            findings,
        );
        if findings.has_errors() {
            return None;
        }
        remote::merge(&mut tree, records, &expander, findings);
        if findings.has_errors() {
            return None;
        }
        machine::fill(&mut tree, &self.sources, findings);
        let mut config = resolve::config(self, tree, findings)?;
        config.telemetry.log_directives = log_directives;
        if findings.has_errors() {
            return None;
        }
        relations::check(&config, findings);
        (!findings.has_errors()).then_some(config)
    }

    /// Returns where relative paths begin: where the config says that the process stays, else
    /// beside the config file, for a daemon may be started anywhere.
    fn base(&self, tree: &Table) -> PathBuf {
        let beside = self.file.as_deref().and_then(Path::parent);
        let beside = beside.unwrap_or(&self.sources.machine.directory);
        let daemon = tree.get("daemon").and_then(tree::Node::as_table);
        daemon
            .and_then(|daemon| daemon.text_or_none("working_directory"))
            .and_then(|text| self.expander(beside).expand(text).ok())
            .unwrap_or_else(|| beside.to_owned())
    }

    fn expander<'a>(&'a self, base: &'a Path) -> Expander<'a> {
        Expander {
            home: &self.sources.home,
            environment: &self.sources.environment,
            base,
        }
    }
}

fn is_exposed(path: &Path) -> bool {
    let mode = std::fs::metadata(path).map(|metadata| metadata.permissions().mode());
    mode.is_ok_and(|mode| mode & 0o044 != 0)
}

pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
    if bytes.len() as u64 > LARGEST {
        return Err(ConfigError::TooLarge {
            path: path.to_owned(),
            limit: LARGEST,
        });
    }
    String::from_utf8(bytes).map_err(|error| ConfigError::NotText {
        path: path.to_owned(),
        at: error.utf8_error().valid_up_to(),
    })
}

/// Shows neither the text nor the environment, for both may hold secrets.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}
