//! What holds for every two trees and all options.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::model::{Inode, Pair, World, directory, file, link};
use crate::{
    Filter,
    mirror::{Comparison, Conflicts, Kind, Options, Symlinks, plan::Work},
};

#[derive(Clone, Debug)]
enum Thing {
    Own(Inode),
    /// A further name of the file that was put in so many things ago.
    Another(usize),
}

fn thing() -> impl Strategy<Value = Thing> {
    let content = prop::sample::select(vec!["", "a", "b", "cc"]);
    let files = (content, 1..5_i64, any::<bool>()).prop_map(|(content, mtime, is_executable)| {
        let mut inode = file(content, mtime);
        inode.mode = if is_executable { 0o755 } else { 0o644 };
        Thing::Own(inode)
    });
    let links = (prop::sample::select(vec!["a", "b/a"]), 1..3_i64)
        .prop_map(|(target, mtime)| Thing::Own(link(target, mtime)));
    prop_oneof![
        6 => files,
        3 => (1..5_i64).prop_map(|mtime| Thing::Own(directory(mtime))),
        1 => links,
        2 => (0..4_usize).prop_map(Thing::Another),
    ]
}

/// Puts things where their parents are directories; the last at a path is there.
fn fill(world: &mut World, things: &[(Vec<&'static str>, Thing)]) {
    let mut files = Vec::new();
    for (parts, thing) in things {
        let path: PathBuf = parts.iter().collect();
        let parent = path.parent().unwrap();
        let is_free = world.at(&path).is_none();
        if world.at(parent).is_none_or(|at| at.kind != Kind::Directory) || !is_free {
            continue;
        }
        match thing {
            Thing::Own(inode) => {
                let ino = world.put(&path, inode.clone());
                if inode.kind == Kind::File {
                    files.push(ino);
                }
            }
            Thing::Another(back) if !files.is_empty() => {
                let at = files.len() - 1 - back % files.len();
                world.name(&path, files[at]);
            }
            Thing::Another(_) => {}
        }
    }
}

fn things() -> impl Strategy<Value = Vec<(Vec<&'static str>, Thing)>> {
    let name = prop::sample::select(vec!["a", "b", "c.tmp"]);
    let path = prop::collection::vec(name, 1..4);
    prop::collection::vec((path, thing()), 0..24)
}

pub(super) fn pair() -> impl Strategy<Value = Pair> {
    (things(), things()).prop_map(|(ours, theirs)| {
        let mut pair = Pair::new();
        fill(&mut pair.source, &ours);
        fill(&mut pair.destination, &theirs);
        pair
    })
}

pub(super) fn options() -> impl Strategy<Value = Options> {
    let comparison = prop::sample::select(vec![
        Comparison::Sha256,
        Comparison::Size,
        Comparison::Mtime,
        Comparison::SizeMtime,
        Comparison::Bytes,
    ]);
    let conflicts = prop::sample::select(vec![
        Conflicts::Source,
        Conflicts::Source,
        Conflicts::Destination,
        Conflicts::Newer,
        Conflicts::Larger,
        Conflicts::Copy,
        Conflicts::Manual,
        Conflicts::Skip,
    ]);
    let filter = prop::sample::select(vec![
        Filter::default(),
        Filter::default(),
        Filter::new(&["*.tmp"], &[]).unwrap(),
        Filter::new(&["/a"], &[]).unwrap(),
        Filter::new(&["b/*"], &[]).unwrap(),
        Filter::new(&[], &["*.tmp"]).unwrap(),
        Filter::new(&[], &["a/"]).unwrap(),
    ]);
    let size = prop::option::weighted(0.2, 0..2_u64);
    let switches = any::<[bool; 5]>();
    (comparison, conflicts, filter, size, switches).prop_map(
        |(comparison, conflicts, filter, max_file_size, switches)| {
            let [delete, permissions, timestamps, hard_links, skips_links] = switches;
            Options {
                comparison,
                conflicts,
                filter,
                max_file_size,
                delete,
                permissions,
                timestamps,
                hard_links,
                symlinks: match skips_links {
                    true => Symlinks::Skip,
                    false => Symlinks::Copy,
                },
                ..Options::default()
            }
        },
    )
}

/// Returns what a person would compare: paths with contents, and the names that belong together.
fn shape(world: &World, with_times: bool) -> Vec<(PathBuf, Inode, Vec<PathBuf>)> {
    let all = world.paths.iter().map(|(path, ino)| {
        let mut inode = world.inodes[ino].clone();
        if !with_times {
            inode.mtime = 0;
        }
        let others = world.paths.iter().filter(|(_, other)| *other == ino);
        let names = match inode.kind {
            Kind::File => others.map(|(path, _)| path.clone()).collect(),
            _ => Vec::new(),
        };
        (path.clone(), inode, names)
    });
    all.collect()
}

/// Returns whether something that takes no part is where something should come: then what should
/// come is an error of the run, again and again.
fn is_blocked(pair: &Pair, options: &Options) -> bool {
    pair.source.paths.iter().any(|(path, ino)| {
        let is_directory = |inode: &Inode| inode.kind == Kind::Directory;
        let excludes = |inode| options.filter.excludes(path, is_directory(inode));
        let other = pair.destination.at(path);
        other.is_some_and(|other| excludes(&pair.source.inodes[ino]) != excludes(other))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_second_plan_is_empty(mut pair in pair(), options in options()) {
        prop_assume!(!is_blocked(&pair, &options));
        let plan = pair.plan(&options);
        pair.apply(&plan, &options);
        let again = pair.plan(&options);
        let lines = super::model::lines(&pair, &again, &options);
        prop_assert!(lines.is_empty(), "{lines:?}");
        prop_assert_eq!(again.bytes, 0);
    }

    #[test]
    fn the_destination_becomes_the_source(mut pair in pair()) {
        let options = Options { delete: true, ..Options::default() };
        let source = shape(&pair.source, true);
        let plan = pair.plan(&options);
        prop_assert_eq!(&plan.errors, &vec![]);
        pair.apply(&plan, &options);
        prop_assert_eq!(shape(&pair.source, true), source);
        // Names that belong together in the destination alone are left together by rsync, too.
        let single = |shape: Vec<(PathBuf, Inode, Vec<PathBuf>)>| -> Vec<(PathBuf, Inode)> {
            shape.into_iter().map(|(path, inode, _)| (path, inode)).collect()
        };
        let (ours, theirs) = (shape(&pair.source, true), shape(&pair.destination, true));
        for (our, their) in ours.iter().zip(&theirs) {
            prop_assert!(our.2.iter().all(|name| their.2.contains(name)));
        }
        prop_assert_eq!(single(ours), single(theirs));
    }

    /// G12: the program of the seed deleted with `delete_destination_files = false`.
    #[test]
    fn nothing_goes_that_the_options_keep(mut pair in pair(), options in options()) {
        prop_assume!(!is_blocked(&pair, &options));
        let before = pair.destination.clone();
        let plan = pair.plan(&options);
        pair.apply(&plan, &options);
        let is_excluded = |path: &Path, inode: &Inode| {
            options.filter.excludes(path, inode.kind == Kind::Directory)
                || inode.kind == Kind::Symlink && options.symlinks == Symlinks::Skip
                || inode.kind == Kind::File
                    && pair.source.at(path).is_none()
                    && options.max_file_size.is_some_and(|max| inode.content.len() as u64 > max)
        };
        for (path, ino) in &before.paths {
            let old = &before.inodes[ino];
            let now = pair.destination.at(path);
            if is_excluded(path, old) {
                let now = now.map(|now| (&now.content, now.kind));
                prop_assert_eq!(now, Some((&old.content, old.kind)), "{:?}", path);
            }
            if !options.delete {
                prop_assert!(now.is_some(), "{path:?} is gone");
                if pair.source.at(path).is_none() && old.kind != Kind::Directory {
                    prop_assert_eq!(&now.unwrap().content, &old.content);
                }
            }
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_files_to_copy(pair in pair(), options in options()) {
        let plan = pair.plan(&options);
        let (source, _) = pair.trees(&options);
        let copies = plan.actions.iter().filter(|action| action.work == Work::CopyFile);
        let bytes: u64 = copies.map(|copy| source.meta(copy.from.unwrap()).size).sum();
        prop_assert_eq!(plan.bytes, bytes);
    }
}
