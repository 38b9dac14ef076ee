use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
};

use proptest::prelude::*;

use super::*;
use crate::Filter;

/// A directory with files of these paths; one that ends with a slash is a directory.
fn tree(paths: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for path in paths {
        let at = dir.path().join(path);
        if path.ends_with('/') {
            fs::create_dir_all(at).unwrap();
        } else {
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            File::create(at).unwrap();
        }
    }
    dir
}

fn paths(tree: &Tree) -> Vec<String> {
    let mut paths: Vec<String> = tree
        .ids()
        .skip(1)
        .map(|id| tree.path(id).to_string_lossy().into_owned())
        .collect();
    paths.sort();
    paths
}

fn look(root: &Path, options: &Options) -> Tree {
    scan(root, Side::Source, options).unwrap()
}

#[track_caller]
fn check(on_disk: &[&str], options: &Options, expected: &[&str]) {
    let dir = tree(on_disk);
    assert_eq!(paths(&look(dir.path(), options)), expected);
}

#[test]
fn everything_is_found_in_its_place() {
    let dir = tree(&["a", "d/b", "d/e/c", "empty/"]);
    let tree = look(dir.path(), &Options::default());
    assert_eq!(paths(&tree), ["a", "d", "d/b", "d/e", "d/e/c", "empty"]);
    for id in tree.ids().skip(1) {
        assert!(tree.parent(id) < id);
        assert_eq!(tree.find(&tree.path(id)), Some(id));
        assert_eq!(tree.child(tree.parent(id), tree.name(id)), Some(id));
    }
    assert!(tree.problems.is_empty());
}

#[test]
fn what_the_system_says_is_kept_to_the_nanosecond() {
    let dir = tree(&["a"]);
    let path = dir.path().join("a");
    let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_700_000_000, 123_456_789);
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(42).unwrap();
    file.set_modified(time).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o4751)).unwrap();
    fs::hard_link(&path, dir.path().join("b")).unwrap();
    let tree = look(dir.path(), &Options::default());
    let [a, b] = ["a", "b"].map(|name| *tree.meta(tree.find(name.as_ref()).unwrap()));
    assert_eq!((a.size, a.mode, a.links), (42, 0o4751, 2));
    assert_eq!(
        (a.mtime.seconds, a.mtime.nanos),
        (1_700_000_000, 123_456_789)
    );
    assert_eq!(a.ino, b.ino);
}

#[test]
fn g11_what_a_filter_leaves_out_is_not_entered() {
    let options = Options {
        filter: Filter::new(&["*.tmp", "*.log", ".git/*"], &[]).unwrap(),
        ..Options::default()
    };
    let on_disk = ["a.txt", "a.tmp", "d/b.log", "d/.git/config", "d/c"];
    check(&on_disk, &options, &["a.txt", "d", "d/c"]);
    let dir = tree(&on_disk);
    let found = look(dir.path(), &options);
    assert_eq!(found.left_out, 3);
    let kept = found.find("d".as_ref()).unwrap();
    assert!(found.node(kept).has_left_out);
}

#[test]
fn g13_hidden_names_take_part_unless_they_are_not_to() {
    let on_disk = [".hidden/a", "b", "d/.c"];
    let all = [".hidden", ".hidden/a", "b", "d", "d/.c"];
    check(&on_disk, &Options::default(), &all);
    let options = Options {
        ignore_hidden: true,
        ..Options::default()
    };
    check(&on_disk, &options, &["b", "d"]);
}

#[test]
fn gits_rules_count_when_they_are_asked_for() {
    let dir = tree(&["a.o", "a.c", "d/b.o", "d/keep.o", "d/sub/keep.o"]);
    let write = |path: &str, text: &str| {
        syft_state::fs::write_atomic(&dir.path().join(path), text.as_bytes(), 0o644).unwrap();
    };
    write(".gitignore", "*.o\n");
    write("d/.gitignore", "!keep.o\n");
    let all = look(dir.path(), &Options::default());
    assert!(all.find("a.o".as_ref()).is_some());
    let options = Options {
        respect_gitignore: true,
        ..Options::default()
    };
    let expected = [
        ".gitignore",
        "a.c",
        "d",
        "d/.gitignore",
        "d/keep.o",
        "d/sub",
        "d/sub/keep.o",
    ];
    let found = look(dir.path(), &options);
    assert_eq!(paths(&found), expected);
    assert!(found.rules.leave_out("gone.o".as_ref(), false));
    let destination = scan(dir.path(), Side::Destination, &options).unwrap();
    assert!(destination.find("a.o".as_ref()).is_some());
}

#[test]
fn files_that_have_no_final_name_yet_are_leftovers() {
    let dir = tree(&["d/.syft-tmp.abc", "d/a"]);
    let found = look(dir.path(), &Options::default());
    assert_eq!(paths(&found), ["d", "d/a"]);
    assert_eq!(found.leftovers, [PathBuf::from("d/.syft-tmp.abc")]);
}

#[test]
fn links_that_have_no_final_name_yet_are_leftovers_also_where_hidden_names_take_no_part() {
    let dir = tree(&["d/a"]);
    symlink("a", dir.path().join("d/.syft-tmp.abc")).unwrap();
    for ignore_hidden in [false, true] {
        let options = Options {
            ignore_hidden,
            ..Options::default()
        };
        let found = look(dir.path(), &options);
        assert_eq!(paths(&found), ["d", "d/a"]);
        assert_eq!(found.leftovers, [PathBuf::from("d/.syft-tmp.abc")]);
    }
}

#[test]
fn links_are_looked_at_and_not_through() {
    let dir = tree(&["d/a"]);
    symlink("d", dir.path().join("link")).unwrap();
    symlink("nowhere", dir.path().join("broken")).unwrap();
    let found = look(dir.path(), &Options::default());
    assert_eq!(paths(&found), ["broken", "d", "d/a", "link"]);
    let link = found.find("link".as_ref()).unwrap();
    assert_eq!(found.meta(link).kind, Kind::Symlink);
    assert_eq!(found.target(link), "d");
    assert!(found.problems.is_empty());
}

#[test]
fn followed_links_are_what_they_lead_to_at_the_source_alone() {
    let dir = tree(&["d/a", "e/"]);
    symlink("d", dir.path().join("link")).unwrap();
    symlink("d/a", dir.path().join("file")).unwrap();
    symlink("..", dir.path().join("e/up")).unwrap();
    symlink("nowhere", dir.path().join("broken")).unwrap();
    symlink("/proc", dir.path().join("far")).unwrap();
    let options = Options {
        symlinks: Symlinks::Follow,
        ..Options::default()
    };
    let found = look(dir.path(), &options);
    let all = [
        "broken", "d", "d/a", "e", "e/up", "far", "file", "link", "link/a",
    ];
    assert_eq!(paths(&found), all);
    let mut problems: Vec<_> = found
        .problems
        .iter()
        .map(|problem| format!("{}: {}", problem.path.display(), problem.message))
        .collect();
    problems.sort();
    let expected = [
        "broken: the link leads nowhere",
        "e/up: the link leads back to a directory that it is in",
        "far: the link leads to another file system",
    ];
    assert_eq!(problems, expected);
    let destination = scan(dir.path(), Side::Destination, &options).unwrap();
    let link = destination.find("link".as_ref()).unwrap();
    assert_eq!(destination.meta(link).kind, Kind::Symlink);
}

#[test]
fn a_fifo_does_not_stop_a_look() {
    let dir = tree(&[]);
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, dir.path().join("fifo"), mode).unwrap();
    let found = look(dir.path(), &Options::default());
    let fifo = found.find("fifo".as_ref()).unwrap();
    assert_eq!(found.meta(fifo).kind, Kind::Special);
}

#[test]
fn a_root_that_is_no_directory_is_an_error_that_names_it() {
    let dir = tree(&["file"]);
    for name in ["file", "missing"] {
        let error = scan(&dir.path().join(name), Side::Source, &Options::default()).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn names_of_any_bytes_are_found() {
    let dir = tree(&[]);
    let name = OsStr::from_bytes(b"\xff\n\xfe");
    File::create(dir.path().join(name)).unwrap();
    let found = look(dir.path(), &Options::default());
    assert!(found.find(Path::new(name)).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A look finds what the filter says takes part, no more and no less.
    #[test]
    fn a_look_and_the_filter_agree(
        on_disk in prop::collection::btree_set("[ab.]{1,2}(/[ab]{1,2}){0,2}", 1..8),
        exclude in prop::collection::vec("!?/?[ab*]{1,2}(/[ab*])?/?", 0..3),
        include in prop::option::of("[ab*]{1,2}/?"),
    ) {
        let Ok(filter) = Filter::new(&exclude, include.as_slice()) else { return Ok(()) };
        let dir = tempfile::tempdir().unwrap();
        for path in &on_disk {
            let at = dir.path().join(path);
            // Where a file is, no directory can be, and the other way round.
            if fs::create_dir_all(at.parent().unwrap()).is_ok() && !at.exists() {
                File::create(at).unwrap();
            }
        }
        let all = look(dir.path(), &Options::default());
        let options = Options { filter, ..Options::default() };
        let found = look(dir.path(), &options);
        let mut expected: Vec<String> = all
            .ids()
            .skip(1)
            .filter(|&id| !options.filter.excludes(&all.path(id), all.meta(id).kind == Kind::Directory))
            .map(|id| all.path(id).to_string_lossy().into_owned())
            .collect();
        expected.sort();
        prop_assert_eq!(paths(&found), expected);
    }
}
