//! `syft-notify doctor`: looks at everything that watching needs.
//!
//! Nothing is changed without `--fix`. Each module below has facts, which a shell gathers, and a
//! pure function from these facts to findings.

mod clock;
mod disk;
mod drive;
mod examine;
mod files;
mod fix;
mod google;
mod hub;
mod network;
mod process;
mod receivers;
mod record;
mod service;
mod setup;
mod syftbox;
mod tokens;

use serde_json::json;

use syft_terminal::finding;

use self::finding::{Finding, Mark};
use crate::{
    args::DoctorArgs,
    exit::{Exit, Failure, Outcome},
    prompt, term,
};

pub(crate) async fn run(args: DoctorArgs) -> Outcome {
    let mut findings = examine::all(&args).await?;
    if args.fix && prompt::interruptible(fix::make(&findings, args.yes)).await? {
        findings = examine::all(&args).await?;
    }
    let exit = exit(&findings);
    if args.data.json {
        term::json(&json!({"ok": exit.is_none(), "findings": findings}));
    } else {
        finding::tell(&findings);
    }
    exit.map_or(Ok(()), |exit| Err(Failure::silent(exit)))
}

/// Returns how the program ends, if anything must be mended.
fn exit(findings: &[Finding]) -> Option<Exit> {
    let mut problems = findings
        .iter()
        .filter(|finding| finding.mark == Mark::Problem);
    let first = problems.next()?;
    let is_login = first.login_needed && problems.all(|problem| problem.login_needed);
    Some(if is_login {
        Exit::LoginNeeded
    } else {
        Exit::Error
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(findings: &[Finding], expected: Option<Exit>, text: &str) {
        assert_eq!(exit(findings), expected);
        assert_eq!(finding::summary(findings), text);
    }

    #[test]
    fn how_it_ends() {
        let ok = || Finding::ok("a", "a");
        let warning = || Finding::warning("a", "a");
        let problem = || Finding::problem("a", "a");
        let login = || Finding::problem("a", "a").login("syft-notify init");
        check(&[], None, "All is well.");
        check(&[ok()], None, "All is well.");
        check(&[ok(), warning()], None, "It works; 1 thing to look at.");
        check(&[problem(), ok()], Some(Exit::Error), "1 problem to mend.");
        check(
            &[login(), login(), warning()],
            Some(Exit::LoginNeeded),
            "2 problems to mend, 1 thing to look at.",
        );
        check(
            &[login(), problem()],
            Some(Exit::Error),
            "2 problems to mend.",
        );
    }
}
