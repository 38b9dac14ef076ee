//! Text that somebody else wrote.

/// The longest piece of text, in characters, that is taken over from a peer.
const MAX_CHARACTERS: usize = 300;

/// Returns the beginning of a text, with an ellipsis where something is left out.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_characters() {
        assert_eq!(cut("naïve"), "naïve");
        let long = "é".repeat(301);
        assert_eq!(cut(&long), format!("{}…", "é".repeat(300)));
        assert_eq!(cut(&long[..600]), long[..600]);
    }
}
