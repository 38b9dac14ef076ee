use std::fmt;

use super::BuildError;

/// The longest name that file systems take, in bytes.
const MAX_NAME: usize = 255;
/// What the relay refuses to store, in any case.
const REFUSED: [&str; 3] = ["api", ".well-known", "_internal"];
/// What the Go client never carries: whole names, beginnings, endings, and parts of names.
const IGNORED: [&str; 14] = [
    "syftignore",
    ".syftkeep",
    ".ipynb_checkpoints",
    "__pycache__",
    "dist",
    "venv",
    ".venv",
    ".vscode",
    ".idea",
    ".git",
    "logs",
    ".DS_Store",
    "Thumbds.db",
    "Icon",
];
const IGNORED_ENDINGS: [&str; 5] = [".tmp", ".log", ".pyc", ".pyo", ".pyd"];
const IGNORED_PARTS: [&str; 5] = [
    "syftrejected",
    "syftconflict",
    ".conflict",
    ".rejected",
    ".syft.tmp.",
];

/// The path of an endpoint below `rpc/`, without slashes around it; empty for `rpc/` itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointPath(String);

impl EndpointPath {
    /// Checks a path such as `/v1/users`.
    ///
    /// # Errors
    /// [`BuildError::BadPath`].
    pub fn new(path: &str) -> Result<Self, BuildError> {
        let normal = path.trim_matches('/');
        match normal.split('/').find_map(broken_rule) {
            Some(reason) if !normal.is_empty() => Err(BuildError::BadPath {
                path: path.to_owned(),
                reason,
            }),
            _ => Ok(Self(normal.to_owned())),
        }
    }

    /// Checks that files in its directory travel between machines.
    ///
    /// # Errors
    /// [`BuildError::Unsynced`].
    pub fn check_synced(&self) -> Result<(), BuildError> {
        match self.0.split('/').find_map(obstacle) {
            Some(reason) => Err(BuildError::Unsynced {
                path: format!("/{}", self.0),
                reason,
            }),
            None => Ok(()),
        }
    }

    /// Returns it without slashes around it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndpointPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.0)
    }
}

fn broken_rule(segment: &str) -> Option<&'static str> {
    let is_separator = |c: char| c == '\\' || c.is_control();
    match segment {
        "" => Some("there is nothing between two slashes"),
        "." | ".." => Some("it leads elsewhere"),
        _ if segment.contains(['*', '?']) => Some("wildcards are not allowed"),
        // The name of a sender's directory always has one, and nothing else may.
        _ if segment.contains('@') => Some("an @ would make it a sender's directory"),
        _ if segment.contains(is_separator) => Some("it holds a backslash or a control character"),
        _ if segment.ends_with(".request") || segment.ends_with(".response") => {
            Some("it looks like a message file")
        }
        _ if segment.len() > MAX_NAME => Some("a name in it is longer than 255 bytes"),
        _ => None,
    }
}

fn obstacle(segment: &str) -> Option<&'static str> {
    let is_refused = REFUSED
        .iter()
        .any(|name| name.eq_ignore_ascii_case(segment));
    let is_ignored = IGNORED.contains(&segment)
        || IGNORED_ENDINGS.iter().any(|end| segment.ends_with(end))
        || IGNORED_PARTS.iter().any(|part| segment.contains(part));
    if is_refused {
        Some("the relay refuses files below `api`, `.well-known` and `_internal`")
    } else if is_ignored {
        Some("the client does not carry files below such a name")
    } else {
        None
    }
}
