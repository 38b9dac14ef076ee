use std::{collections::BTreeMap, fmt, path::Path};

use syft_state::{Email, Timestamp, yaml};

use super::{FILE_NAME, RuleFileError, rules::RuleFile};
use crate::{
    layout::AppPaths,
    router::EndpointPath,
    skipped::Skipped,
    tree::{Tree, join},
};

/// Nobody nests directories deeper, and nobody can make a look at them endless.
const DEPTH: usize = 32;
/// So many permission files are read at most.
const FILES: usize = 10_000;
/// A path that is longer is nobody's, in bytes.
const LONGEST_PATH: usize = 4096;

/// What somebody wants to do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read it.
    Read,
    /// Make it, which is the same to the relay as changing it.
    Create,
    /// Change it.
    Write,
    /// Change who may do what.
    Admin,
}

/// What the relay would say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The file is their own.
    Owner,
    /// A rule allows it.
    Allowed {
        /// The directory whose rules count.
        directory: String,
        /// The pattern of the rule.
        pattern: String,
    },
    /// A rule is about the file and does not allow it.
    Denied {
        /// The directory whose rules count.
        directory: String,
        /// The pattern of the rule.
        pattern: String,
    },
    /// The rules that count say nothing about the file.
    NoRule {
        /// The directory whose rules count.
        directory: String,
    },
    /// There are no rules at all on the way to the file.
    NoRules,
}

/// The relay's rules, as they can be seen from here: a model of its Go code, for tests and for
/// people who ask why a request does not arrive.
///
/// The nearest directory above a file that has rules decides alone, unless rules above it are
/// marked as terminal. Of its rules the one with the most specific pattern that fits decides.
/// Paths are below `datasites`, with slashes, and begin with the owner.
#[derive(Clone, Debug, Default)]
pub struct Evaluator {
    files: BTreeMap<String, RuleFile>,
}

impl Verdict {
    /// Returns whether the relay would let it happen.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Owner | Self::Allowed { .. })
    }
}

impl Evaluator {
    /// Knows no rules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the rules of one directory, in place of those it had.
    ///
    /// # Errors
    /// [`RuleFileError`]; then the rules are as they were, as the relay keeps them.
    pub fn insert(&mut self, directory: &str, content: &[u8]) -> Result<(), RuleFileError> {
        let rules = RuleFile::parse(content)?;
        self.files
            .insert(directory.trim_matches('/').to_owned(), rules);
        Ok(())
    }

    /// Reads all permission files of one datasite, or of all of them, below a `datasites`
    /// directory; nothing is followed, and what cannot be used is returned with the reason.
    #[must_use]
    pub fn read(datasites: &Path, datasite: Option<&Email>) -> (Self, Vec<Skipped>) {
        let tree = Tree::new(datasites.to_owned(), datasites.to_owned());
        let mut reader = Reader {
            tree,
            evaluator: Self::new(),
            skipped: Vec::new(),
        };
        reader.visit(datasite.map_or("", Email::as_str), DEPTH);
        (reader.evaluator, reader.skipped)
    }

    /// Returns what the relay would say to somebody about a file at a time.
    #[must_use]
    pub fn evaluate(&self, user: &Email, path: &str, access: Access, now: Timestamp) -> Verdict {
        let path = path.trim_matches('/');
        // The relay compares beginnings only; no honest address begins with a whole other one.
        if path.starts_with(&user.key()) {
            return Verdict::Owner;
        }
        let found = self.nearest(path).filter(|_| path.len() <= LONGEST_PATH);
        let Some((directory, file)) = found else {
            return Verdict::NoRules;
        };
        let directory = directory.to_owned();
        let mut rules = file.rules.iter();
        let Some(rule) = rules.find(|rule| rule.is_about(&directory, path, user, now)) else {
            return Verdict::NoRule { directory };
        };
        let pattern = rule.pattern.clone();
        let is_rules = path.rsplit('/').next() == Some(FILE_NAME);
        let access = match access {
            Access::Write | Access::Create if is_rules => Access::Admin,
            access => access,
        };
        if rule.allows(user, access) {
            Verdict::Allowed { directory, pattern }
        } else {
            Verdict::Denied { directory, pattern }
        }
    }

    /// Returns what the relay would say to somebody's request for an endpoint, and to their reading
    /// the response: the first of the two that is not allowed.
    #[must_use]
    pub fn may_call(
        &self,
        user: &Email,
        app: &AppPaths,
        endpoint: &EndpointPath,
        now: Timestamp,
    ) -> Verdict {
        // Clients write their address as they know it, and the relay knows it in lower case.
        let directory = format!("{}/app_data/{}/rpc", app.datasite(), app.name());
        let directory = join(&directory, endpoint.as_str());
        let file = format!("{directory}/{}/{}", user, uuid::Uuid::nil());
        let path = format!("{file}{}", crate::layout::REQUEST);
        let asked = self.evaluate(user, &path, Access::Write, now);
        if !asked.is_allowed() {
            return asked;
        }
        let path = format!("{file}{}", crate::layout::RESPONSE);
        self.evaluate(user, &path, Access::Read, now)
    }

    /// Returns the rules that count for a file, with their directory.
    fn nearest(&self, path: &str) -> Option<(&str, &RuleFile)> {
        let ends = path.match_indices('/').map(|(at, _)| at);
        let mut nearest = None;
        for end in std::iter::once(0).chain(ends) {
            if let Some((directory, file)) = self.files.get_key_value(&path[..end]) {
                nearest = Some((directory.as_str(), file));
                if file.is_terminal {
                    break;
                }
            }
        }
        nearest
    }
}

/// Looks for permission files in a tree.
struct Reader {
    tree: Tree,
    evaluator: Evaluator,
    skipped: Vec<Skipped>,
}

impl Reader {
    fn visit(&mut self, directory: &str, depth: usize) {
        let entries = match self.tree.list(directory) {
            Ok(entries) => entries,
            Err(error) => return self.skipped.push(Skipped::new(directory, error)),
        };
        for entry in entries {
            let path = join(directory, &entry.name);
            if entry.is_directory {
                if depth > 0 {
                    self.visit(&path, depth - 1);
                }
            } else if entry.name == FILE_NAME {
                self.read(directory, path);
            }
        }
    }

    fn read(&mut self, directory: &str, path: String) {
        if self.evaluator.files.len() >= FILES {
            return self.skipped.push(Skipped::new(path, "there are too many"));
        }
        let content = match self.tree.read(&path, yaml::MAX_LENGTH as u64) {
            Ok(content) => content.bytes,
            Err(error) => return self.skipped.push(Skipped::new(path, error)),
        };
        let Some(bytes) = content else {
            return self.skipped.push(Skipped::new(path, "it is too large"));
        };
        if let Err(error) = self.evaluator.insert(directory, &bytes) {
            self.skipped.push(Skipped::new(path, error));
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => write!(f, "allowed: it is their own"),
            Self::Allowed { directory, pattern } => {
                write!(f, "allowed by the rule {pattern:?} in {directory:?}")
            }
            Self::Denied { directory, pattern } => {
                write!(f, "denied by the rule {pattern:?} in {directory:?}")
            }
            Self::NoRule { directory } => {
                write!(f, "denied: no rule in {directory:?} is about it")
            }
            Self::NoRules => write!(f, "denied: there are no rules"),
        }
    }
}

#[cfg(test)]
mod tests;
