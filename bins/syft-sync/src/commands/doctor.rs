//! `syft-sync doctor`: looks at everything that the jobs need.
//!
//! Nothing is changed without `--fix`. Modules that look gather facts; what is to be said of them
//! is decided by pure functions.

mod disk;
mod files;
mod jobs;
mod ports;
mod process;
mod watches;

use serde_json::json;
use syft_terminal::finding::{self, Finding, Fix, Mark};

use crate::{
    args::DoctorArgs,
    config::{Config, Severity},
    exit::{Exit, Failure, Outcome, chain},
    place::{self, Place},
    prompt,
    session::Wanted,
    term::{self, GOOD, count, paint},
};

pub(crate) async fn run(wanted: &Wanted, args: &DoctorArgs, is_json: bool) -> Outcome {
    let mut findings = all(wanted, args).await?;
    if args.fix && fix(&findings, args.yes)? {
        findings = all(wanted, args).await?;
    }
    let exit = exit(&findings);
    if is_json {
        term::json(&json!({"ok": exit.is_none(), "findings": findings}));
    } else {
        finding::tell(&findings);
    }
    exit.map_or(Ok(()), |exit| Err(Failure::silent(exit)))
}

async fn all(wanted: &Wanted, args: &DoctorArgs) -> Outcome<Vec<Finding>> {
    let place = place::find(wanted)?;
    let mut findings = vec![config(&place)];
    findings.extend(process::findings(&process::Facts::gather(&place)));
    let Ok(config) = &place.config else {
        return Ok(findings);
    };
    let is_running = place.running().ok().flatten().is_some();
    findings.extend(files::findings(config));
    findings.extend(disk::findings(config));
    findings.extend(jobs::findings(config));
    findings.extend(watches::findings(&watches::Facts::gather(config)));
    findings.extend(ports::findings(config, is_running).await);
    if !args.offline {
        findings.extend(crate::remote::doctor(config).await);
    }
    Ok(findings)
}

fn config(place: &Place) -> Finding {
    const TOPIC: &str = "config";
    let name = place.file.as_deref().map_or_else(
        || "no config file".to_owned(),
        |file| file.display().to_string(),
    );
    match &place.config {
        Err(error) => Finding::problem(TOPIC, format!("{name}: {}", chain(error)))
            .because("nothing starts with it")
            .mend("syft-sync config validate"),
        Ok(_) if place.file.is_none() => Finding::warning(TOPIC, name)
            .because("there are no jobs but those of PocketBase")
            .mend("syft-sync config generate --output ~/.config/syft-sync/config.toml"),
        Ok(config) if warnings(config) > 0 => Finding::warning(
            TOPIC,
            format!("{name}: {}", count(warnings(config), "warning")),
        )
        .mend("syft-sync config validate"),
        Ok(_) => Finding::ok(TOPIC, name),
    }
}

fn warnings(config: &Config) -> usize {
    let notes = config.notes.iter();
    notes
        .filter(|note| note.severity == Severity::Warning)
        .count()
}

/// Takes the steps that can do no harm after a yes, and returns whether there were any.
fn fix(findings: &[Finding], is_agreed: bool) -> Outcome<bool> {
    let mut fixes: Vec<&Fix> = findings
        .iter()
        .filter_map(|found| found.fix.as_ref())
        .collect();
    fixes.dedup();
    if fixes.is_empty() {
        term::say("Nothing of this can be mended by --fix.");
        return Ok(false);
    }
    for fix in &fixes {
        term::say(format_args!("  {fix}"));
    }
    if !is_agreed && !prompt::confirm(&format!("Do {}?", count(fixes.len(), "step")))? {
        return Err(Failure::error("nothing was changed"));
    }
    for fix in &fixes {
        fix.make()
            .map_err(|error| Failure::error(format!("{fix}: {error}")))?;
    }
    term::say(format_args!(
        "{} {}.",
        paint(GOOD, "Done:"),
        count(fixes.len(), "step")
    ));
    Ok(true)
}

/// Returns how the program ends, if anything must be mended.
fn exit(findings: &[Finding]) -> Option<Exit> {
    let problems = findings
        .iter()
        .filter(|finding| finding.mark == Mark::Problem);
    let mut problems = problems.peekable();
    problems.peek()?;
    Some(if problems.all(|problem| problem.login_needed) {
        Exit::Unauthenticated
    } else {
        Exit::Error
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_it_ends() {
        let ok = || Finding::ok("a", "a");
        let problem = || Finding::problem("a", "a");
        let login = || Finding::problem("a", "a").login("b");
        assert_eq!(exit(&[]), None);
        assert_eq!(exit(&[ok(), Finding::warning("a", "a")]), None);
        assert_eq!(exit(&[ok(), login()]), Some(Exit::Unauthenticated));
        assert_eq!(exit(&[problem(), login()]), Some(Exit::Error));
    }
}
