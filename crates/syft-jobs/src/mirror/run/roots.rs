use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::{Error, Job};

/// Where the two trees of a job really are.
#[derive(Debug)]
pub(super) struct Roots {
    pub(super) source: PathBuf,
    pub(super) destination: PathBuf,
    /// The nearest directory on the way to the destination that is there already.
    existing: PathBuf,
}

impl Roots {
    /// Follows the links in a job's paths and makes sure that neither tree is within the other.
    pub(super) fn find(job: &Job) -> Result<Self, Error> {
        let source = canonical(&job.source, "find the source")?;
        let (existing, rest) = existing_part(&job.destination)?;
        let destination = match rest {
            Some(rest) => existing.join(rest),
            None => existing.clone(),
        };
        let roots = Self {
            source,
            destination,
            existing,
        };
        for root in [&roots.source, &roots.existing] {
            require_directory(root)?;
        }
        if roots.overlap()? {
            return Err(Error::Overlap {
                source_path: roots.source,
                destination_path: roots.destination,
            });
        }
        Ok(roots)
    }

    /// Returns whether the destination is there already.
    pub(super) fn is_made(&self) -> bool {
        self.existing == self.destination
    }

    pub(super) fn existing(&self) -> &Path {
        &self.existing
    }

    pub(super) fn make_destination(&self) -> Result<(), Error> {
        fs::create_dir_all(&self.destination)
            .map_err(|error| failure(&self.destination, "make the destination", error))
    }

    /// Compares what the paths lead to, for one directory may be mounted at several places.
    fn overlap(&self) -> Result<bool, Error> {
        let source = identity(&self.source)?;
        let mut destination = None;
        if self.is_made() {
            destination = Some(identity(&self.destination)?);
        }
        for ancestor in self.existing.ancestors() {
            if identity(ancestor)? == source {
                return Ok(true);
            }
        }
        for ancestor in self.source.ancestors() {
            if Some(identity(ancestor)?) == destination {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn identity(path: &Path) -> Result<(u64, u64), Error> {
    let metadata = fs::metadata(path).map_err(|error| failure(path, "examine", error))?;
    Ok((metadata.dev(), metadata.ino()))
}

fn require_directory(path: &Path) -> Result<(), Error> {
    let metadata = fs::metadata(path).map_err(|error| failure(path, "examine", error))?;
    if metadata.is_dir() {
        return Ok(());
    }
    let error = io::ErrorKind::NotADirectory.into();
    Err(failure(path, "look into", error))
}

/// Divides a path into the part that exists, with its links resolved, and the rest, if any.
fn existing_part(path: &Path) -> Result<(PathBuf, Option<&Path>), Error> {
    for ancestor in path.ancestors() {
        match fs::symlink_metadata(ancestor) {
            Ok(_) => {
                let existing = canonical(ancestor, "find the destination")?;
                let rest = path.strip_prefix(ancestor).ok();
                return Ok((existing, rest.filter(|rest| *rest != Path::new(""))));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failure(ancestor, "find the destination", error)),
        }
    }
    let error = io::ErrorKind::NotFound.into();
    Err(failure(path, "find the destination", error))
}

fn canonical(path: &Path, action: &'static str) -> Result<PathBuf, Error> {
    fs::canonicalize(path).map_err(|error| failure(path, action, error))
}

fn failure(path: &Path, action: &'static str, source: io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        action,
        source,
    }
}
