//! What an earlier set-up says: the config that is replaced, or one of another program.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::Value;
use syft_monitor::config::{self, Imported, Locations};
use syft_state::Email;

use super::expand;
use crate::{args::InitArgs, exit::Outcome, term};

/// Where the programs of before kept their record, beside their config (notify.md §5.4, §5.5).
const EARLIER_STATE: &str = "notify/state.json";

/// An earlier config, whose values are taken where no flag says otherwise.
#[derive(Default)]
pub(super) struct Earlier {
    pub(super) says: Imported,
    /// All keys of the `daemon.yaml` that is replaced, so that settings made by hand stay.
    pub(super) keys: BTreeMap<String, Value>,
    directory: PathBuf,
}

impl Earlier {
    pub(super) fn read(args: &InitArgs, file: &Path) -> Outcome<Self> {
        let (file, keys) = match &args.import {
            Some(import) => (super::absolute(import)?, BTreeMap::new()),
            None if file.exists() => match keys(file) {
                Ok(keys) => (file.to_owned(), keys),
                Err(reason) => {
                    term::warning(format_args!("{}: {reason}", file.display()));
                    return Ok(Self::default());
                }
            },
            None => return Ok(Self::default()),
        };
        let says = match config::import(&file) {
            Err(_) if args.import.is_none() => Imported::default(),
            says => says?,
        };
        let directory = file.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(Self {
            says,
            keys,
            directory,
        })
    }

    /// Leaves out what was said about another account.
    pub(super) fn of(self, email: &Email) -> Self {
        let says_other = self
            .says
            .do_email
            .as_ref()
            .is_some_and(|other| other.parse::<Email>().ok().as_ref() != Some(email));
        if says_other { Self::default() } else { self }
    }

    /// Returns a path as this file means it.
    pub(super) fn path(&self, text: Option<&String>, home: &Path) -> Outcome<Option<PathBuf>> {
        text.map(|text| expand(text, home, &self.directory))
            .transpose()
    }

    /// Returns the record of what was mailed, so that nothing is mailed again.
    pub(super) fn state(&self, locations: &Locations) -> Outcome<Option<PathBuf>> {
        if let Some(path) = self.path(self.says.state_path.as_ref(), &locations.home)? {
            return Ok(Some(path));
        }
        let is_foreign = self.keys.is_empty() && !self.directory.as_os_str().is_empty();
        let state = self.directory.join(EARLIER_STATE);
        Ok((is_foreign && state.is_file()).then_some(state))
    }
}

fn keys(file: &Path) -> Result<BTreeMap<String, Value>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    serde_yaml::from_str(&text).map_err(|error| error.to_string())
}
