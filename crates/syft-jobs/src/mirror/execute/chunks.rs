use std::ops::Range;

use crate::mirror::{
    Tree,
    plan::{Action, Side},
};

/// One thread takes so many files of a directory before it asks for more.
const MOST: usize = 256;
/// Tiny directories are taken together up to so many files.
const FEW: usize = 16;

/// Divides actions into pieces for one thread each, along the borders of directories.
pub(super) fn of<'a>(actions: &[Action], model_of: impl Fn(Side) -> &'a Tree) -> Vec<Range<usize>> {
    let place = |action: &Action| {
        let parent = action.from.map(|from| model_of(action.on).parent(from));
        (action.on, parent)
    };
    let mut chunks = Vec::new();
    let mut start = 0;
    for index in 1..actions.len() {
        let length = index - start;
        let is_border = place(&actions[index]) != place(&actions[index - 1]);
        if length >= MOST || (is_border && length >= FEW) {
            chunks.push(start..index);
            start = index;
        }
    }
    if start < actions.len() {
        chunks.push(start..actions.len());
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::{NodeId, plan::Work};

    /// Checks how copies into directories with so many files each are divided.
    #[track_caller]
    fn check(files_of_directories: &[u32], lengths: &[usize]) {
        let mut tree = Tree::default();
        let root = crate::mirror::tree::Node {
            parent: 0,
            ..a_node()
        };
        tree.nodes.push(root);
        let directories = u32::try_from(files_of_directories.len()).unwrap();
        for _ in 0..directories {
            tree.nodes.push(a_node());
        }
        let mut actions = Vec::new();
        for (directory, files) in (1..).zip(files_of_directories) {
            for _ in 0..*files {
                let id = NodeId(u32::try_from(tree.nodes.len()).unwrap());
                let mut node = a_node();
                node.parent = directory;
                tree.nodes.push(node);
                actions.push(Action {
                    work: Work::CopyFile,
                    on: Side::Destination,
                    from: Some(id),
                    over: None,
                });
            }
        }
        let chunks = of(&actions, |_| &tree);
        let found: Vec<_> = chunks.iter().map(ExactSizeIterator::len).collect();
        assert_eq!(found, lengths, "{files_of_directories:?}");
        let together: Vec<_> = chunks.into_iter().flatten().collect();
        assert_eq!(together, (0..actions.len()).collect::<Vec<_>>());
    }

    fn a_node() -> crate::mirror::Node {
        let meta = crate::mirror::Meta::from(&rustix::fs::stat("/").unwrap());
        let tree = Tree::of_root(meta);
        *tree.node(NodeId::ROOT)
    }

    #[test]
    fn directories_stay_together_unless_they_are_large() {
        check(&[], &[]);
        check(&[5], &[5]);
        check(&[100, 100], &[100, 100]);
        check(&[3, 3, 20, 3], &[26, 3]);
        check(&[600], &[256, 256, 88]);
    }
}
