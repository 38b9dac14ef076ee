//! Moves requests from where they lay before 0.4 into the directories of their senders.
//!
//! ```
//! use syft_rpc_events::{config::ClientConfig, layout::Workspace, migrate::migrate};
//!
//! # let home = tempfile::tempdir()?;
//! # let config = ClientConfig { data_dir: home.path().to_owned(), email: "alice@example.com".parse()? };
//! let workspace = Workspace::new(&config);
//! let app = workspace.app("my_app", workspace.email())?;
//! let migration = migrate(&workspace, &app);
//! assert!(migration.moved.is_empty() && migration.skipped.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::io;

use syft_state::{Email, Timestamp};

use crate::{
    layout::{AppPaths, Place, Workspace, response_to},
    message::Request,
    skipped::Skipped,
    tree::{Replace, Tree, join},
};

/// Nobody nests endpoints deeper, and nobody can make a migration endless.
const DEPTH: usize = 32;
/// A request that is larger stays where it is, in bytes.
const LIMIT: u64 = 8 * 1024 * 1024;

/// What became of the requests of the old layout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// Requests that were moved, with their responses if they had one.
    pub moved: Vec<Moved>,
    /// Requests that stay where they are, with the reason.
    pub skipped: Vec<Skipped>,
}

/// A request that was moved; its paths are below `rpc/`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// Where it lay.
    pub from: String,
    /// Where it is.
    pub to: String,
    /// Whether it had been answered.
    pub is_answered: bool,
}

/// Moves each request that lies directly in the directory of an endpoint into that of its sender,
/// as it is and with its response, so that none is handled twice.
///
/// Nothing makes this fail: a request that says no sender, or says one that is no address, stays.
/// What is moved counts from then on as written by whom it says, which is true where the relay
/// lets only the owner write outside of senders' directories, as Python's permission file says.
/// No server of the app may run meanwhile.
#[must_use]
pub fn migrate(workspace: &Workspace, app: &AppPaths) -> Migration {
    let mut migrator = Migrator {
        tree: Tree::new(app.rpc(), workspace.staging()),
        migration: Migration::default(),
    };
    migrator.visit("", DEPTH);
    for skipped in &migrator.migration.skipped {
        tracing::warn!("a request of the old layout stays: {skipped}");
    }
    migrator.migration
}

struct Migrator {
    tree: Tree,
    migration: Migration,
}

impl Migrator {
    fn visit(&mut self, directory: &str, depth: usize) {
        let mut entries = match self.tree.list(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.migration.skipped.push(Skipped::new(directory, error)),
        };
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        for entry in entries {
            let path = join(directory, &entry.name);
            if entry.is_directory {
                // What is below a sender's directory is in its place, or in nobody's.
                if depth > 0 && !entry.name.contains('@') {
                    self.visit(&path, depth - 1);
                }
            } else if let Some(place) = Place::of(&path).filter(|place| place.sender.is_none()) {
                match self.migrate(&path, &place) {
                    Ok(moved) => self.migration.moved.push(moved),
                    Err(reason) => self.migration.skipped.push(Skipped::new(path, reason)),
                }
            }
        }
    }

    fn migrate(&self, path: &str, place: &Place) -> Result<Moved, String> {
        let sender = self.sender(path, place)?;
        let directory = join(place.endpoint.as_str(), sender.as_str());
        let name = path.rsplit('/').next().unwrap_or(path);
        let to = join(&directory, name);
        let is_answered = self
            .make_directory_and_move(&directory, path, &to)
            .map_err(|error| error.to_string())?;
        Ok(Moved {
            from: path.to_owned(),
            to,
            is_answered,
        })
    }

    /// Returns who sent a request by its own word, which must be an address: it becomes a name.
    fn sender(&self, path: &str, place: &Place) -> Result<Email, String> {
        let content = self.tree.read(path, LIMIT);
        let content = content.map_err(|error| error.to_string())?.bytes;
        let bytes = content.ok_or_else(|| format!("it is longer than {LIMIT} bytes"))?;
        let request = Request::parse(&bytes, place.id, Timestamp::EPOCH);
        let request = request.map_err(|error| error.to_string())?;
        if request.id != place.id {
            return Err("`id` is not that of the file".to_owned());
        }
        let sender = request.sender.parse();
        sender.map_err(|_| "`sender` is no e-mail address".to_owned())
    }

    /// Returns whether there was a response, which moves first: at no moment does the request look
    /// unanswered in its new place.
    fn make_directory_and_move(&self, directory: &str, from: &str, to: &str) -> io::Result<bool> {
        self.tree.make_directory(directory)?;
        let responses = response_to(from).zip(response_to(to));
        let Some((old, new)) = responses else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let is_answered = match self.tree.rename(&old, &new, Replace::No) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        let moved = self.tree.rename(from, to, Replace::No);
        if let Err(error) = moved {
            if is_answered && let Err(error) = self.tree.rename(&new, &old, Replace::No) {
                tracing::error!("{new:?} is not beside its request any more: {error}");
            }
            return Err(error);
        }
        Ok(is_answered)
    }
}

#[cfg(test)]
mod tests;
