//! What the service tells, as numbers.

use syft_jobs::service::Event;

use super::{Finished, Metrics};

impl Metrics {
    /// Counts what happened.
    pub(crate) fn on_event(&self, event: &Event) {
        match event {
            Event::Started { run_id, .. } => self.jobs.started(run_id),
            Event::Finished(record) => self.jobs.finished(&Finished {
                run_id: &record.run_id,
                job: &record.job,
                cause: record.trigger,
                took: record.finished.since(record.started),
                at: record.finished.to_utc(),
                report: &record.report,
            }),
            Event::Refused { job, cause, .. } => self.jobs.refused(job, *cause),
            _ => {}
        }
    }
}
