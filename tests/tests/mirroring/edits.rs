//! What people do to trees.

use std::{
    fs::{self, File},
    os::unix::fs::{FileExt as _, symlink},
    path::{Path, PathBuf},
};

use crate::{
    random::Random,
    trees::{make_file, make_link, name, set_mode, touch},
};

/// Makes so many changes of all kinds to a tree.
pub(crate) fn edit(root: &Path, changes: usize, random: &mut Random) {
    for _ in 0..changes {
        let entries = entries(root);
        let directories: Vec<_> = entries.iter().filter(|path| is_directory(path)).collect();
        let parent = match random.below(directories.len() + 1) {
            0 => root,
            index => directories[index - 1],
        };
        let fresh = parent.join(name(random));
        if fs::symlink_metadata(&fresh).is_err() {
            add(&fresh, random);
        }
        if let Some(path) = entries.get(random.below(entries.len().max(1))) {
            change(path, random);
        }
    }
}

fn add(path: &Path, random: &mut Random) {
    match random.below(4) {
        0 => fs::create_dir(path).unwrap(),
        1 => make_link(path, random),
        _ => make_file(path, random),
    }
}

fn change(path: &Path, random: &mut Random) {
    let metadata = fs::symlink_metadata(path).unwrap();
    match random.below(7) {
        0 => remove(path),
        1 => {
            remove(path);
            add(path, random);
        }
        2 => {
            let aside = path.with_file_name(name(random));
            if fs::symlink_metadata(&aside).is_err() {
                fs::rename(path, aside).unwrap();
            }
        }
        3 if !metadata.is_symlink() => set_mode(path, 0o640),
        4 => touch(path, random),
        _ if metadata.is_file() => {
            let file = File::options().write(true).open(path).unwrap();
            let at = random.next() % (metadata.len() + 1);
            let written = random.below(3000);
            let bytes = random.bytes(written);
            file.write_all_at(&bytes, at).unwrap();
            drop(file);
            touch(path, random);
        }
        _ if metadata.is_symlink() => {
            fs::remove_file(path).unwrap();
            symlink("elsewhere", path).unwrap();
            touch(path, random);
        }
        _ => touch(path, random),
    }
}

pub(crate) fn remove(path: &Path) {
    if is_directory(path) {
        fs::remove_dir_all(path).unwrap();
    } else {
        fs::remove_file(path).unwrap();
    }
}

/// Returns everything below a directory, each directory before what is in it.
pub(crate) fn entries(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        let listed = fs::read_dir(&directory).unwrap();
        let mut paths: Vec<_> = listed.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        open.extend(paths.iter().filter(|path| is_directory(path)).cloned());
        found.extend(paths);
    }
    found
}

fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}
