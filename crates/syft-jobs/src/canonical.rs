//! Canonical paths, also of what is not there yet.

use std::path::{Path, PathBuf};

/// Returns the canonical path of something as far as it is there, and the rest as it is written.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        if let Ok(found) = above.canonicalize() {
            let rest = path.strip_prefix(above).unwrap_or(Path::new(""));
            return match rest.as_os_str().is_empty() {
                true => found,
                false => found.join(rest),
            };
        }
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_as_far_as_there_is_something() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("real")).unwrap();
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).unwrap();
        assert_eq!(canonical(&root.join("link")), root.join("real"));
        assert_eq!(canonical(&root.join("link/a/b")), root.join("real/a/b"));
        assert_eq!(
            canonical(Path::new("/no/such/place")),
            Path::new("/no/such/place")
        );
    }
}
