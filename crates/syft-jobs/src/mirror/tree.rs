//! What is in a tree, in little memory.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::FileError;

mod directory;
mod grow;
mod rules;
mod scan;

pub(crate) use directory::open_beneath;
pub(crate) use grow::Listing;
pub(crate) use rules::Rules;
pub use scan::scan;

/// Everything that a look found below a directory, as it was at that moment.
///
/// About 100 bytes an entry. Parents come before their children; the children of a directory
/// stand together, sorted by the bytes of their names. Node 0 is the root.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub(crate) nodes: Vec<Node>,
    /// The names and link targets of all nodes, one after the other.
    pub(crate) text: Vec<u8>,
    /// What could not be looked at. Below such a path nothing is known, which is not the same as
    /// nothing being there: it is never deleted, and never taken for deleted.
    pub problems: Vec<FileError>,
    /// Temporary files of earlier runs, relative to the root; they are no entries.
    pub leftovers: Vec<PathBuf>,
    /// How many entries take no part, each with everything below it.
    pub left_out: u64,
    /// Whether two names that differ in case alone are the same name here.
    pub folds_case: bool,
    /// What `.gitignore` files leave out, when they count.
    pub(crate) rules: Rules,
}

/// The place of a node in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// One entry of a tree.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub(crate) parent: u32,
    pub(crate) name: Span,
    /// Where a link leads to.
    pub(crate) target: Span,
    pub(crate) first_child: u32,
    pub(crate) children: u32,
    /// Whether its children, or it itself, could not all be looked at.
    pub(crate) is_partly_unknown: bool,
    /// Whether something in it takes no part, so that it cannot be deleted.
    pub(crate) has_left_out: bool,
    /// What the system says about it.
    pub meta: Meta,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) length: u16,
}

/// What the system says about an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Meta {
    /// What it is.
    pub kind: Kind,
    /// Its length in bytes.
    pub size: u64,
    /// When its content last changed.
    pub mtime: Time,
    /// Its permission bits, 0o7777 at most.
    pub mode: u16,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its device.
    pub dev: u64,
    /// Its inode.
    pub ino: u64,
    /// How many names it has.
    pub links: u32,
}

/// A point in time to the nanosecond, as file systems keep it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Time {
    /// Seconds since 1970-01-01 UTC; negative before.
    pub seconds: i64,
    /// Nanoseconds after that.
    pub nanos: u32,
}

/// The kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A fifo, a socket or a device, which is never copied.
    Special,
}

impl NodeId {
    /// The root of every tree.
    pub const ROOT: Self = Self(0);
}

impl Tree {
    /// Makes a tree that is nothing but a root, as that of a destination that is still to be made.
    #[must_use]
    pub fn of_root(meta: Meta) -> Self {
        Self {
            nodes: vec![Node {
                parent: 0,
                name: Span::default(),
                target: Span::default(),
                first_child: 1,
                children: 0,
                is_partly_unknown: false,
                has_left_out: false,
                meta,
            }],
            ..Self::default()
        }
    }

    /// Returns how many entries there are, the root among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns whether nothing was looked at, not even a root.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns the entries in the order in which a parent comes before its children.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)).map(NodeId)
    }

    /// Returns an entry.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Returns what the system says about an entry.
    #[must_use]
    pub fn meta(&self, id: NodeId) -> &Meta {
        &self.node(id).meta
    }

    /// Returns the directory of an entry; the root is its own.
    #[must_use]
    pub fn parent(&self, id: NodeId) -> NodeId {
        NodeId(self.node(id).parent)
    }

    /// Returns the last part of an entry's path; that of the root is empty.
    #[must_use]
    pub fn name(&self, id: NodeId) -> &OsStr {
        self.part(self.node(id).name)
    }

    /// Returns where a symbolic link leads to.
    #[must_use]
    pub fn target(&self, id: NodeId) -> &OsStr {
        self.part(self.node(id).target)
    }

    /// Returns the path of an entry, relative to the root; that of the root is empty.
    #[must_use]
    pub fn path(&self, id: NodeId) -> PathBuf {
        let mut names = Vec::new();
        let mut at = id;
        while at.0 != 0 {
            names.push(self.name(at));
            at = self.parent(at);
        }
        names.iter().rev().collect()
    }

    /// Returns the entries of a directory, sorted by the bytes of their names.
    pub fn children(&self, id: NodeId) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        let node = self.node(id);
        (node.first_child..node.first_child + node.children).map(NodeId)
    }

    /// Finds an entry by its name in a directory.
    #[must_use]
    pub fn child(&self, directory: NodeId, name: &OsStr) -> Option<NodeId> {
        let node = self.node(directory);
        let start = node.first_child as usize;
        let children = &self.nodes[start..start + node.children as usize];
        let found = children
            .binary_search_by(|child| self.part(child.name).as_bytes().cmp(name.as_bytes()));
        let index = u32::try_from(start + found.ok()?).ok()?;
        Some(NodeId(index))
    }

    /// Finds an entry by its path.
    #[must_use]
    pub fn find(&self, path: &Path) -> Option<NodeId> {
        if self.nodes.is_empty() {
            return None;
        }
        path.iter()
            .try_fold(NodeId(0), |at, name| self.child(at, name))
    }

    fn part(&self, span: Span) -> &OsStr {
        let start = span.start as usize;
        OsStr::from_bytes(&self.text[start..start + usize::from(span.length)])
    }
}

impl Time {
    /// Returns how far apart two times are.
    #[must_use]
    pub fn distance(self, other: Self) -> std::time::Duration {
        let nanos = |time: Self| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
        let apart = (nanos(self) - nanos(other)).unsigned_abs();
        let seconds = u64::try_from(apart / 1_000_000_000).unwrap_or(u64::MAX);
        let rest = u32::try_from(apart % 1_000_000_000).unwrap_or_default();
        std::time::Duration::new(seconds, rest)
    }
}
