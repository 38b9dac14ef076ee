//! Names that are valid by construction, so that no later code has to ask.

mod email;
mod rel_path;
mod timestamp;

pub use email::Email;
pub use rel_path::RelPath;
pub use timestamp::Timestamp;

/// Says why a text is not the kind of name it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}: {reason}")]
pub struct InvalidId {
    /// The text as it came, cut to a printable length.
    pub text: String,
    /// What it should have been, with its article: `an e-mail address`.
    pub expected: &'static str,
    /// The first rule that it breaks.
    pub reason: &'static str,
}

impl InvalidId {
    fn new(text: &str, expected: &'static str, reason: &'static str) -> Self {
        let text = text.chars().take(100).collect();
        Self {
            text,
            expected,
            reason,
        }
    }
}
