//! What may be taken away.

use std::collections::HashSet;

use crate::mirror::{Kind, NodeId, Options, Symlinks, Tree, tree::Rules};

/// Returns an entry and everything below it, from the leaves up, but for what has to stay, and
/// how many entries stay.
pub(super) fn doomed(
    tree: &Tree,
    top: NodeId,
    may_go: impl Fn(NodeId) -> bool,
) -> (Vec<NodeId>, u64) {
    let mut all = vec![top];
    let mut next = 0;
    while next < all.len() {
        all.extend(tree.children(all[next]));
        next += 1;
    }
    let mut kept = HashSet::new();
    let mut doomed = Vec::new();
    for &id in all.iter().rev() {
        if kept.contains(&id) || !may_go(id) {
            kept.insert(id);
            kept.insert(tree.parent(id));
        } else {
            doomed.push(id);
        }
    }
    let stay = all.len() - doomed.len();
    (doomed, stay as u64)
}

/// Returns whether the options let an entry go, whatever is below it.
pub(super) fn may_go(tree: &Tree, id: NodeId, options: &Options, rules: &Rules) -> bool {
    let node = tree.node(id);
    let is_directory = node.meta.kind == Kind::Directory;
    let is_known = !node.is_partly_unknown && !node.has_left_out;
    let is_kept_by_git = !rules.is_empty() && rules.leave_out(&tree.path(id), is_directory);
    let is_passage =
        is_directory && options.filter.has_includes() && !is_included(tree, id, options);
    is_known && takes_part(tree, id, options) && !is_kept_by_git && !is_passage
}

/// Returns whether the options let an entry take part at all, as far as its kind and size go.
pub(super) fn takes_part(tree: &Tree, id: NodeId, options: &Options) -> bool {
    let meta = tree.meta(id);
    match meta.kind {
        Kind::File => options.max_file_size.is_none_or(|max| meta.size <= max),
        Kind::Symlink => options.symlinks != Symlinks::Skip,
        Kind::Directory | Kind::Special => true,
    }
}

/// Returns whether a directory or one above it is included by name, rather than for its contents.
fn is_included(tree: &Tree, id: NodeId, options: &Options) -> bool {
    let path = tree.path(id);
    path.ancestors()
        .any(|level| options.filter.includes(level, true))
}
