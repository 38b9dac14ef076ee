//! Keeps one tree in step with another.
//!
//! [`scan`](tree::scan) looks at a tree, [`plan`](plan::plan) compares two of them and decides
//! without touching anything, [`execute`](execute::execute) carries the decisions out. [`run()`]
//! does it all for a job.
//!
//! What always holds: at a final name there is a whole file or none; nothing is deleted that the
//! options do not allow; a second run of unchanged trees changes nothing.

pub mod base;
pub mod compare;
mod copy;
pub mod execute;
pub mod options;
pub mod plan;
pub mod progress;
pub mod report;
pub mod run;
pub mod tree;

pub use base::Base;
pub use compare::Comparison;
pub use execute::{Place, execute};
pub use options::{Conflicts, Direction, Durability, Options, Symlinks};
pub use plan::{Action, Held, Plan};
pub use progress::{Cancel, Permits, Progress};
pub use report::{Counts, ErrorKind, FileError, Report, Status};
pub use run::{Change, Context, Insist, Looked, look, run};
pub use tree::{Kind, Meta, Node, NodeId, Time, Tree};
