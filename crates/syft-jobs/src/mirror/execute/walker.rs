use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use crate::mirror::{NodeId, Tree};

/// So many directories on the way to the present one stay open, however deep it is.
const KEPT: usize = 16;

/// Opens directories of a tree one after the other, each step by its name and through no link.
///
/// What was opened on the way stays open for the next one, which is mostly a neighbour.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    root: BorrowedFd<'a>,
    tree: &'a Tree,
    links: Links,
    open: Vec<(NodeId, OwnedFd)>,
    chain: Vec<NodeId>,
}

/// Whether a directory of the tree may be a link on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    Refuse,
    /// It may, if it leads to what the tree says.
    FollowAsSeen,
}

impl<'a> Walker<'a> {
    /// The names are those of `tree`; the root may belong to another one of the same shape.
    pub(super) fn new(root: BorrowedFd<'a>, tree: &'a Tree, links: Links) -> Self {
        Self {
            root,
            tree,
            links,
            open: Vec::new(),
            chain: Vec::new(),
        }
    }

    /// Returns the open directory that an entry of the tree is in.
    pub(super) fn parent(&mut self, id: NodeId) -> Result<BorrowedFd<'_>, Errno> {
        self.directory(self.tree.parent(id))
    }

    /// Returns an open directory of the tree.
    pub(super) fn directory(&mut self, id: NodeId) -> Result<BorrowedFd<'_>, Errno> {
        let is_open = self.open.last().is_some_and(|(last, _)| *last == id);
        if !is_open && id != NodeId::ROOT {
            self.walk_to(id)?;
        }
        match self.open.last() {
            Some((_, directory)) if id != NodeId::ROOT => Ok(directory.as_fd()),
            _ => Ok(self.root),
        }
    }

    fn walk_to(&mut self, id: NodeId) -> Result<(), Errno> {
        self.chain.clear();
        let mut at = id;
        while at != NodeId::ROOT {
            self.chain.push(at);
            at = self.tree.parent(at);
        }
        self.chain.reverse();
        let pairs = self.open.iter().zip(&self.chain);
        let common = pairs.take_while(|((open, _), id)| open == *id).count();
        self.open.truncate(common);
        for index in common..self.chain.len() {
            let next = self.chain[index];
            let directory = self.step(next)?;
            if self.open.len() == KEPT {
                self.open.pop();
            }
            self.open.push((next, directory));
        }
        Ok(())
    }

    fn step(&self, id: NodeId) -> Result<OwnedFd, Errno> {
        let parent = self.open.last().map_or(self.root, |(_, open)| open.as_fd());
        let mut flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        flags.set(OFlags::NOFOLLOW, self.links == Links::Refuse);
        let directory = rustix::fs::openat(parent, self.tree.name(id), flags, Mode::empty())?;
        if self.links == Links::FollowAsSeen {
            let stat = rustix::fs::fstat(&directory)?;
            let seen = self.tree.meta(id);
            if (stat.st_dev, stat.st_ino) != (seen.dev, seen.ino) {
                return Err(Errno::LOOP);
            }
        }
        Ok(directory)
    }
}
