//! Faults that a test or a user injects.

mod effect;
mod rules;

pub use effect::Effect;
pub(crate) use effect::Effects;
pub use rules::{Fault, FaultStatus};
pub(crate) use rules::{Rules, Target};
