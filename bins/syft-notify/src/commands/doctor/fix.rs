//! `doctor --fix`: takes the steps that can do no harm.

use super::finding::{Finding, Fix};
use crate::{
    commands::state::confirm,
    exit::{Failure, Outcome},
    term::{self, GOOD, count, paint},
};

/// Takes the steps of these findings after a yes, and returns whether there were any.
pub(super) async fn make(findings: &[Finding], is_agreed: bool) -> Outcome<bool> {
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
    confirm(is_agreed, format!("Do {}?", count(fixes.len(), "step"))).await?;
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
