use std::{
    fs::{self, Metadata},
    io,
    path::Path,
};

use syft_state::{Error, fs::read_capped};

use super::{Gap, ScanOptions};

/// More gaps than this say nothing more.
const MAX_GAPS: usize = 1_000;

/// A look at the directory: how, and what could not be seen.
pub(super) struct Look<'a> {
    pub(super) options: &'a ScanOptions,
    gaps: Vec<Gap>,
}

impl<'a> Look<'a> {
    pub(super) fn new(options: &'a ScanOptions) -> Self {
        Self {
            options,
            gaps: Vec::new(),
        }
    }

    pub(super) fn gap(&mut self, path: &Path, reason: &str) {
        if self.gaps.len() < MAX_GAPS {
            self.gaps.push(Gap {
                path: path.to_owned(),
                reason: reason.to_owned(),
            });
        }
    }

    pub(super) fn into_gaps(self) -> Vec<Gap> {
        self.gaps
    }
}

/// Returns what is at `path`, without following a link: `None` is a gap, `Some(None)` nothing.
pub(super) fn stat(look: &mut Look<'_>, path: &Path) -> Option<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Some(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(None),
        Err(error) => {
            look.gap(path, &error.to_string());
            None
        }
    }
}

/// Returns whether there is a directory at `path`; `None` is a gap.
pub(super) fn is_directory(look: &mut Look<'_>, path: &Path) -> Option<bool> {
    match stat(look, path)? {
        None => Some(false),
        Some(found) if found.is_dir() => Some(true),
        Some(_) => {
            look.gap(path, "it is not a directory");
            None
        }
    }
}

/// Returns the names of the directories in a directory, sorted; links are none.
pub(super) fn directories(look: &mut Look<'_>, path: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            look.gap(path, &error.to_string());
            return names;
        }
    };
    for (index, entry) in entries.enumerate() {
        if index == look.options.max_entries {
            look.gap(path, &format!("it has more than {index} entries"));
            break;
        }
        match entry.and_then(|entry| Ok((entry.file_type()?, entry.file_name()))) {
            Err(error) => look.gap(path, &error.to_string()),
            Ok((kind, _)) if !kind.is_dir() => {}
            Ok((_, name)) => match name.into_string() {
                Ok(name) => names.push(name),
                Err(name) => look.gap(&path.join(name), "its name is not UTF-8"),
            },
        }
    }
    names.sort();
    names
}

/// Returns the content of a small regular file: `None` is a gap, `Some(None)` no file.
pub(super) fn read_small(
    look: &mut Look<'_>,
    path: &Path,
    limit: usize,
) -> Option<Option<Vec<u8>>> {
    let error = match read_capped(path, limit as u64) {
        Ok(content) => return Some(Some(content)),
        Err(error) if error.is_not_found() => return Some(None),
        Err(error) => error,
    };
    let reason = match &error {
        Error::NotRegular { what, .. } => format!("it is {what}, not a regular file"),
        Error::TooLarge { limit, .. } => format!("it is longer than {limit} bytes"),
        Error::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    };
    look.gap(path, &reason);
    None
}
