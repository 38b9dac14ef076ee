//! Which directories are the same, or within one another, behind all links.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

/// A path as it is written, and where it leads.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    written: PathBuf,
    /// The same as written, where nobody can look.
    real: PathBuf,
}

impl Reach {
    /// Follows a path, which is absolute, through all links.
    pub(super) fn of(path: &Path) -> Self {
        let written = without_parents(path);
        Self {
            real: real(path).unwrap_or_else(|_| written.clone()),
            written,
        }
    }

    /// Returns whether this is within a directory, or is that directory.
    pub(super) fn is_within(&self, directory: &Self) -> bool {
        self.written.starts_with(&directory.written) || self.real.starts_with(&directory.real)
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.is_within(other) || other.is_within(self)
    }
}

/// Returns where a path leads, of which the last parts need not be there yet.
///
/// # Errors
///
/// Any that keeps from looking, and `NotFound` for a link that leads nowhere, for nobody knows
/// what will be there.
pub(super) fn real(path: &Path) -> io::Result<PathBuf> {
    let mut missing = Vec::new();
    let mut existing = path;
    loop {
        match existing.canonicalize() {
            Ok(mut real) => {
                real.extend(missing.iter().rev());
                return Ok(without_parents(&real));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(existing).is_ok() {
                    return Err(error);
                }
                let (Some(parent), Some(name)) = (existing.parent(), last(existing)) else {
                    return Err(error);
                };
                missing.push(name);
                existing = parent;
            }
            Err(error) => return Err(error),
        }
    }
}

fn last(path: &Path) -> Option<Component<'_>> {
    path.components().next_back()
}

/// Returns a path in which each `..` has taken away what stands before it.
fn without_parents(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                cleaned.pop();
            }
            Component::CurDir => {}
            component => cleaned.push(component),
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_also_above_what_is_not_there_yet() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("a/b")).unwrap();
        symlink("a/b", root.join("link")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        let real = |path: &str| real(&root.join(path));
        assert_eq!(real("link/new/one").unwrap(), root.join("a/b/new/one"));
        assert_eq!(real("link/../c").unwrap(), root.join("a/c"));
        assert_eq!(real("new/../c").unwrap(), root.join("c"));
        assert!(real("dangling").is_err());
        assert!(real("dangling/one").is_err());
    }

    #[test]
    fn one_directory_has_many_names() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("a/b")).unwrap();
        symlink("a", root.join("link")).unwrap();
        let reach = |path: &str| Reach::of(&root.join(path));
        assert!(reach("link/b").is_within(&reach("a")));
        assert!(reach("a").overlaps(&reach("link/b")));
        assert!(!reach("a").is_within(&reach("link/b")));
        assert!(!reach("ab").overlaps(&reach("a")));
        assert!(reach("a/../a/b").is_within(&reach("a")));
    }
}
