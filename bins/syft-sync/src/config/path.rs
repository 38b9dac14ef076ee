//! Paths as people write them.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    path::{Component, Path, PathBuf},
};

/// What `~`, `$NAME` and relative paths stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expander<'a> {
    pub(crate) home: &'a Path,
    pub(crate) environment: &'a Environment,
    /// Where relative paths begin.
    pub(crate) base: &'a Path,
}

/// Environment variables; their values may be secret and are never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment(BTreeMap<OsString, OsString>);

impl Expander<'_> {
    /// Returns an absolute path: `~/` at the beginning is the home directory, `$NAME` and
    /// `${NAME}` are variables, and `$$` is a dollar sign.
    ///
    /// # Errors
    ///
    /// A reason, if the path is empty or a variable is unknown.
    pub(crate) fn expand(&self, text: &str) -> Result<PathBuf, String> {
        if text.is_empty() {
            return Err("the path is empty".to_owned());
        }
        let (mut path, rest) = match text.strip_prefix('~') {
            None => (OsString::new(), text),
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                (self.home.as_os_str().to_owned(), rest)
            }
            Some(_) => {
                return Err(
                    "only ~/ is known, your own home; write ./~ for a name that begins so".into(),
                );
            }
        };
        self.push_expanded(rest, &mut path)?;
        Ok(clean(&self.base.join(path)))
    }

    fn push_expanded(&self, mut rest: &str, path: &mut OsString) -> Result<(), String> {
        while let Some((before, after)) = rest.split_once('$') {
            path.push(before);
            if let Some(after) = after.strip_prefix('$') {
                path.push("$");
                rest = after;
                continue;
            }
            let (name, after) = variable(after)?;
            let value = self.environment.get(name).filter(|value| !value.is_empty());
            path.push(value.ok_or_else(|| format!("the variable ${name} is not set"))?);
            rest = after;
        }
        path.push(rest);
        Ok(())
    }
}

/// Splits the name of a variable from what follows it.
fn variable(text: &str) -> Result<(&str, &str), String> {
    const UNCLEAR: &str = "a `$` begins the name of a variable; write `$$` for a dollar sign";
    let is_of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let (name, rest) = match text.strip_prefix('{') {
        Some(text) => text.split_once('}').ok_or(UNCLEAR)?,
        None => text.split_at(
            text.find(|character| !is_of_name(character))
                .unwrap_or(text.len()),
        ),
    };
    if name.is_empty() || !name.chars().all(is_of_name) {
        return Err(UNCLEAR.to_owned());
    }
    Ok((name, rest))
}

/// Returns a path without `.` and without separators that do nothing.
///
/// A `..` stays, for it leads elsewhere behind a symbolic link.
fn clean(path: &Path) -> PathBuf {
    path.components()
        .filter(|component| *component != Component::CurDir)
        .collect()
}

/// Returns how a path has to be written so that it is expanded to itself.
pub(crate) fn escape(path: &Path) -> String {
    path.to_string_lossy().replace('$', "$$")
}

impl Environment {
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(variables: T) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<PathBuf, String> {
        let env = [("BACKUP", "/mnt/backup"), ("EMPTY", ""), ("_1", "x")];
        let environment = env.map(|(name, value)| (name.into(), value.into()));
        Expander {
            home: Path::new("/home/me"),
            environment: &environment.into_iter().collect(),
            base: Path::new("/etc/syft-sync"),
        }
        .expand(text)
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(expand(text), Ok(expected.into()), "{text:?}");
        let again = escape(&expand(text).unwrap());
        assert_eq!(
            expand(&again),
            Ok(expected.into()),
            "{text:?} written as {again:?}"
        );
    }

    #[test]
    fn home_variables_and_relative_paths_are_expanded() {
        check("/a/b", "/a/b");
        check("~", "/home/me");
        check("~/Documents/", "/home/me/Documents");
        check("$BACKUP/a", "/mnt/backup/a");
        check("${BACKUP}a/$_1", "/mnt/backupa/x");
        check("/a/$$BACKUP/$$", "/a/$BACKUP/$");
        check("./source", "/etc/syft-sync/source");
        check("a//./b", "/etc/syft-sync/a/b");
        check("/a/../b", "/a/../b");
        check("/a/~", "/a/~");
    }

    #[test]
    fn what_is_unknown_is_no_path() {
        for (text, reason) in [
            ("", "empty"),
            ("$NOWHERE/a", "$NOWHERE is not set"),
            ("$EMPTY/a", "$EMPTY is not set"),
            ("~other/a", "only ~/ is known"),
            ("/a/$", "write `$$`"),
            ("/a/${", "write `$$`"),
            ("/a/${}", "write `$$`"),
            ("/a/${A-B}", "write `$$`"),
        ] {
            let error = expand(text).unwrap_err();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }

    #[test]
    fn variables_are_not_shown() {
        let variables = [("SYNC_PB_ADMIN_PASSWORD".into(), "hunter2".into())];
        let environment: Environment = variables.into_iter().collect();
        assert!(!format!("{environment:?}").contains("hunter2"));
    }
}
