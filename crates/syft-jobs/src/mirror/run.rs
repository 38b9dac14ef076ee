//! A run from end to end.

/// Whether a plan is carried out that would be held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Insist {
    /// It is held, and the run fails with the reason.
    #[default]
    No,
    /// Somebody has looked at it and wants it.
    Yes,
}
