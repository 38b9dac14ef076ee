//! Trees in memory on which plans are carried out.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsStr,
    path::{Path, PathBuf},
};

use crate::mirror::{
    Action, Base, FileError, Kind, Meta, NodeId, Options, Plan, Time, Tree,
    compare::Same,
    plan::{Side, Work, aside},
    tree::Listing,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inode {
    pub(crate) kind: Kind,
    /// Of a file its text, of a link where it leads to.
    pub(crate) content: String,
    pub(crate) mtime: i64,
    pub(crate) mode: u16,
}

/// A tree in memory; several paths may share an inode.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) paths: BTreeMap<PathBuf, u64>,
    pub(crate) inodes: HashMap<u64, Inode>,
    device: u64,
    next: u64,
    clock: i64,
}

impl World {
    pub(crate) fn new(side: Side) -> Self {
        let mut world = Self {
            paths: BTreeMap::new(),
            inodes: HashMap::new(),
            device: if side == Side::Source { 1 } else { 2 },
            next: 1,
            clock: 1_000,
        };
        world.put("", directory(1));
        world
    }

    pub(crate) fn put(&mut self, path: impl AsRef<Path>, inode: Inode) -> u64 {
        let ino = self.next;
        self.next += 1;
        self.inodes.insert(ino, inode);
        self.name(path.as_ref(), ino);
        ino
    }

    pub(crate) fn at(&self, path: impl AsRef<Path>) -> Option<&Inode> {
        let ino = self.paths.get(path.as_ref())?;
        Some(&self.inodes[ino])
    }

    pub(crate) fn at_mut(&mut self, path: impl AsRef<Path>) -> &mut Inode {
        let ino = self.paths[path.as_ref()];
        self.inodes.get_mut(&ino).unwrap()
    }

    pub(crate) fn remove(&mut self, path: &Path) {
        assert!(
            self.children(path).next().is_none(),
            "{path:?} is not empty"
        );
        assert!(self.paths.remove(path).is_some(), "{path:?} is not there");
        self.touch(path);
    }

    /// Gives an inode a further name.
    pub(crate) fn name(&mut self, path: &Path, ino: u64) {
        self.paths.insert(path.to_owned(), ino);
        self.touch(path);
    }

    /// Somebody changes it: what is in the other tree replaces what is here or is new, and
    /// files that the other tree has not go, but for the first.
    pub(crate) fn edit_like(&mut self, other: &Self) {
        let mut gone: Vec<PathBuf> = self.paths.keys().cloned().collect();
        gone.retain(|path| other.at(path).is_none());
        for path in gone.iter().skip(1).rev() {
            if self.children(path).next().is_none() {
                self.remove(path);
            }
        }
        for (path, ino) in &other.paths {
            let mut inode = other.inodes[ino].clone();
            let parent = path
                .parent()
                .map(|parent| self.at(parent).map(|at| at.kind));
            let is_room = parent == Some(Some(Kind::Directory));
            let old = self.at(path).map(|old| old.kind);
            if is_room && old != Some(Kind::Directory) && inode.kind != Kind::Directory {
                inode.mtime += self.clock;
                self.put(path, inode);
            } else if is_room && old.is_none() {
                self.put(path, inode);
            }
        }
    }

    fn touch(&mut self, path: &Path) {
        self.clock += 1;
        let clock = self.clock;
        if let Some(parent) = path.parent()
            && let Some(&parent) = self.paths.get(parent)
        {
            let inode = self.inodes.get_mut(&parent).unwrap();
            assert_eq!(inode.kind, Kind::Directory, "the parent of {path:?}");
            inode.mtime = clock;
        } else {
            assert!(path.as_os_str().is_empty(), "{path:?} has no parent");
        }
    }

    fn children<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = (&'a PathBuf, u64)> {
        let all = self.paths.iter().map(|(path, ino)| (path, *ino));
        all.filter(move |(child, _)| child.parent() == Some(path))
    }

    fn meta(&self, ino: u64) -> Meta {
        let inode = &self.inodes[&ino];
        let links = self.paths.values().filter(|&&other| other == ino).count();
        Meta {
            kind: inode.kind,
            size: inode.content.len() as u64,
            mtime: Time {
                seconds: inode.mtime,
                nanos: 0,
            },
            mode: inode.mode,
            uid: 0,
            gid: 0,
            dev: self.device,
            ino,
            links: u32::try_from(links).unwrap(),
        }
    }

    /// Looks at it as a scan would.
    pub(crate) fn tree(&self, options: &Options) -> Tree {
        let mut tree = Tree::of_root(self.meta(self.paths[Path::new("")]));
        let mut waiting = vec![(NodeId::ROOT, PathBuf::new())];
        while let Some((id, path)) = waiting.pop() {
            let mut listing = Listing::default();
            for (child, ino) in self.children(&path) {
                let meta = self.meta(ino);
                let is_directory = meta.kind == Kind::Directory;
                let filter = &options.filter;
                if filter.excludes(child, is_directory) {
                    listing.left_out += 1;
                    continue;
                }
                let target = match meta.kind {
                    Kind::Symlink => self.inodes[&ino].content.as_bytes(),
                    _ => b"",
                };
                let name = child.file_name().unwrap().as_encoded_bytes();
                listing.push(name, meta, target);
            }
            for child in tree.adopt(id, &mut listing).unwrap().map(NodeId) {
                if tree.meta(child).kind == Kind::Directory {
                    waiting.push((child, path.join(tree.name(child))));
                }
            }
        }
        tree
    }
}

pub(crate) fn directory(mtime: i64) -> Inode {
    Inode {
        kind: Kind::Directory,
        content: String::new(),
        mtime,
        mode: 0o755,
    }
}

pub(crate) fn file(content: &str, mtime: i64) -> Inode {
    Inode {
        kind: Kind::File,
        content: content.to_owned(),
        mtime,
        mode: 0o644,
    }
}

pub(crate) fn link(target: &str, mtime: i64) -> Inode {
    Inode {
        kind: Kind::Symlink,
        content: target.to_owned(),
        mtime,
        mode: 0o777,
    }
}

/// Both trees of a job.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) source: World,
    pub(crate) destination: World,
}

struct Known<'a>(&'a Pair, &'a Tree, &'a Tree);

impl Same for Known<'_> {
    fn same(&self, source: NodeId, destination: NodeId) -> Result<bool, FileError> {
        let Self(pair, ours, theirs) = self;
        let model = &pair.source.inodes[&ours.meta(source).ino];
        let copy = &pair.destination.inodes[&theirs.meta(destination).ino];
        assert_eq!(model.content.len(), copy.content.len());
        Ok(model.content == copy.content)
    }
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self {
            source: World::new(Side::Source),
            destination: World::new(Side::Destination),
        }
    }

    pub(crate) fn trees(&self, options: &Options) -> (Tree, Tree) {
        (self.source.tree(options), self.destination.tree(options))
    }

    pub(crate) fn plan(&self, options: &Options) -> Plan {
        let (source, destination) = self.trees(options);
        let same = Known(self, &source, &destination);
        super::super::plan(&source, &destination, options, &same)
    }

    pub(crate) fn plan_two_way(&self, options: &Options, base: &Base) -> Plan {
        let (source, destination) = self.trees(options);
        let same = Known(self, &source, &destination);
        super::super::plan_two_way(&source, &destination, options, &same, base)
    }

    /// Carries a plan out that was made with these options.
    pub(crate) fn apply(&mut self, plan: &Plan, options: &Options) {
        let (source, destination) = self.trees(options);
        let mut last = None;
        for action in &plan.actions {
            let phase = action.work.phase();
            assert!(last <= Some(phase), "{phase:?} after {last:?}");
            last = Some(phase);
            match action.on {
                Side::Destination => act(
                    (&self.source, &source),
                    (&mut self.destination, &destination),
                    action,
                    options,
                ),
                Side::Source => act(
                    (&self.destination, &destination),
                    (&mut self.source, &source),
                    action,
                    options,
                ),
            }
        }
    }
}

fn act(
    (model, model_tree): (&World, &Tree),
    (copy, copy_tree): (&mut World, &Tree),
    action: &Action,
    options: &Options,
) {
    let over = action.over.map(|over| copy_tree.path(over));
    let from = action.from.map(|from| model_tree.path(from));
    let path = from.clone().or(over.clone()).unwrap();
    let original = from.as_ref().map(|from| model.at(from).unwrap().clone());
    match action.work {
        Work::MakeRoom | Work::Delete => copy.remove(&over.unwrap()),
        Work::KeepAside => {
            let over = over.unwrap();
            let mtime = copy_tree.meta(action.over.unwrap()).mtime;
            let ino = copy.paths[&over];
            copy.remove(&over);
            let mut attempt = 1;
            let aside = loop {
                let name = aside::aside_name(over.file_name().unwrap(), mtime, attempt);
                let aside = over.with_file_name(name);
                if !copy.paths.contains_key(&aside) {
                    break aside;
                }
                attempt += 1;
            };
            copy.name(&aside, ino);
        }
        Work::MakeDirectory => {
            assert!(!copy.paths.contains_key(&path), "{path:?} is in the way");
            copy.put(&path, directory(0));
        }
        Work::CopyFile | Work::MakeSymlink => {
            assert!(over.is_some() || !copy.paths.contains_key(&path));
            assert!(copy.at(&path).is_none_or(|old| old.kind != Kind::Directory));
            let original = original.unwrap();
            let kind = match action.work {
                Work::CopyFile => Kind::File,
                _ => Kind::Symlink,
            };
            assert_eq!(original.kind, kind);
            copy.put(&path, original.clone());
            let clock = copy.clock;
            let new = copy.at_mut(&path);
            new.mtime = clock;
            if kind == Kind::File {
                new.mode = 0o600;
            }
            set(new, &original, options);
        }
        Work::HardLink(first) => {
            let ino = copy.paths[&model_tree.path(first)];
            assert_eq!(copy.inodes[&ino].kind, Kind::File);
            copy.name(&path, ino);
        }
        Work::SetAttributes => set(copy.at_mut(&path), &original.unwrap(), options),
        Work::FinishDirectory => set(copy.at_mut(&path), &original.unwrap(), options),
    }
}

fn set(new: &mut Inode, original: &Inode, options: &Options) {
    if options.timestamps {
        new.mtime = original.mtime;
    }
    if options.permissions && original.kind != Kind::Symlink {
        new.mode = original.mode;
    }
}

/// Lists the signs and paths of a plan in its order.
pub(crate) fn lines(pair: &Pair, plan: &Plan, options: &Options) -> Vec<String> {
    let (source, destination) = pair.trees(options);
    let line = |action: &Action| {
        let (model, copy) = match action.on {
            Side::Destination => (&source, &destination),
            Side::Source => (&destination, &source),
        };
        let path = match (action.from, action.over) {
            (Some(from), _) => model.path(from),
            (None, Some(over)) => copy.path(over),
            (None, None) => PathBuf::new(),
        };
        let arrow = match action.on {
            Side::Destination => "",
            Side::Source => "< ",
        };
        let work = match action.work {
            Work::HardLink(first) => format!("HardLink {}", name(model, first)),
            other => format!("{other:?}"),
        };
        format!("{arrow}{work} {}", path.display())
    };
    plan.actions.iter().map(line).collect()
}

fn name(tree: &Tree, id: NodeId) -> String {
    let name: &OsStr = tree.name(id);
    name.to_string_lossy().into_owned()
}
