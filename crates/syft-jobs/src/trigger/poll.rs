//! Looking for changes where the system does not tell of them.

use std::{
    collections::{BTreeMap, HashMap},
    fs::Metadata,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use syft_state::watch::{Change, Depth, Hint};

/// What a tree looked like.
#[derive(Debug, Default)]
pub(super) struct Look {
    entries: BTreeMap<PathBuf, Seen>,
    /// What could not be looked at, and may be there or not.
    unknown: Vec<PathBuf>,
    /// How many directories there are, the root included.
    pub(super) directories: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    /// Device and number on it: the same under another name.
    id: (u64, u64),
    is_directory: bool,
    /// Length and modification time.
    content: (u64, i64, i64),
    /// Permissions and owner.
    attributes: (u32, u32, u32),
}

/// Looks at a tree without what `skip` leaves out.
///
/// # Errors
///
/// When the root cannot be looked at; anything else that cannot is remembered as such.
pub(super) fn look(root: &Path, depth: Depth, skip: impl Fn(&Path) -> bool) -> io::Result<Look> {
    let mut look = Look::default();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        look.directories += 1;
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if directory == root => return Err(error),
            Err(_) => {
                look.unknown.push(directory);
                continue;
            }
        };
        for entry in entries {
            let Ok(entry) = entry else {
                look.unknown.push(directory.clone());
                break;
            };
            let path = entry.path();
            let Ok(metadata) = entry.metadata() else {
                look.unknown.push(path);
                continue;
            };
            if metadata.is_dir() && depth == Depth::Tree && !skip(&path) {
                waiting.push(path.clone());
            }
            look.entries.insert(path, Seen::new(&metadata));
        }
    }
    Ok(look)
}

impl Look {
    /// Tells what is different in a later look.
    pub(super) fn compare(&self, later: &Self, mut tell: impl FnMut(Hint)) {
        let mut gone: HashMap<(u64, u64), &PathBuf> = HashMap::new();
        for (path, seen) in &self.entries {
            if !later.entries.contains_key(path) && !later.is_unknown(path) {
                gone.insert(seen.id, path);
            }
        }
        for (path, seen) in &later.entries {
            match self.entries.get(path) {
                Some(before) => before
                    .changes(seen, path)
                    .into_iter()
                    .flatten()
                    .for_each(&mut tell),
                None => match gone.remove(&seen.id) {
                    Some(from) => tell(Hint::Renamed {
                        from: from.clone(),
                        to: path.clone(),
                    }),
                    None if self.is_unknown(path) => {}
                    None if seen.is_directory => tell(Hint::Directory(path.clone())),
                    None => tell(file(path, Change::Created)),
                },
            }
        }
        for path in gone.into_values() {
            tell(file(path, Change::Removed));
        }
    }

    fn is_unknown(&self, path: &Path) -> bool {
        self.unknown.iter().any(|unknown| path.starts_with(unknown))
    }
}

impl Seen {
    fn new(metadata: &Metadata) -> Self {
        Self {
            id: (metadata.dev(), metadata.ino()),
            is_directory: metadata.is_dir(),
            content: (metadata.len(), metadata.mtime(), metadata.mtime_nsec()),
            attributes: (metadata.mode(), metadata.uid(), metadata.gid()),
        }
    }

    fn changes(&self, later: &Self, path: &Path) -> [Option<Hint>; 2] {
        // Of a directory's content its entries tell.
        let is_other = self.is_directory != later.is_directory || self.id != later.id;
        let is_written = !later.is_directory && (is_other || self.content != later.content);
        let is_new = later.is_directory && is_other;
        let content = if is_new {
            Some(Hint::Directory(path.to_owned()))
        } else {
            is_written.then(|| file(path, Change::Written))
        };
        let attributes =
            (self.attributes != later.attributes).then(|| Hint::Attributes(path.to_owned()));
        [content, attributes]
    }
}

fn file(path: &Path, change: Change) -> Hint {
    Hint::File {
        path: path.to_owned(),
        change,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn told(before: &Look, root: &Path) -> (Look, Vec<Hint>) {
        let later = look(root, Depth::Tree, |path| path.ends_with("left-out")).unwrap();
        let mut hints = Vec::new();
        before.compare(&later, |hint| hints.push(hint));
        (later, hints)
    }

    fn write(path: &Path, text: &str) {
        use std::io::Write as _;
        let mut file = fs::File::create(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn each_kind_of_change_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let at = |name: &str| root.join(name);
        fs::create_dir_all(at("left-out")).unwrap();
        write(&at("kept"), "");
        let (before, hints) = told(&Look::default(), root);
        assert_eq!(hints.len(), 2);
        assert_eq!(before.directories, 1);

        write(&at("left-out/a"), "");
        fs::create_dir(at("d")).unwrap();
        write(&at("d/a"), "");
        let (before, hints) = told(&before, root);
        assert_eq!(
            hints,
            [Hint::Directory(at("d")), file(&at("d/a"), Change::Created)]
        );

        write(&at("d/a"), "longer");
        let (before, hints) = told(&before, root);
        assert_eq!(hints, [file(&at("d/a"), Change::Written)]);

        fs::set_permissions(at("d/a"), fs::Permissions::from_mode(0o600)).unwrap();
        let (before, hints) = told(&before, root);
        assert_eq!(hints, [Hint::Attributes(at("d/a"))]);

        fs::rename(at("d/a"), at("b")).unwrap();
        let (before, hints) = told(&before, root);
        let renamed = Hint::Renamed {
            from: at("d/a"),
            to: at("b"),
        };
        assert_eq!(hints, [renamed]);

        fs::remove_file(at("b")).unwrap();
        let (before, hints) = told(&before, root);
        assert_eq!(hints, [file(&at("b"), Change::Removed)]);
        assert_eq!(told(&before, root).1, []);
    }

    /// Could not look is not: not there.
    #[test]
    fn what_cannot_be_looked_at_is_not_gone() {
        let path = |text: &str| PathBuf::from(text);
        let seen = Seen {
            id: (1, 1),
            is_directory: false,
            content: (0, 0, 0),
            attributes: (0, 0, 0),
        };
        let known = Look {
            entries: BTreeMap::from([(path("/r/d/a"), seen)]),
            ..Look::default()
        };
        let blind = Look {
            unknown: vec![path("/r/d")],
            ..Look::default()
        };
        let mut hints = Vec::new();
        known.compare(&blind, |hint| hints.push(hint));
        blind.compare(&known, |hint| hints.push(hint));
        assert_eq!(hints, []);
    }
}
