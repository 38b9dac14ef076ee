//! Which paths of a tree take part in a job.

/// Which paths of a tree take part in a job; by default all do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {}
