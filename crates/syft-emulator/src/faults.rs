//! Faults that a test or a user injects.

mod rules;

pub use rules::{Effect, Fault, FaultStatus};
pub(crate) use rules::{Effects, Rules, Target};
