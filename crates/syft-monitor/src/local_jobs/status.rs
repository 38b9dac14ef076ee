use std::path::Path;

use syft_state::{
    Timestamp,
    yaml::{self, Keys},
};

use super::{
    Reached,
    disk::{Look, read_small, stat},
};
use crate::text::cut;

const RETURN_CODE: &str = "returncode.txt";
/// A return code has at most eleven characters and a line end.
const MAX_RETURN_CODE: usize = 64;

/// Reads the empty files that W1 and W2 leave beside the `config.yaml`; `None` is a gap.
pub(super) fn from_markers(look: &mut Look<'_>, job: &Path) -> Option<Vec<Reached>> {
    let approved = stat(look, &job.join("approved"))?;
    let Some(done) = stat(look, &job.join("done"))? else {
        return Some(approved.map(|_| Reached::Approved).into_iter().collect());
    };
    let done: Timestamp = match done.modified() {
        Ok(time) => time.into(),
        Err(error) => {
            look.gap(&job.join("done"), &error.to_string());
            return None;
        }
    };
    let mut reached = vec![Reached::Approved];
    let is_young = look.options.now.since(done) < look.options.grace;
    match return_code(look, job)? {
        // Runners write the code after the marker: an older one is that of an earlier run,
        // and a missing one may still come (T18).
        Some(code) if !is_young || code.written >= done => reached.push(outcome(Some(code.value))),
        None if !is_young => reached.push(Reached::Executed),
        _ => {}
    }
    Some(reached)
}

/// Reads the `state.yaml` that W3 and W4 keep in the review directory; `None` is a gap.
pub(super) fn from_state_file(look: &mut Look<'_>, review: &Path) -> Option<Vec<Reached>> {
    let path = review.join("state.yaml");
    let Some(text) = read_small(look, &path, yaml::MAX_LENGTH)? else {
        return Some(Vec::new());
    };
    let state = match yaml::parse_mapping(&text, Keys::LastCounts) {
        Ok(state) => state,
        Err(error) => {
            look.gap(&path, &error.to_string());
            return None;
        }
    };
    let return_code = state.text("return_code").and_then(|code| code.parse().ok());
    let reached = match state.text("status") {
        Some("received" | "pending") => Vec::new(),
        Some("approved" | "running") => vec![Reached::Approved],
        Some("rejected") => vec![Reached::Rejected {
            reason: state.text("review_reason").map(cut),
        }],
        Some("failed") => {
            let code = return_code.or(self::return_code(look, review)?.map(|code| code.value));
            vec![Reached::Approved, Reached::Failed { return_code: code }]
        }
        Some("done") => {
            let code = return_code.or(self::return_code(look, review)?.map(|code| code.value));
            vec![Reached::Approved, outcome(code)]
        }
        _ => {
            look.gap(&path, "it has no status that is known");
            return None;
        }
    };
    Some(reached)
}

fn outcome(return_code: Option<i32>) -> Reached {
    match return_code {
        None | Some(0) => Reached::Executed,
        Some(_) => Reached::Failed { return_code },
    }
}

struct ReturnCode {
    value: i32,
    written: Timestamp,
}

/// Returns the return code of a job: `None` is a gap, `Some(None)` that there is none.
fn return_code(look: &mut Look<'_>, directory: &Path) -> Option<Option<ReturnCode>> {
    let path = directory.join(RETURN_CODE);
    let Some(found) = stat(look, &path)? else {
        return Some(None);
    };
    let text = read_small(look, &path, MAX_RETURN_CODE)?.unwrap_or_default();
    let value = str::from_utf8(&text)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    match (value, found.modified()) {
        (Some(value), Ok(written)) => Some(Some(ReturnCode {
            value,
            written: written.into(),
        })),
        _ => {
            look.gap(&path, "it holds no number");
            None
        }
    }
}
