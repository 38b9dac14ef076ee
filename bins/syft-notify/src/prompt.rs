//! Questions to the person at the terminal, and what scripts get instead.

use std::{future::Future, io::IsTerminal};

use crate::{
    exit::{Failure, Outcome},
    term,
};

const INTERRUPTED: &str = "interrupted; nothing was changed";

/// Does something that asks; Ctrl+C ends it with exit code 1, also between two questions.
pub(crate) async fn interruptible<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => {
            leave_question();
            Err(Failure::error(INTERRUPTED))
        }
    }
}

/// Asks in a thread of its own, so that Ctrl+C is heard meanwhile.
pub(crate) async fn asking<T: Send + 'static>(
    questions: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Outcome<T> {
    let asked = tokio::task::spawn_blocking(questions).await;
    asked.unwrap_or_else(|error| Err(Failure::error(error)))
}

/// Asks for a text, or says which flag a script has to give.
pub(crate) fn text(question: &str, default: Option<String>, flag: &str) -> Outcome<String> {
    if !term::is_interactive() {
        return default.ok_or_else(|| {
            Failure::error(format!("{question}: nobody can be asked here"))
                .hint(format!("give it by {flag}"))
        });
    }
    let mut input = dialoguer::Input::<String>::new().with_prompt(question);
    if let Some(default) = default {
        input = input.default(default);
    }
    input.interact_text().map_err(|error| interrupted(&error))
}

/// Asks for a line that a script may also pipe in.
pub(crate) fn line(question: &str) -> Outcome<String> {
    if term::is_interactive() {
        return text(question, None, "a terminal");
    }
    if std::io::stdin().is_terminal() {
        term::say(format_args!("{question}:"));
    }
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    match read {
        Ok(length) if length > 0 => Ok(line),
        _ => Err(Failure::error(format!("{question}: nothing came"))
            .hint("run this in a terminal, or pipe the answer in")),
    }
}

/// Asks for a yes, which `--yes` says in advance.
pub(crate) fn confirm(question: &str) -> Outcome<bool> {
    let asked = dialoguer::Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact();
    asked.map_err(|error| interrupted(&error))
}

fn interrupted(error: &dialoguer::Error) -> Failure {
    leave_question();
    let dialoguer::Error::IO(error) = error;
    if error.kind() == std::io::ErrorKind::Interrupted {
        return Failure::error(INTERRUPTED);
    }
    Failure::error(format!("cannot ask: {error}; nothing was changed"))
}

/// A question that is cut off leaves the cursor hidden, and in its line.
fn leave_question() {
    if std::io::stderr().is_terminal() {
        dialoguer::console::Term::stderr().show_cursor().ok();
        term::say("");
    }
}
