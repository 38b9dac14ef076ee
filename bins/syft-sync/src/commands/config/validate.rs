//! `syft-sync config validate`.

use std::path::Path;

use anstyle::Style;
use serde_json::{Value, json};

use crate::{
    config::{Config, ConfigError, Finding, Severity, Snippet, Sources},
    exit::{Exit, Failure, Outcome},
    term::{self, ACCENT, BAD, DIM, GOOD, WARN, count, paint},
};

pub(super) fn run(sources: &Sources, json: bool) -> Outcome {
    let Some(file) = sources.file()? else {
        return Err(super::no_file(sources));
    };
    match Config::load(sources) {
        Ok(config) => {
            let findings = with_snippets(&config.notes, |note| config.snippet(note));
            report(&file, &findings, Some(&config), json);
            Ok(())
        }
        Err(ConfigError::Invalid(invalid)) => {
            let findings = with_snippets(&invalid.findings, |finding| invalid.snippet(finding));
            report(&file, &findings, None, json);
            Err(Failure::silent(Exit::Usage))
        }
        Err(other) => Err(other.into()),
    }
}

type Shown<'a> = (&'a Finding, Option<Snippet>);

fn with_snippets(
    findings: &[Finding],
    snippet: impl Fn(&Finding) -> Option<Snippet>,
) -> Vec<Shown<'_>> {
    findings
        .iter()
        .map(|finding| (finding, snippet(finding)))
        .collect()
}

fn report(file: &Path, findings: &[Shown<'_>], config: Option<&Config>, json: bool) {
    if json {
        let findings: Vec<_> = findings
            .iter()
            .map(|(finding, _)| to_json(finding))
            .collect();
        return term::json(&json!({
            "file": file,
            "valid": config.is_some(),
            "jobs": config.map(|config| config.jobs.len()),
            "watchers": config.map(|config| config.watchers.len()),
            "findings": findings,
        }));
    }
    for (finding, snippet) in findings {
        term::out(render(file, finding, snippet.as_ref()));
    }
    match config {
        Some(config) => {
            let jobs = count(config.jobs.len(), "job");
            let watchers = count(config.watchers.len(), "watcher");
            term::out(format_args!(
                "{} {}: {jobs}, {watchers}",
                paint(GOOD, "ok"),
                file.display()
            ));
        }
        None => {
            let is_error = |(finding, _): &&Shown<'_>| finding.severity == Severity::Error;
            let errors = count(findings.iter().filter(is_error).count(), "error");
            let file = file.display();
            term::out(format_args!(
                "{} {file} cannot be used: {errors}",
                paint(BAD, "not ok")
            ));
        }
    }
}

fn to_json(finding: &Finding) -> Value {
    let place = finding.origin.place();
    json!({
        "severity": finding.severity.as_str(),
        "message": finding.message,
        "help": finding.help,
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "origin": finding.origin.to_string(),
    })
}

/// Returns a finding with the line that it is about, and carets under what is meant.
fn render(file: &Path, finding: &Finding, snippet: Option<&Snippet>) -> String {
    let style = match finding.severity {
        Severity::Error => BAD,
        Severity::Warning => WARN,
        Severity::Note => ACCENT,
    };
    let severity = paint(style, format_args!("{}:", finding.severity.as_str()));
    let mut text = format!("{severity} {}\n", finding.message);
    match (finding.origin.place(), snippet) {
        (Some(place), Some(snippet)) => {
            let number = place.line.to_string();
            let margin = " ".repeat(number.len());
            let bar = paint(DIM, "|");
            let carets = paint(caret_style(style), "^".repeat(snippet.width));
            text.push_str(&format!(
                "{margin}{} {}:{}:{}\n{} {bar} {}\n{margin} {bar} {}{carets}\n",
                paint(DIM, "-->"),
                file.display(),
                place.line,
                place.column,
                paint(DIM, &number),
                snippet.text,
                " ".repeat(snippet.indent),
            ));
        }
        _ => text.push_str(&format!("  {} {}\n", paint(DIM, "-->"), finding.origin)),
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("  {} {help}\n", paint(ACCENT, "help:")));
    }
    text
}

fn caret_style(style: Style) -> Style {
    style.bold()
}
