//! A run from end to end.

use super::{Cancel, Permits, Progress};
use crate::store::Store;

/// What a run needs of the program that it runs in.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The wish that it ends.
    pub cancel: &'a Cancel,
    /// Its share of the operations that all runs may do at once.
    pub permits: &'a Permits,
    /// Who hears how far it is.
    pub progress: &'a dyn Progress,
    /// What is remembered from one run to the next.
    pub store: Option<&'a Store>,
    /// Whether it goes on where it would be held.
    pub insist: Insist,
}

/// Whether a plan is carried out that would be held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Insist {
    /// It is held, and the run fails with the reason.
    #[default]
    No,
    /// Somebody has looked at it and wants it.
    Yes,
}
