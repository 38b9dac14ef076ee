use crate::mirror::{ErrorKind, Options, Plan, Report, Status, Tree, plan::Outcome};

/// Why a run ends before everything is done.
#[derive(Debug)]
pub(super) enum Ending {
    Cancelled,
    /// Nothing more can be done, or nothing more is wanted after the first error.
    Stopped(String),
    Internal,
}

impl Ending {
    pub(super) fn status(&self) -> Status {
        match self {
            Self::Cancelled => Status::Cancelled,
            Self::Stopped(_) | Self::Internal => Status::Failed,
        }
    }

    pub(super) fn reason(&self) -> String {
        match self {
            Self::Cancelled => "it was cancelled".to_owned(),
            Self::Stopped(reason) => reason.clone(),
            Self::Internal => "a fault of this program ended a thread".to_owned(),
        }
    }
}

/// Makes a report of what the plan knows already.
pub(in crate::mirror) fn before(plan: &Plan, source: &Tree) -> Report {
    let mut report = Report {
        looked_at: u64::try_from(source.len()).unwrap_or(u64::MAX),
        ..Report::default()
    };
    report.counts.skipped = plan.skipped;
    for error in &plan.errors {
        report.fail(error.clone());
    }
    for conflict in &plan.conflicts {
        report.counts.conflicts += 1;
        if matches!(conflict.outcome, Outcome::Undecided | Outcome::BothKept) {
            report.note_conflict(conflict.path.clone());
        }
    }
    report
}

/// Returns whether somebody has to decide something.
pub(in crate::mirror) fn is_undecided(plan: &Plan) -> bool {
    let mut conflicts = plan.conflicts.iter();
    conflicts.any(|conflict| conflict.outcome == Outcome::Undecided)
}

/// Says why nothing is to be done at all after what was seen.
///
/// What can never be copied, as a socket, is no reason: it would be one each time.
pub(super) fn reason_not_to_begin(plan: &Plan, options: &Options) -> Option<String> {
    if options.continue_on_error {
        return None;
    }
    let error = plan
        .errors
        .iter()
        .find(|error| error.kind != ErrorKind::SpecialFile)?;
    Some(stopped_at(error))
}

pub(super) fn stopped_at(error: &crate::mirror::FileError) -> String {
    let path = error.path.display();
    format!("stopped at the first error: {path}: {}", error.message)
}
