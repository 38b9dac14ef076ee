//! What a config may say: the one list of keys that checking, showing, generating and the JSON
//! Schema are made of.

mod check;
mod keys;

pub(crate) use check::{LONGEST_LIST, LONGEST_TEXT, check, similar};
pub(crate) use keys::{FILE_WATCHER, ROOT, SYNC_JOB};

/// A key of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What is in force where nobody says anything.
    pub(crate) preset: Preset,
    /// One sentence for people.
    pub(crate) about: &'static str,
    pub(crate) is_required: bool,
    /// Whether it does anything; those that do not are there for configs of other programs.
    pub(crate) has_effect: bool,
}

/// What a value has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Bool,
    /// From the first to the second, both included.
    Integer(i64, i64),
    Number(f64, f64),
    /// 1 to 64 letters, digits, dots, underscores and hyphens.
    Id,
    Text,
    Secret,
    /// May begin with `~/` and name environment variables.
    Path,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    List(&'static Self),
    Table(&'static [Key]),
    /// A list of tables.
    Tables(&'static [Key]),
    /// Anything, which is not looked at.
    Any,
}

/// What is in force where nobody says anything.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Preset {
    /// Nothing, or something that depends on the machine.
    Absent,
    Bool(bool),
    Integer(i64),
    Text(&'static str),
    /// An empty list.
    Empty,
    Numbers(&'static [f64]),
    /// A table with the presets of its keys.
    Table,
}

impl Key {
    const fn new(name: &'static str, kind: Kind, preset: Preset, about: &'static str) -> Self {
        Self {
            name,
            kind,
            preset,
            about,
            is_required: false,
            has_effect: true,
        }
    }

    const fn required(name: &'static str, kind: Kind, about: &'static str) -> Self {
        let mut key = Self::new(name, kind, Preset::Absent, about);
        key.is_required = true;
        key
    }

    /// A key of other programs that does nothing here.
    const fn inert(name: &'static str, kind: Kind) -> Self {
        let mut key = Self::new(name, kind, Preset::Absent, "Has no effect.");
        key.has_effect = false;
        key
    }
}

impl Kind {
    fn is_number(self) -> bool {
        matches!(self, Self::Integer(..) | Self::Number(..))
    }

    /// Returns what it is, with its article, as in "expected …".
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Integer(lowest, i64::MAX) => format!("an integer of at least {lowest}"),
            Self::Integer(lowest, highest) => format!("an integer from {lowest} to {highest}"),
            Self::Number(lowest, f64::MAX) => format!("a number of at least {lowest}"),
            Self::Number(lowest, highest) => format!("a number from {lowest} to {highest}"),
            Self::Id | Self::Text | Self::Secret => "a string".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Choice(words) => match words {
                [word] => format!("{word:?}"),
                [words @ .., last] => format!("{} or {last:?}", quoted(words)),
                [] => "nothing".to_owned(),
            },
            Self::List(item) => format!("a list, each item being {}", item.describe()),
            Self::Table(_) => "a table".to_owned(),
            Self::Tables(_) => "a list of tables".to_owned(),
            Self::Any => "anything".to_owned(),
        }
    }
}

fn quoted(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
    quoted.join(", ")
}
