//! What has to hold after a disturbed run.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    edits,
    program::{Ending, Job},
    scale::say,
    snapshot::{Snapshot, What},
};

/// A job before, and what its trees were.
#[derive(Debug)]
pub(crate) struct Before {
    pub(crate) source: Snapshot,
    pub(crate) destination: Snapshot,
}

/// What came of many disturbed runs.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) endings: BTreeMap<String, usize>,
    runs: usize,
    complaints: Vec<String>,
}

/// Fails unless a report says that nothing was to be done.
#[track_caller]
pub(crate) fn nothing_done(report: &Value, told: &str) {
    for count in ["copied", "updated", "deleted", "created_dirs", "failed"] {
        assert_eq!(report["counts"][count], 0, "{told}\nthen {report}");
    }
}

impl Before {
    pub(crate) fn of(job: &Job<'_>) -> Self {
        let destination = if job.destination.exists() {
            Snapshot::of(job.destination)
        } else {
            Snapshot::default()
        };
        Self {
            source: Snapshot::of(job.source),
            destination,
        }
    }

    /// Says what is wrong right after a disturbed run: a torn file, or a deletion not allowed.
    fn broken(&self, job: &Job<'_>) -> Vec<String> {
        let mut wrong = Vec::new();
        let now = Self::of(job).destination;
        for (path, entry) in &now.0 {
            if is_temporary(path) {
                continue;
            }
            let versions = [self.source.0.get(path), self.destination.0.get(path)];
            let whole = versions.iter().flatten().any(|old| old.what == entry.what);
            if !whole {
                wrong.push(format!("{path:?} is torn: {entry:?}"));
            }
        }
        for path in self.destination.0.keys() {
            let is_allowed = job.options.contains(&"--delete");
            if !now.0.contains_key(path) && !is_allowed {
                wrong.push(format!("{path:?} is gone"));
            }
            if !now.0.contains_key(path) && self.is_unchanged(path) {
                wrong.push(format!("{path:?} is gone although both sides have it"));
            }
        }
        wrong
    }

    fn is_unchanged(&self, path: &Path) -> bool {
        let (source, destination) = (self.source.0.get(path), self.destination.0.get(path));
        let same_kind =
            |one: &What, two: &What| std::mem::discriminant(one) == std::mem::discriminant(two);
        match (source, destination) {
            (Some(source), Some(destination)) => same_kind(&source.what, &destination.what),
            _ => false,
        }
    }
}

impl Tally {
    /// Judges a disturbed run and the undisturbed ones after it.
    pub(crate) fn judge(&mut self, place: &str, job: &Job<'_>, before: &Before, ending: &Ending) {
        for wrong in before.broken(job) {
            self.complain(place, &wrong);
        }
        self.judge_later(place, job, ending);
    }

    /// Judges the undisturbed runs after a disturbed one.
    pub(crate) fn judge_later(&mut self, place: &str, job: &Job<'_>, ending: &Ending) {
        self.runs += 1;
        let second = job.report();
        if second["status"] != "success" {
            self.complain(place, &format!("the next run: {second}"));
        }
        let differences = missing(&Snapshot::of(job.source), &Snapshot::of(job.destination));
        if !differences.is_empty() {
            self.complain(place, &format!("after {ending:?}\n{differences}"));
        }
        for path in edits::entries(job.destination) {
            if is_temporary(&path) {
                self.complain(place, &format!("{} was left", path.display()));
            }
        }
        let third = job.report();
        let counts = &third["counts"];
        if counts["copied"] != 0 || counts["updated"] != 0 || counts["deleted"] != 0 {
            self.complain(place, &format!("the third run: {third}"));
        }
    }

    pub(crate) fn complain(&mut self, place: &str, complaint: &str) {
        self.complaints.push(format!("{place}: {complaint}"));
    }

    #[track_caller]
    pub(crate) fn conclude(self, title: &str) {
        let Self {
            endings,
            runs,
            complaints,
        } = self;
        say(&format!("{title}: {runs} disturbed runs, {endings:?}"));
        assert!(runs > 0, "{title}: nothing was disturbed");
        assert!(
            complaints.is_empty(),
            "{title}: {} complaints\n{}",
            complaints.len(),
            complaints[..complaints.len().min(5)].join("\n")
        );
    }
}

/// Lists what the destination lacks of the source, or has differently.
fn missing(source: &Snapshot, destination: &Snapshot) -> String {
    let mut there = destination.clone();
    there.0.retain(|path, _| source.0.contains_key(path));
    // Without deletions, what is only there may be the first name of a file.
    let mut first_names = BTreeMap::new();
    for (path, entry) in &mut there.0 {
        let first = first_names.entry(entry.first_name.clone());
        entry
            .first_name
            .clone_from(first.or_insert_with(|| path.clone()));
    }
    source.differences(&there)
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.starts_with(b".syft-tmp.")
}

/// Returns a path in a directory, as text for `strace`.
pub(crate) fn text(path: &Path) -> String {
    PathBuf::from(path).into_os_string().into_string().unwrap()
}
