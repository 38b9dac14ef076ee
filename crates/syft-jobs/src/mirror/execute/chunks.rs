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
