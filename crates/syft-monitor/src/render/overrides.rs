mod directory;

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
};

use tera::{Context, ErrorKind, Tera};

use super::{
    MailContext, cells,
    files::{Part, SHARED},
    tidy,
};
use crate::Template;

/// The largest text that an overriding template may make, in bytes.
const MAX_OUTPUT: usize = 512 * 1024;

/// A file in the override directory that cannot be used; the built-in text takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideProblem {
    /// The file, or the directory itself.
    pub file: PathBuf,
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub cause: String,
}

impl fmt::Display for OverrideProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}; the built-in text is used", self.cause)
    }
}

impl std::error::Error for OverrideProblem {}

/// The built-in templates with some of them replaced.
#[derive(Debug)]
pub(super) struct Overrides {
    directory: PathBuf,
    /// The replaced ones: their names and texts.
    files: BTreeMap<&'static str, String>,
    tera: Tera,
}

impl Overrides {
    /// Reads a directory; without a usable file in it there is nothing to override with.
    pub(super) fn load(
        directory: &Path,
        embedded: &dyn Fn() -> Tera,
    ) -> (Option<Self>, Vec<OverrideProblem>) {
        let mut problems = Vec::new();
        let mut overrides = Self {
            directory: directory.to_owned(),
            files: directory::read(directory, &mut problems),
            tera: embedded(),
        };
        // Every round removes a file, so that this ends.
        while let Err(problem) = overrides.assemble(embedded()) {
            overrides.remove(&problem);
            problems.push(problem);
        }
        let found = !overrides.files.is_empty();
        (found.then_some(overrides), problems)
    }

    /// Builds the templates from the remaining files and tries them with sample facts.
    fn assemble(&mut self, mut tera: Tera) -> Result<(), OverrideProblem> {
        let shared = |name: &&str| SHARED.contains(name);
        let names: Vec<&'static str> = self.files.keys().copied().collect();
        let (first, then): (Vec<_>, Vec<_>) = names.into_iter().partition(shared);
        for name in first.into_iter().chain(then) {
            tera.add_raw_template(name, &self.files[name])
                .map_err(|error| self.problem(name, &error))?;
        }
        self.tera = tera;
        for template in Template::ALL {
            for mail in MailContext::samples(template) {
                self.try_out(&mail)?;
            }
        }
        Ok(())
    }

    fn try_out(&self, mail: &MailContext) -> Result<(), OverrideProblem> {
        let mut variables = mail.variables();
        for part in Part::ALL {
            let text = self.render(mail.template(), part, &variables)?;
            match part {
                Part::Subject => variables.insert("subject", &text),
                Part::Code => variables.insert("cells", &cells(&text)),
                Part::Text | Part::Html => {}
            }
        }
        Ok(())
    }

    /// Renders one part; the problem, if there is one, names the file it lies in.
    pub(super) fn render(
        &self,
        template: Template,
        part: Part,
        variables: &Context,
    ) -> Result<String, OverrideProblem> {
        let file = part.file(template);
        if !self.tera.contains_template(&file) {
            return Ok(String::new());
        }
        let mut output = Bounded(Vec::new());
        self.tera
            .render_to(&file, variables, &mut output)
            .map_err(|error| self.problem(&file, &error))?;
        let text = tidy(part, &String::from_utf8_lossy(&output.0));
        if text.is_empty() && part != Part::Code {
            return Err(OverrideProblem {
                file: self.directory.join(file),
                line: None,
                cause: "it makes an empty text".to_owned(),
            });
        }
        Ok(text)
    }

    fn remove(&mut self, problem: &OverrideProblem) {
        let before = self.files.len();
        self.files
            .retain(|name, _| self.directory.join(name) != problem.file);
        if self.files.len() == before {
            self.files.clear();
        }
    }

    /// Finds the file that is to blame.
    ///
    /// That is the one that the error names, if it is ours. Otherwise a built-in file failed
    /// because of one of ours: the code that it shows, or what it builds on.
    fn problem(&self, used: &str, error: &tera::Error) -> OverrideProblem {
        let Place { file, line, cause } = Place::of(error);
        let place = file.unwrap_or_else(|| used.to_owned());
        let ours = |name: &str| self.files.contains_key(name);
        let (stem, extension) = used.rsplit_once('.').unwrap_or((used, ""));
        let code = format!("{stem}.py");
        let shared = SHARED
            .into_iter()
            .find(|name| name.ends_with(extension) && ours(name));

        let (file, line, cause) = match shared {
            _ if ours(&place) => (place.as_str(), line, cause),
            _ if ours(used) => (used, None, cause),
            _ if place == used && ours(&code) => {
                let cause = format!("it makes fewer cells than {used} shows");
                (code.as_str(), None, cause)
            }
            Some(shared) => (shared, None, cause),
            None => (used, None, cause),
        };
        OverrideProblem {
            file: self.directory.join(file),
            line,
            cause,
        }
    }
}

/// Where the template engine sees a mistake, and what it says of it.
struct Place {
    file: Option<String>,
    line: Option<usize>,
    cause: String,
}

impl Place {
    fn of(error: &tera::Error) -> Self {
        match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => Self {
                file: Some(report.filename().to_owned()),
                line: Some(report.span().start_line),
                cause: fragment(report.message()),
            },
            ErrorKind::Io(_) => Self {
                file: None,
                line: None,
                cause: format!("it makes a text of more than {MAX_OUTPUT} bytes"),
            },
            kind => Self::from_report(&kind.to_string()),
        }
    }

    /// Reads the engine's printed report: `error: …`, then ` --> file:line:column`.
    fn from_report(report: &str) -> Self {
        let first = report.lines().next().unwrap_or_default();
        let place = report
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("--> "));
        let mut parts = place.unwrap_or_default().splitn(3, ':');
        Self {
            file: parts.next().filter(|f| !f.is_empty()).map(str::to_owned),
            line: parts.next().and_then(|line| line.parse().ok()),
            cause: fragment(first.trim_start_matches("error: ")),
        }
    }
}

/// Fits the engine's sentence into ours: small first letter, no full stop.
fn fragment(sentence: &str) -> String {
    let sentence = sentence.trim().trim_end_matches('.');
    let mut rest = sentence.chars();
    rest.next().map_or_else(String::new, |first| {
        first.to_lowercase().collect::<String>() + rest.as_str()
    })
}

struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
