//! Writes what was chosen: the tokens and `daemon.yaml`.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use syft_monitor::config::{Backend, Config, Locations};
use syft_state::fs;
use syft_transport::google::Grant;

use super::answers::{Answers, TokenPlaces};
use crate::exit::{Failure, Outcome, chain};

/// For its owner alone, whatever the umask says (T24).
const PRIVATE: u32 = 0o600;

/// A token that works.
pub(super) enum Token {
    /// A file that is there already.
    Found(PathBuf),
    /// A file that is to be written.
    New(PathBuf, Grant),
}

impl Token {
    fn path(&self) -> &Path {
        match self {
            Self::Found(path) | Self::New(path, _) => path,
        }
    }

    fn put_in_place(&self) -> Outcome {
        match self {
            Self::Found(path) => make_private(path),
            Self::New(path, grant) => Ok(grant.save(path)?),
        }
    }
}

/// What the logins led to.
#[derive(Default)]
pub(super) struct Chosen {
    pub(super) drive: Option<Token>,
    pub(super) gmail: Option<Token>,
    pub(super) credentials: Option<PathBuf>,
}

impl Chosen {
    /// Returns the files that are used if all goes well, for a check in advance.
    pub(super) fn planned(answers: &Answers) -> Self {
        let planned = |places: &TokenPlaces| {
            let given = places.given.as_ref();
            Some(Token::Found(given.unwrap_or(&places.usual).clone()))
        };
        Self {
            drive: planned(&answers.drive_token),
            gmail: planned(&answers.gmail_token),
            credentials: answers.credentials.clone(),
        }
    }
}

/// Returns the config as it will be read, so that a bad one is never written.
pub(super) fn parse(
    file: &Path,
    answers: &Answers,
    chosen: &Chosen,
    locations: &Locations,
) -> Outcome<Config> {
    let text = render(answers, chosen)?;
    Ok(Config::parse(&text, file, locations)?)
}

/// Writes the tokens and then the config, which names them.
pub(super) fn everything(
    file: &Path,
    answers: &Answers,
    chosen: Chosen,
    locations: &Locations,
) -> Outcome {
    parse(file, answers, &chosen, locations)?;
    let failed = |error: syft_state::Error| Failure::error(chain(&error));
    if let Some(directory) = file.parent() {
        fs::create_private_dir(directory).map_err(failed)?;
    }
    for token in [&chosen.drive, &chosen.gmail].into_iter().flatten() {
        token.put_in_place()?;
    }
    if file.exists() {
        let old = std::fs::read(file)
            .map_err(|error| Failure::error(format!("{}: {error}", file.display())))?;
        fs::write_atomic(&backup_of(file), &old, PRIVATE).map_err(failed)?;
    }
    let text = render(answers, &chosen)?;
    fs::write_atomic(file, text.as_bytes(), PRIVATE).map_err(failed)
}

/// Returns where the replaced config is kept.
pub(super) fn backup_of(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".bak");
    PathBuf::from(name)
}

/// Python writes its keys in this order, too.
fn render(answers: &Answers, chosen: &Chosen) -> Outcome<String> {
    let mut keys: BTreeMap<&str, Value> = BTreeMap::new();
    for (key, value) in &answers.kept {
        keys.insert(key, value.clone());
    }
    keys.insert("do_email", json!(answers.do_email));
    keys.insert("syftbox_root", json!(answers.syftbox_root));
    keys.insert("interval", json!(answers.interval));
    match &answers.backend {
        Backend::Local(_) => {
            keys.insert("backend", json!(answers.backend.to_string()));
        }
        Backend::Google => {
            keys.remove("backend");
            let paths = [
                ("drive_token_path", chosen.drive.as_ref().map(Token::path)),
                ("gmail_token_path", chosen.gmail.as_ref().map(Token::path)),
                ("credentials_path", chosen.credentials.as_deref()),
            ];
            for (key, path) in paths {
                if let Some(path) = path {
                    keys.insert(key, json!(path));
                }
            }
        }
    }
    if let Some(path) = &answers.state {
        keys.insert("state_path", json!(path));
    }
    if let Some(url) = &answers.google_endpoint {
        keys.insert("google_endpoint", json!(url));
    }
    serde_yaml::to_string(&keys).map_err(Failure::error)
}

/// T24: tokens of earlier programs may be readable by everybody.
fn make_private(path: &Path) -> Outcome {
    let failed = |error: std::io::Error| Failure::error(format!("{}: {error}", path.display()));
    let mode = std::fs::metadata(path)
        .map_err(failed)?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(PRIVATE)).map_err(failed)
}
