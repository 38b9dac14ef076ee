//! One pattern of a filter.

use std::{os::unix::ffi::OsStrExt, path::Path};

use globset::{GlobBuilder, GlobMatcher};

use crate::Error;

/// The longest pattern in bytes; what is longer is a mistake or an attack.
const MAX_LENGTH: usize = 4096;

#[derive(Clone)]
pub(super) struct Pattern {
    written: String,
    is_exception: bool,
    directories_only: bool,
    /// Matched with the whole path from the root; otherwise with the name alone.
    is_anchored: bool,
    /// The directory whose contents are meant, where it was written with `/*`.
    contents_of: Option<String>,
    test: Test,
}

/// Most patterns are a name or an ending, which need no automaton.
#[derive(Clone)]
enum Test {
    Literal(Vec<u8>),
    Ending(Vec<u8>),
    Glob(GlobMatcher),
}

impl Pattern {
    pub(super) fn as_written(&self) -> &str {
        &self.written
    }

    /// Returns whether it takes back what an earlier pattern said.
    pub(super) fn is_exception(&self) -> bool {
        self.is_exception
    }

    /// Returns whether it matches this entry itself, whatever is above it.
    pub(super) fn matches(&self, path: &Path, is_directory: bool) -> bool {
        if self.directories_only && !is_directory {
            return false;
        }
        let subject = if self.is_anchored {
            path
        } else {
            match path.file_name() {
                Some(name) => Path::new(name),
                None => return false,
            }
        };
        let bytes = subject.as_os_str().as_bytes();
        match &self.test {
            Test::Literal(name) => bytes == name.as_slice(),
            Test::Ending(ending) => bytes.ends_with(ending),
            Test::Glob(glob) => glob.is_match(subject),
        }
    }

    fn parse(written: &str) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::InvalidPattern {
            pattern: written.to_owned(),
            reason: reason.to_owned(),
        };
        if written.len() > MAX_LENGTH {
            return Err(invalid("it is longer than 4096 bytes"));
        }
        let (is_exception, text) = match written.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, written),
        };
        let (stem, ending) = split_ending(text);
        let is_anchored = stem.contains('/');
        let stem = stem.strip_prefix('/').unwrap_or(stem);
        if stem.is_empty() || stem.contains("//") || stem.contains('\0') {
            return Err(invalid("it names nothing"));
        }
        if stem.split('/').any(|part| part == "." || part == "..") {
            return Err(invalid(
                "paths begin at the root of the tree, without `.` and `..`",
            ));
        }
        Ok(Self {
            written: written.to_owned(),
            is_exception,
            directories_only: !ending.is_empty(),
            is_anchored,
            contents_of: (ending == "/*").then(|| stem.to_owned()),
            test: Test::new(written, stem, is_anchored)?,
        })
    }

    /// Narrows `build/*` from the directory itself down to what is in it.
    fn narrow_to_contents(&mut self, directory: &str) -> Result<(), Error> {
        let any_level = if self.is_anchored { "" } else { "**/" };
        let contents = format!("{any_level}{directory}/*");
        self.test = Test::new(&self.written, &contents, true)?;
        self.is_anchored = true;
        self.directories_only = false;
        Ok(())
    }
}

impl Test {
    fn new(written: &str, stem: &str, is_anchored: bool) -> Result<Self, Error> {
        let is_plain = |text: &str| !text.contains(['*', '?', '[', ']', '{', '}', '\\']);
        if is_plain(stem) {
            return Ok(Self::Literal(stem.as_bytes().to_vec()));
        }
        if let Some(ending) = stem.strip_prefix('*')
            && is_plain(ending)
            && !is_anchored
        {
            return Ok(Self::Ending(ending.as_bytes().to_vec()));
        }
        let glob = GlobBuilder::new(stem)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| Error::InvalidPattern {
                pattern: written.to_owned(),
                reason: error.kind().to_string(),
            })?;
        Ok(Self::Glob(glob.compile_matcher()))
    }
}

/// Reads patterns in their order.
pub(super) fn parse_all<S: AsRef<str>>(patterns: &[S]) -> Result<Vec<Pattern>, Error> {
    let texts = patterns.iter().map(AsRef::as_ref);
    texts.map(Pattern::parse).collect()
}

/// Lets `build/*` leave the directory itself in where a later `!build/keep` wants something in it.
///
/// Without exceptions the directory goes too, so that no empty one is left of a `.git/*`.
pub(super) fn open_for_exceptions(patterns: &mut [Pattern]) -> Result<(), Error> {
    for at in 0..patterns.len() {
        let (earlier, later) = patterns.split_at_mut(at + 1);
        let pattern = &mut earlier[at];
        let Some(directory) = pattern.contents_of.clone() else {
            continue;
        };
        let inside = format!("{directory}/");
        let is_wanted = later.iter().any(|exception| {
            let text = exception.written.trim_start_matches('!');
            let text = text.trim_start_matches("**/").trim_start_matches('/');
            exception.is_exception && text.starts_with(&inside)
        });
        if is_wanted {
            pattern.narrow_to_contents(&directory)?;
        }
    }
    Ok(())
}

/// Splits `/`, `/*` or `/**` off the end, unless nothing else is left.
fn split_ending(text: &str) -> (&str, &str) {
    for ending in ["/**", "/*", "/"] {
        if let Some(stem) = text.strip_suffix(ending)
            && !stem.is_empty()
            && !stem.ends_with(['/', '\\'])
        {
            return (stem, ending);
        }
    }
    (text, "")
}
