//! How a tree comes to be, one directory after the other.

use std::ops::Range;

use super::{Kind, Meta, Node, NodeId, Span, Time, Tree};

/// What one directory holds, before it has its place in a tree.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    entries: Vec<Entry>,
    text: Vec<u8>,
    /// Whether not everything in it could be looked at.
    pub(crate) is_partly_unknown: bool,
    /// How many entries take no part.
    pub(crate) left_out: u64,
}

#[derive(Debug)]
struct Entry {
    name: Range<usize>,
    target: Range<usize>,
    meta: Meta,
    is_unknown: bool,
}

/// Stands for what could not be looked at; such an entry is neither copied nor deleted.
const UNKNOWN: Meta = Meta {
    kind: Kind::Special,
    size: 0,
    mtime: Time {
        seconds: 0,
        nanos: 0,
    },
    mode: 0,
    uid: 0,
    gid: 0,
    dev: 0,
    ino: 0,
    links: 1,
};

/// A tree has more entries or longer names than it can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

impl Listing {
    /// Adds an entry; `target` is where a link leads to, or empty.
    pub(crate) fn push(&mut self, name: &[u8], meta: Meta, target: &[u8]) {
        let name = self.keep(name);
        let target = self.keep(target);
        self.entries.push(Entry {
            name,
            target,
            meta,
            is_unknown: false,
        });
    }

    /// Adds an entry of which nothing but the name is known.
    pub(crate) fn push_unknown(&mut self, name: &[u8]) {
        let name = self.keep(name);
        self.entries.push(Entry {
            name,
            target: 0..0,
            meta: UNKNOWN,
            is_unknown: true,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.text.clear();
        self.is_partly_unknown = false;
        self.left_out = 0;
    }

    fn keep(&mut self, part: &[u8]) -> Range<usize> {
        let start = self.text.len();
        self.text.extend_from_slice(part);
        start..self.text.len()
    }

    fn sort(&mut self) {
        let text = &self.text;
        self.entries
            .sort_unstable_by(|a, b| text[a.name.clone()].cmp(&text[b.name.clone()]));
    }
}

impl Tree {
    /// Puts what a directory holds below it and returns the new entries, sorted by name.
    pub(crate) fn adopt(
        &mut self,
        directory: NodeId,
        listing: &mut Listing,
    ) -> Result<Range<u32>, TooLarge> {
        listing.sort();
        let shift = self.text.len();
        let start = u32::try_from(self.nodes.len()).map_err(|_| TooLarge)?;
        let children = u32::try_from(listing.entries.len()).map_err(|_| TooLarge)?;
        let end = start.checked_add(children).ok_or(TooLarge)?;
        self.text.extend_from_slice(&listing.text);
        for entry in &listing.entries {
            self.nodes.push(Node {
                parent: directory.0,
                name: span(shift, &entry.name)?,
                target: span(shift, &entry.target)?,
                first_child: 0,
                children: 0,
                is_partly_unknown: entry.is_unknown,
                has_left_out: false,
                meta: entry.meta,
            });
        }
        let node = &mut self.nodes[directory.0 as usize];
        node.first_child = start;
        node.children = children;
        node.is_partly_unknown |= listing.is_partly_unknown;
        node.has_left_out |= listing.left_out > 0;
        self.left_out += listing.left_out;
        Ok(start..end)
    }
}

fn span(shift: usize, range: &Range<usize>) -> Result<Span, TooLarge> {
    Ok(Span {
        start: u32::try_from(shift + range.start).map_err(|_| TooLarge)?,
        length: u16::try_from(range.len()).map_err(|_| TooLarge)?,
    })
}
