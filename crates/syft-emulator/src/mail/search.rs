//! Gmail's search terms, as far as programs use them.

use super::{Label, error::MailError, store::Message};

/// A parsed `q`: every term must hold.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Search {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    MessageId(String),
    Subject(String),
    From(String),
    To(String),
    In(Label),
    Anywhere,
    Unread(bool),
}

impl Search {
    /// Parses `q`; a term that the emulator does not know is refused by name.
    pub(crate) fn parse(q: &str) -> Result<Self, MailError> {
        let terms = split(q)
            .into_iter()
            .map(|term| Term::parse(&term).ok_or(MailError::UnsupportedTerm(term)))
            .collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }

    /// Decides whether the message is found; trash and spam are only if a term asks for them.
    pub(crate) fn finds(&self, message: &Message, include_trash: bool) -> bool {
        let hidden =
            message.labels.contains(&Label::Trash) || message.labels.contains(&Label::Spam);
        (include_trash || !hidden || self.looks_in_trash())
            && self.terms.iter().all(|term| term.holds(message))
    }

    fn looks_in_trash(&self) -> bool {
        self.terms.iter().any(|term| {
            matches!(
                term,
                Term::Anywhere | Term::In(Label::Trash) | Term::In(Label::Spam)
            )
        })
    }
}

impl Term {
    fn parse(term: &str) -> Option<Self> {
        let (name, value) = term.split_once(':')?;
        let value = value.trim_matches('"').trim();
        if value.is_empty() {
            return None;
        }
        let text = value.to_owned();
        match &*name.to_ascii_lowercase() {
            "rfc822msgid" => {
                let id = value.trim_start_matches('<').trim_end_matches('>');
                Some(Self::MessageId(id.to_owned()))
            }
            "subject" => Some(Self::Subject(text)),
            "from" => Some(Self::From(text)),
            "to" => Some(Self::To(text)),
            "in" | "label" => match &*value.to_ascii_lowercase() {
                "anywhere" => Some(Self::Anywhere),
                "drafts" => Some(Self::In(Label::Draft)),
                other => Label::from_name(&other.to_ascii_uppercase())
                    .ok()
                    .map(Self::In),
            },
            "is" => match &*value.to_ascii_lowercase() {
                "unread" => Some(Self::Unread(true)),
                "read" => Some(Self::Unread(false)),
                _ => None,
            },
            _ => None,
        }
    }

    fn holds(&self, message: &Message) -> bool {
        let summary = &message.summary;
        match self {
            Self::MessageId(id) => summary.message_id.eq_ignore_ascii_case(id),
            Self::Subject(words) => has_words(&summary.subject, words),
            Self::From(who) => {
                is_address(&summary.from_address, who) || has_words(&summary.from, who)
            }
            Self::To(who) => {
                let mut all = summary.to.iter().chain(&summary.copies);
                all.any(|address| is_address(address, who) || has_words(address, who))
            }
            Self::In(label) => message.labels.contains(label),
            Self::Anywhere => true,
            Self::Unread(unread) => message.labels.contains(&Label::Unread) == *unread,
        }
    }
}

/// Splits at spaces outside double quotes.
fn split(q: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut quoted = false;
    for char in q.chars() {
        quoted ^= char == '"';
        match terms.last_mut() {
            Some(last) if quoted || !char.is_whitespace() => last.push(char),
            _ => terms.push(String::new()),
        }
    }
    terms.retain(|term| !term.is_empty());
    terms
}

fn is_address(address: &str, wanted: &str) -> bool {
    address.to_lowercase() == wanted.to_lowercase()
}

/// Decides whether the words occur one after the other; a whole address is never a part of one.
fn has_words(text: &str, wanted: &str) -> bool {
    if wanted.contains('@') {
        return false;
    }
    let (text, wanted) = (words(text), words(wanted));
    !wanted.is_empty() && text.windows(wanted.len()).any(|run| run == wanted)
}

fn words(text: &str) -> Vec<String> {
    text.split(|char: char| !char.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests;
