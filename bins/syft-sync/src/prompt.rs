//! Questions to the person at the terminal.

use crate::{
    exit::{Failure, Outcome},
    term,
};

/// Asks for a yes, which `--yes` says in advance.
pub(crate) fn confirm(question: &str) -> Outcome<bool> {
    if !term::is_interactive() {
        return Err(
            Failure::error(format!("{question} Nobody can be asked here")).hint("add --yes"),
        );
    }
    let asked = dialoguer::Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact();
    asked.map_err(|error| Failure::error(format!("cannot ask: {error}; nothing was changed")))
}
