//! What an instance of systemd's template has besides it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Facts, Step, files};
use crate::service::{Error, Unit, systemd};

/// An instance: the service of one user.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// The directory of the units.
    directory: PathBuf,
    /// What the names of all instances begin with.
    prefix: String,
    /// Its name with the ending.
    file_name: String,
}

impl Instance {
    pub(super) fn new(unit: &Unit, user: &str, directory: &Path) -> Self {
        let prefix = format!("{}@", unit.name);
        Self {
            directory: directory.to_owned(),
            file_name: format!("{prefix}{user}.service"),
            prefix,
        }
    }

    /// Returns the place of what differs from the template.
    pub(super) fn drop_in_file(&self) -> PathBuf {
        let directory = format!("{}.d", self.file_name);
        self.directory.join(directory).join("user.conf")
    }

    /// Returns what differs from the template, if anything does.
    pub(super) fn drop_in(unit: &Unit, user: &str, facts: &Facts) -> Result<Option<String>, Error> {
        let extra = extra_directories(unit, user, facts);
        if extra.is_empty() && facts.arguments.is_empty() {
            return Ok(None);
        }
        systemd::drop_in(unit, &facts.arguments, &extra).map(Some)
    }

    /// Removes what differs, and its directory.
    pub(super) fn remove(&self, marker: &str, tell: &mut dyn FnMut(Step)) -> Result<(), Error> {
        let file = self.drop_in_file();
        let mut is_removed = false;
        files::remove(&file, marker, &mut |step| {
            is_removed = true;
            tell(step);
        })?;
        if let (true, Some(directory)) = (is_removed, file.parent()) {
            // It stays when somebody else has a file there.
            drop(fs::remove_dir(directory));
        }
        Ok(())
    }

    /// Returns whether the template serves other users, too.
    pub(super) fn has_others(&self) -> Result<bool, Error> {
        let wanted = self.directory.join("multi-user.target.wants");
        let entries = match fs::read_dir(&wanted) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(files::io_error("list", &wanted, error)),
        };
        for entry in entries {
            let name = entry
                .map_err(|error| files::io_error("list", &wanted, error))?
                .file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&self.prefix) && name != self.file_name.as_str() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The template already lets the usual directory be written.
fn extra_directories(unit: &Unit, user: &str, facts: &Facts) -> Vec<PathBuf> {
    let usual = Path::new("/home").join(user).join(&unit.state);
    let mut extra: Vec<_> = facts
        .writable
        .iter()
        .filter(|path| !path.starts_with(&usual))
        .cloned()
        .collect();
    extra.sort();
    extra.dedup();
    extra
}
