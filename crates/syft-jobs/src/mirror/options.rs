//! What a run may do, and how.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Comparison;
use crate::Filter;

/// What a run may do, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Plans and changes nothing.
    pub dry_run: bool,
    /// Which paths take part; a path that does not is neither copied nor deleted.
    pub filter: Filter,
    /// Whether names that begin with a dot take no part.
    pub ignore_hidden: bool,
    /// Whether the source's `.gitignore` files leave out what git would.
    pub respect_gitignore: bool,
    /// When two files count as the same.
    pub comparison: Comparison,
    /// The largest difference of modification times that is none.
    pub modify_window: Duration,
    /// Whether permissions are kept.
    pub permissions: bool,
    /// Whether modification times are kept.
    pub timestamps: bool,
    /// Whether owner and group are kept, where the rights suffice.
    pub ownership: bool,
    /// Whether extended attributes of the user's namespace are kept.
    pub xattrs: bool,
    /// Whether names of one file are names of one file at the destination, too.
    pub hard_links: bool,
    /// Whether what is only in the destination is deleted.
    pub delete: bool,
    /// The share of the destination's entries in percent of which more is deleted only when somebody insists.
    pub delete_limit_percent: u8,
    /// Whether a run goes on after the first file that could not be synchronised.
    pub continue_on_error: bool,
    /// One way or two.
    pub direction: Direction,
    /// What happens when the destination has something newer, or both sides changed.
    pub conflicts: Conflicts,
    /// Files larger than this many bytes take no part.
    pub max_file_size: Option<u64>,
    /// What happens to symbolic links.
    pub symlinks: Symlinks,
    /// Whether a copy is read again and compared before it gets its name.
    pub verify: bool,
    /// When written files are safe from a power cut.
    pub durability: Durability,
}

/// The way changes take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From source to destination: a mirror.
    #[default]
    OneWay,
    /// Both ways, by what was the same after the last run.
    TwoWay,
}

/// What happens when the destination has something newer, or both sides changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflicts {
    /// The source wins.
    #[default]
    Source,
    /// The destination wins.
    Destination,
    /// The later modification time wins; the source when they are equal.
    Newer,
    /// The larger file wins; the source when they are equal.
    Larger,
    /// Both are kept: the loser under another name beside the winner, who is the newer one.
    Copy,
    /// Both stay as they are, and it is reported as something to be decided.
    Manual,
    /// Both stay as they are.
    Skip,
}

/// What happens to symbolic links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symlinks {
    /// They are links at the destination, too.
    #[default]
    Copy,
    /// They take no part.
    Skip,
    /// What they lead to is copied, within the tree's file system and without going round. In a
    /// job of both ways they stay links.
    Follow,
}

/// When written files are safe from a power cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// When the system likes.
    None,
    /// When the run is over: one flush for all.
    #[default]
    Run,
    /// Each before it gets its name.
    File,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dry_run: false,
            filter: Filter::default(),
            ignore_hidden: false,
            respect_gitignore: false,
            comparison: Comparison::default(),
            modify_window: Duration::from_millis(1),
            permissions: true,
            timestamps: true,
            ownership: false,
            xattrs: false,
            hard_links: true,
            delete: false,
            delete_limit_percent: 50,
            continue_on_error: false,
            direction: Direction::default(),
            conflicts: Conflicts::default(),
            max_file_size: None,
            symlinks: Symlinks::default(),
            verify: false,
            durability: Durability::default(),
        }
    }
}
