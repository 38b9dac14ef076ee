//! Which paths of a tree take part in a job.

use std::{fmt, path::Path, sync::Arc};

use crate::Error;

mod pattern;

use pattern::Pattern;

/// Which paths of a tree take part in a job; by default all do.
///
/// Patterns are those of `.gitignore`: one without a slash holds at any level, a leading slash
/// ties it to the root, a trailing `/`, `/*` or `/**` makes it one of directories, `!` takes back
/// what an earlier one said, and the last that matches decides. What is left out is left out with
/// everything below it. Upper and lower case differ, and names may be any bytes.
///
/// Where patterns to include are given, only what one of them matches takes part, with everything
/// below it; to exclude weighs more.
///
/// ```
/// use std::path::Path;
/// use syft_jobs::Filter;
///
/// let filter = Filter::new(&["*.tmp", ".git/*", "!keep.tmp"], &[])?;
/// assert!(filter.excludes(Path::new("deep/down/a.tmp"), false));
/// assert!(filter.excludes(Path::new("project/.git/config"), false));
/// assert!(!filter.excludes(Path::new("keep.tmp"), false));
/// # Ok::<(), syft_jobs::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Filter {
    exclude: Arc<[Pattern]>,
    include: Arc<[Pattern]>,
}

impl Filter {
    /// Makes a filter of patterns to exclude and, unless there are none, patterns to include.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidPattern`] for the first that means nothing.
    pub fn new<S: AsRef<str>>(exclude: &[S], include: &[S]) -> Result<Self, Error> {
        let mut excludes = pattern::parse_all(exclude)?;
        pattern::open_for_exceptions(&mut excludes)?;
        Ok(Self {
            exclude: excludes.into(),
            include: pattern::parse_all(include)?.into(),
        })
    }

    /// Returns whether an entry takes no part; its path is relative to the root of the tree.
    ///
    /// A directory that no pattern to include matches does take part, as something below it may.
    #[must_use]
    pub fn excludes(&self, path: &Path, is_directory: bool) -> bool {
        self.decide(path, is_directory).is_excluded
    }

    /// Returns the pattern that decided about an entry, as it was written.
    ///
    /// There is none where no pattern matches: then the entry takes part, unless there are
    /// patterns to include.
    #[must_use]
    pub fn why(&self, path: &Path, is_directory: bool) -> Option<&str> {
        self.decide(path, is_directory).pattern
    }

    /// Returns whether every path takes part.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exclude.is_empty() && self.include.is_empty()
    }

    /// Returns whether only what a pattern matches takes part.
    pub(crate) fn has_includes(&self) -> bool {
        !self.include.is_empty()
    }

    /// Returns whether an entry is left out, given that the directory it is in is not.
    pub(crate) fn leaves_out(&self, path: &Path, is_directory: bool) -> bool {
        let last = last_match(&self.exclude, path, is_directory);
        last.is_some_and(|pattern| !pattern.is_exception())
    }

    /// Returns whether a pattern to include matches an entry itself.
    pub(crate) fn includes(&self, path: &Path, is_directory: bool) -> bool {
        let last = last_match(&self.include, path, is_directory);
        last.is_some_and(|pattern| !pattern.is_exception())
    }

    fn decide(&self, path: &Path, is_directory: bool) -> Decision<'_> {
        let mut levels: Vec<&Path> = path.ancestors().collect();
        levels.pop();
        let mut decided = None;
        let mut included = None;
        for level in levels.into_iter().rev() {
            let is_directory = is_directory || level != path;
            let last = last_match(&self.exclude, level, is_directory);
            if let Some(pattern) = last.filter(|pattern| !pattern.is_exception()) {
                return Decision::new(true, Some(pattern));
            }
            decided = last;
            included = included.or_else(|| last_match(&self.include, level, is_directory));
        }
        match included.filter(|pattern| !pattern.is_exception()) {
            Some(pattern) => Decision::new(false, decided.or(Some(pattern))),
            None => Decision::new(self.has_includes() && !is_directory, decided.or(included)),
        }
    }
}

struct Decision<'a> {
    is_excluded: bool,
    pattern: Option<&'a str>,
}

impl<'a> Decision<'a> {
    fn new(is_excluded: bool, pattern: Option<&'a Pattern>) -> Self {
        Self {
            is_excluded,
            pattern: pattern.map(Pattern::as_written),
        }
    }
}

fn last_match<'a>(patterns: &'a [Pattern], path: &Path, is_directory: bool) -> Option<&'a Pattern> {
    let mut backwards = patterns.iter().rev();
    backwards.find(|pattern| pattern.matches(path, is_directory))
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        let texts = |patterns: &[Pattern]| -> Vec<String> {
            let written = patterns
                .iter()
                .map(|pattern| pattern.as_written().to_owned());
            written.collect()
        };
        texts(&self.exclude) == texts(&other.exclude)
            && texts(&self.include) == texts(&other.include)
    }
}

impl Eq for Filter {}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = |patterns: &[Pattern]| -> Vec<String> {
            let written = patterns
                .iter()
                .map(|pattern| pattern.as_written().to_owned());
            written.collect()
        };
        f.debug_struct("Filter")
            .field("exclude", &texts(&self.exclude))
            .field("include", &texts(&self.include))
            .finish()
    }
}

#[cfg(test)]
mod tests;
