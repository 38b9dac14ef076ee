//! Whether the trees of the jobs are there, and may be read and written.

use std::{io, path::Path};

use rustix::fs::{Access, access};
use syft_jobs::Job;
use syft_terminal::finding::{Finding, quoted};

use crate::config::Config;

const TOPIC: &str = "jobs";

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let (enabled, disabled): (Vec<_>, Vec<_>) = config.jobs.iter().partition(|job| job.enabled);
    let mut findings: Vec<Finding> = enabled.iter().flat_map(|job| trouble(job)).collect();
    if findings.is_empty() && !enabled.is_empty() {
        findings.push(Finding::ok(
            TOPIC,
            format!("the trees of {} are there", jobs(enabled.len())),
        ));
    }
    if !disabled.is_empty() {
        let names: Vec<_> = disabled.iter().map(|job| job.id.as_str()).collect();
        findings.push(
            Finding::warning(TOPIC, format!("not enabled: {}", names.join(", ")))
                .because("a job without `enabled = true` never runs")
                .mend(format!("syft-sync jobs enable {}", names[0])),
        );
    }
    findings
}

fn jobs(number: usize) -> String {
    syft_terminal::count(number, "job")
}

fn trouble(job: &Job) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(source(job, look(&job.source)));
    let destination = job.destination.ancestors().find(|path| path.exists());
    if let Some(there) = destination
        && access(there, Access::WRITE_OK | Access::EXEC_OK).is_err()
    {
        findings.push(
            Finding::problem(
                TOPIC,
                format!("{}: {} cannot be written", job.id, there.display()),
            )
            .because("its copies go there")
            .mend(format!("ls -ld {}", quoted(there))),
        );
    }
    findings
}

/// What a look at a source says.
fn look(path: &Path) -> io::Result<bool> {
    let metadata = path.metadata()?;
    if metadata.is_dir() {
        access(path, Access::READ_OK | Access::EXEC_OK)?;
    }
    Ok(metadata.is_dir())
}

fn source(job: &Job, look: io::Result<bool>) -> Option<Finding> {
    let path = job.source.display();
    let finding = match look {
        Ok(true) => return None,
        Ok(false) => Finding::problem(TOPIC, format!("{}: {path} is no directory", job.id)),
        Err(error) => Finding::problem(TOPIC, format!("{}: {path}: {error}", job.id)),
    };
    Some(
        finding
            .because("its runs fail, and delete nothing")
            .mend(format!("ls -ld {}", quoted(&job.source))),
    )
}
