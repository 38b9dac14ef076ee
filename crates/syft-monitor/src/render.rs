//! Mails from templates: plain text, HTML and a subject for each event.
//!
//! The templates are part of the program. A directory of files with the same names overrides
//! them one by one; a file that is broken is reported, and the built-in one takes its place,
//! so that a slip in a template never holds up a mail.
//!
//! ```
//! use syft_monitor::{Event, Template, render::{MailContext, Renderer}};
//! use syft_state::Timestamp;
//!
//! let event = Event::PeerRequested { ds: "ada@uni.example".parse()? };
//! let owner = "owner@clinic.example".parse()?;
//! let mail = MailContext::for_event(&event, &owner, Template::PeerRequest, Timestamp::EPOCH)
//!     .expect("a peer request has this mail");
//!
//! let rendered = Renderer::embedded().render(&mail);
//! assert_eq!(rendered.subject, "New Peer Request from ada@uni.example");
//! assert!(rendered.text.contains(r#"client.approve_peer_request("ada@uni.example")"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod context;
mod display;
mod files;
mod overrides;
mod sample;
mod variables;

use std::{path::Path, sync::LazyLock};

use syft_transport::mime::header_text;
use tera::{Context, Kwargs, State, Tera, Value};

use crate::Template;

pub use context::MailContext;
pub use overrides::OverrideProblem;
pub use variables::{Variable, template_variables};

use files::Part;
use overrides::Overrides;

/// Divides the Python lines of a mail into parts to be run one after another, as notebooks do.
const CELL: &str = "# %%";

/// A mail, ready to be addressed.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// One line, safe in a header (T19).
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// The files of the override directory that could not be used for this mail.
    pub problems: Vec<OverrideProblem>,
}

/// Renders mails; the same input always gives the same output.
#[derive(Debug)]
pub struct Renderer {
    /// Parsed with the first mail: most looks mail nothing.
    embedded: LazyLock<Tera>,
    overrides: Option<Overrides>,
}

impl Renderer {
    /// Returns a renderer of the built-in templates.
    #[must_use]
    pub fn embedded() -> Self {
        Self {
            embedded: LazyLock::new(embedded),
            overrides: None,
        }
    }

    /// Returns a renderer that prefers the files in `directory`, and what is wrong with them.
    ///
    /// The files are read now and never again. A file that cannot be read, is too large, is
    /// not a template, or fails with sample facts is left out.
    #[must_use]
    pub fn with_overrides(directory: &Path) -> (Self, Vec<OverrideProblem>) {
        let (overrides, problems) = Overrides::load(directory, &embedded);
        let renderer = Self {
            embedded: LazyLock::new(embedded),
            overrides,
        };
        (renderer, problems)
    }

    /// Renders one mail.
    #[must_use]
    pub fn render(&self, mail: &MailContext) -> Rendered {
        let mut problems = Vec::new();
        let mut variables = mail.variables();
        let mut part =
            |part, variables: &Context| self.part(mail.template(), part, variables, &mut problems);

        let subject = part(Part::Subject, &variables);
        variables.insert("subject", &subject);
        let code = part(Part::Code, &variables);
        variables.insert("cells", &cells(&code));
        let text = part(Part::Text, &variables);
        let html = part(Part::Html, &variables);
        Rendered {
            subject,
            text,
            html,
            problems,
        }
    }

    fn part(
        &self,
        template: Template,
        part: Part,
        variables: &Context,
        problems: &mut Vec<OverrideProblem>,
    ) -> String {
        if let Some(overrides) = &self.overrides {
            match overrides.render(template, part, variables) {
                Ok(text) => return text,
                Err(problem) => problems.push(problem),
            }
        }
        let file = part.file(template);
        if !self.embedded.contains_template(&file) {
            return String::new();
        }
        let text = self
            .embedded
            .render(&file, variables)
            .expect("the built-in templates render all facts of their mails: tests try them");
        tidy(part, &text)
    }
}

fn embedded() -> Tera {
    let mut tera = Tera::new();
    tera.autoescape_on(vec![".html"]);
    tera.register_filter("unlinked", unlinked);
    tera.add_raw_templates(files::EMBEDDED)
        .expect("the built-in templates are valid: tests load them");
    tera
}

/// Escapes a text for HTML and sets its dots apart, so that mail readers make no links of
/// names such as `run.sh`.
fn unlinked(text: &str, _: Kwargs, _: &State) -> tera::TeraResult<Value> {
    let mut escaped = Vec::new();
    tera::escape_html(text, &mut escaped)?;
    let escaped = String::from_utf8(escaped)?;
    Ok(Value::safe_string(&escaped.replace('.', "<span>.</span>")))
}

fn cells(code: &str) -> Vec<String> {
    let lines: Vec<&str> = code.lines().collect();
    lines
        .split(|line| *line == CELL)
        .map(|cell| cell.join("\n").trim().to_owned())
        .filter(|cell| !cell.is_empty())
        .collect()
}

/// Brings a rendered template into the form in which it is mailed.
fn tidy(part: Part, text: &str) -> String {
    match part {
        Part::Subject => header_text(text),
        Part::Code | Part::Text | Part::Html => without_gaps(text),
    }
}

/// Removes what template tags leave behind: blanks at line ends and repeated empty lines.
fn without_gaps(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut lines_after_gap = 0;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            lines_after_gap = 0;
            continue;
        }
        if lines_after_gap == 0 && !tidy.is_empty() {
            tidy.push('\n');
        }
        lines_after_gap += 1;
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy
}

#[cfg(test)]
mod tests;
