use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};
use syft_state::Email;

/// What the placeholders in patterns stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholders {
    /// The owner of the SyftBox.
    pub email: Email,
    /// The app's name.
    pub app: String,
}

/// A compiled list of patterns, for paths below `datasites`.
///
/// The rules are those of `.gitignore` with every pattern floating: `a/b` is found at any depth.
/// Python tests absolute paths instead, so that its patterns can match above `datasites`.
#[derive(Clone, Debug)]
pub struct Pattern(Gitignore);

/// Says what is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It is empty.
    #[error("a pattern cannot be empty")]
    Empty,
    /// It names something that nothing stands for.
    #[error(
        "{{{0}}} stands for nothing: there are {{datasite}}, {{email}}, {{app_data}} and {{api_data}}"
    )]
    UnknownPlaceholder(String),
    /// A brace is open, or closes nothing.
    #[error("{0:?} has a brace without its partner: write {{{{ or }}}} for a brace itself")]
    Brace(String),
    /// It cannot be compiled.
    #[error("{glob:?} is no pattern: {reason}")]
    Malformed {
        /// The pattern.
        glob: String,
        /// Why.
        reason: String,
    },
}

impl Pattern {
    /// Compiles a list of patterns; of those that match a path, the last one decides.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn new(globs: &[String], names: &Placeholders) -> Result<Self, PatternError> {
        let malformed = |glob: &str, error: ignore::Error| PatternError::Malformed {
            glob: glob.to_owned(),
            reason: error.to_string(),
        };
        let mut builder = GitignoreBuilder::new("");
        for glob in globs {
            let line = line(glob, names)?;
            builder
                .add_line(None, &line)
                .map_err(|error| malformed(glob, error))?;
        }
        let compiled = builder.build().map_err(|error| malformed("", error))?;
        if globs.is_empty() {
            return Err(PatternError::Empty);
        }
        Ok(Self(compiled))
    }

    /// Returns whether a file's path below `datasites`, with slashes, matches.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        // A path that is absolute is not below anything, and the matcher panics at it.
        !path.starts_with('/')
            && matches!(
                self.0.matched_path_or_any_parents(path, false),
                Match::Ignore(_)
            )
    }
}

/// Fills a pattern in and lets it float.
fn line(glob: &str, names: &Placeholders) -> Result<String, PatternError> {
    if glob.contains(['\n', '\r', '\0']) {
        return Err(PatternError::Malformed {
            glob: glob.to_owned(),
            reason: "it holds a control character".to_owned(),
        });
    }
    let (sign, rest) = match glob.strip_prefix('!') {
        Some(rest) => ("!", rest),
        None => ("", glob),
    };
    let filled = fill(rest, names)?;
    let filled = filled.trim_start_matches('/');
    if filled.is_empty() {
        return Err(PatternError::Empty);
    }
    let float = if filled.starts_with("**/") { "" } else { "**/" };
    Ok(format!("{sign}{float}{filled}"))
}

fn fill(glob: &str, names: &Placeholders) -> Result<String, PatternError> {
    let unpaired = || PatternError::Brace(glob.to_owned());
    let mut filled = String::new();
    let mut rest = glob;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let tail = &rest[at..];
        // A doubled brace is one, and no alternative of patterns.
        if tail.starts_with("{{") || tail.starts_with("}}") {
            filled.push('\\');
            filled.push_str(&tail[..1]);
            rest = &tail[2..];
            continue;
        }
        let inner = tail.strip_prefix('{').ok_or_else(unpaired)?;
        let (name, after) = inner.split_once('}').ok_or_else(unpaired)?;
        let email = escaped(names.email.as_str());
        match name {
            "datasite" | "email" => filled.push_str(&email),
            "app_data" | "api_data" => {
                filled.push_str(&format!("{email}/app_data/{}", escaped(&names.app)));
            }
            _ => return Err(PatternError::UnknownPlaceholder(name.to_owned())),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A name stands for itself, whatever characters it has.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for c in name.chars() {
        if "\\*?[]{}!#".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn names() -> Placeholders {
        Placeholders {
            email: "me@x.com".parse().unwrap(),
            app: "my app".to_owned(),
        }
    }

    fn pattern(globs: &[&str]) -> Pattern {
        let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
        Pattern::new(&globs, &names()).unwrap()
    }

    /// These match above `datasites` in Python, because it tests absolute paths.
    const ABOVE: [&str; 3] = ["SyftBox", "datasites", "data"];

    #[test]
    fn matches_what_python_matches() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/data/vectors.json")).unwrap();
        let mut checked = 0;
        for vector in vectors["watch_glob_match"].as_array().unwrap() {
            let glob = vector["pattern"].as_str().unwrap();
            if ABOVE.iter().any(|name| glob.contains(name)) {
                continue;
            }
            let compiled = pattern(&[&glob.replace('{', "{{").replace('}', "}}")]);
            for (path, wanted) in vector["cases"].as_object().unwrap() {
                assert_eq!(compiled.matches(path), *wanted, "{glob} on {path}");
                checked += 1;
            }
        }
        assert!(checked > 40, "{checked}");
    }

    #[test]
    fn placeholders_stand_for_names() {
        let json = pattern(&["{datasite}/**/*.json"]);
        assert!(json.matches("me@x.com/a/b.json"));
        assert!(!json.matches("you@x.com/a/b.json"));
        for name in ["{app_data}", "{api_data}/"] {
            let data = pattern(&[name]);
            assert!(data.matches("me@x.com/app_data/my app/deep/file"), "{name}");
            assert!(!data.matches("me@x.com/app_data/other/file"), "{name}");
        }
    }

    #[test]
    fn a_later_pattern_takes_files_out_again() {
        let some = pattern(&["**/*.txt", "!**/private/**", "**/private/open.txt"]);
        assert!(some.matches("a/b.txt"));
        assert!(!some.matches("a/private/b.txt"));
        assert!(some.matches("a/private/open.txt"));
    }

    #[test]
    fn an_absolute_path_is_below_nothing() {
        let all = pattern(&["**/*"]);
        assert!(all.matches("a/b"));
        assert!(!all.matches("/a/b") && !all.matches("//"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |glob: &str| Pattern::new(&[glob.to_owned()], &names()).unwrap_err();
        assert_eq!(error(""), PatternError::Empty);
        assert_eq!(error("/"), PatternError::Empty);
        assert_eq!(
            error("{me}/x"),
            PatternError::UnknownPlaceholder("me".to_owned())
        );
        assert!(matches!(error("{datasite"), PatternError::Brace(_)));
        assert!(matches!(error("a}b"), PatternError::Brace(_)));
        assert!(matches!(error("a\nb"), PatternError::Malformed { .. }));
        assert!(matches!(error("a[z-a]"), PatternError::Malformed { .. }));
    }

    proptest! {
        #[test]
        fn no_pattern_and_no_path_make_it_panic(glob in ".{0,40}", path in "[^/\\x00]{1,20}(/[^/\\x00]{1,20}){0,3}") {
            if let Ok(pattern) = Pattern::new(&[glob], &names()) {
                let _matches = pattern.matches(&path);
            }
        }

        #[test]
        fn a_name_stands_for_itself(app in "[ -~]{1,12}") {
            prop_assume!(!app.contains('/') && app.trim_end() == app);
            let names = Placeholders { app: app.clone(), ..names() };
            let pattern = Pattern::new(&["{app_data}/f".to_owned()], &names).unwrap();
            let path = format!("me@x.com/app_data/{app}/f");
            prop_assert!(pattern.matches(&path));
        }
    }
}
