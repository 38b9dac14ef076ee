//! What happens, in lines of the log.

use syft_jobs::{
    RunRecord,
    mirror::{Report, Status},
    service::Event,
};

use crate::words;

/// No more errors of a run are logged; the record has them all.
const ERRORS: usize = 10;

/// Logs what a person would want to read later.
pub(super) fn log(event: &Event) {
    match event {
        Event::Started { job, cause, run_id } => {
            tracing::info!(job = %job, run_id, "{job}: begins ({})", cause.as_str());
        }
        Event::Finished(run) => finished(run),
        Event::Refused { job, cause, why } => {
            tracing::warn!(job = %job, "{job}: does not run ({}): {why}", cause.as_str());
        }
        Event::Missed { job } => {
            tracing::warn!(job = %job, "{job}: a run was missed and is not made up for");
        }
        Event::NotRecorded { run_id, why } => {
            tracing::error!(run_id, "what a run did could not be written down: {why}");
        }
        other => tracing::debug!(event = other.kind(), "{}", about(other)),
    }
}

fn about(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_else(|_| event.kind().to_owned())
}

fn finished(run: &RunRecord) {
    let report = &run.report;
    let job = &run.job;
    let text = format!("{job}: {}", sentence(report));
    match report.status {
        Status::Success | Status::Skipped => {
            tracing::info!(job = %job, run_id = run.run_id, "{text}");
        }
        Status::Partial | Status::Cancelled => {
            tracing::warn!(job = %job, run_id = run.run_id, "{text}");
        }
        Status::Failed => tracing::error!(job = %job, run_id = run.run_id, "{text}"),
    }
    for error in report.errors.iter().take(ERRORS) {
        tracing::warn!(job = %job, "{job}: {}: {}", error.path.display(), error.message);
    }
    if report.errors.len() > ERRORS {
        tracing::warn!(job = %job, "{job}: and {} more", report.errors.len() - ERRORS);
    }
    for path in report.conflicts.iter().take(ERRORS) {
        tracing::warn!(job = %job, "{job}: both sides changed {}", path.display());
    }
}

/// Says what a run did.
pub(crate) fn sentence(report: &Report) -> String {
    let counts = &report.counts;
    let mut parts = Vec::new();
    for (number, what) in [
        (counts.copied, "copied"),
        (counts.updated, "updated"),
        (counts.deleted, "deleted"),
        (counts.created_dirs, "directories made"),
        (counts.conflicts, "conflicts"),
        (counts.failed, "failed"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    if parts.is_empty() {
        parts.push("nothing to do".to_owned());
    }
    if report.bytes + report.bytes_back > 0 {
        parts.push(words::bytes(report.bytes + report.bytes_back));
    }
    let mode = if report.dry_run { ", only planned" } else { "" };
    let reason = report.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    format!(
        "{}{mode}{reason} ({})",
        report.status.as_str(),
        parts.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_told_in_a_sentence() {
        let mut report = Report::default();
        assert_eq!(sentence(&report), "success (nothing to do)");
        report.counts.copied = 2;
        report.bytes = 2048;
        assert_eq!(sentence(&report), "success (2 copied, 2.00 KiB)");
        report.dry_run = true;
        report.status = Status::Failed;
        report.reason = Some("no room".into());
        assert_eq!(
            sentence(&report),
            "failed, only planned: no room (2 copied, 2.00 KiB)"
        );
    }
}
