use std::path::PathBuf;

use serde::Serialize;

use crate::mirror::{
    Action, FileError, Held, Options, Place, Plan, Report, Status,
    execute::outcome,
    plan::{Outcome, Side, Work},
};

/// What a look at both trees of a job led to.
#[derive(Debug)]
pub struct Looked {
    /// Where the job reads, and what is there.
    pub source: Place,
    /// Where it writes, and what is there.
    pub destination: Place,
    /// What is to be done.
    pub plan: Plan,
    /// The job's options, as far as the destination's file system can follow them.
    pub options: Options,
}

/// One line of a plan for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `+` for what is new, `~` for what is replaced, `.` for attributes alone, `-` for what goes
    /// away and `>` for what is kept under another name.
    pub sign: char,
    /// What is done, in one word.
    pub what: &'static str,
    /// The tree that is changed.
    pub on: &'static str,
    /// Where, relative to the tree.
    pub path: PathBuf,
    /// How many bytes are to be copied.
    pub bytes: u64,
}

/// A plan as JSON.
#[derive(Serialize)]
struct Document<'a> {
    source: String,
    destination: String,
    changes: Vec<Change>,
    bytes: u64,
    skipped: u64,
    conflicts: Vec<Clash>,
    errors: &'a [FileError],
    /// Why it would not be carried out unless somebody insists.
    held: Option<String>,
}

#[derive(Serialize)]
struct Clash {
    path: String,
    outcome: &'static str,
}

impl Looked {
    /// Returns what would change, in the order in which it would.
    pub fn lines(&self) -> impl Iterator<Item = Change> + '_ {
        let actions = self.plan.actions.iter();
        actions.filter_map(|action| self.line(*action))
    }

    /// Returns the plan as JSON: `source`, `destination`, `changes` with `sign`, `what`, `on`,
    /// `path` and `bytes`, then `bytes`, `skipped`, `conflicts`, `errors` and `held`.
    ///
    /// What is not UTF-8 in a path is replaced there.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let document = Document {
            source: self.source.root.display().to_string(),
            destination: self.destination.root.display().to_string(),
            changes: self.lines().map(Change::readable).collect(),
            bytes: self.plan.bytes,
            skipped: self.plan.skipped,
            conflicts: self.plan.conflicts.iter().map(clash).collect(),
            errors: &self.plan.errors,
            held: self.plan.held.as_ref().map(Held::to_string),
        };
        serde_json::to_value(document).expect("all of it is text and numbers")
    }

    /// Returns what a run would report if it met no obstacles.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = outcome::before(&self.plan, &self.source.tree);
        report.dry_run = true;
        for action in &self.plan.actions {
            let counts = &mut report.counts;
            match (action.work, action.over) {
                (Work::CopyFile | Work::HardLink(_) | Work::MakeSymlink, None) => {
                    counts.copied += 1;
                }
                (Work::CopyFile | Work::HardLink(_) | Work::MakeSymlink, Some(_))
                | (Work::SetAttributes, _) => counts.updated += 1,
                (Work::MakeDirectory, _) => counts.created_dirs += 1,
                (Work::Delete | Work::MakeRoom, _) => counts.deleted += 1,
                (Work::KeepAside | Work::FinishDirectory, _) => {}
            }
            let bytes = match action.on {
                Side::Destination => &mut report.bytes,
                Side::Source => &mut report.bytes_back,
            };
            *bytes += self.bytes(*action);
        }
        let mut report = report.settled(outcome::is_undecided(&self.plan));
        if let Some(held) = &self.plan.held {
            report.status = Status::Failed;
            report.reason = Some(held.to_string());
        }
        report
    }

    fn line(&self, action: Action) -> Option<Change> {
        let (sign, what) = match (action.work, action.over) {
            (Work::CopyFile, None) => ('+', "copy"),
            (Work::CopyFile, Some(_)) => ('~', "update"),
            (Work::HardLink(_), None) => ('+', "link"),
            (Work::HardLink(_), Some(_)) => ('~', "link"),
            (Work::MakeSymlink, None) => ('+', "symlink"),
            (Work::MakeSymlink, Some(_)) => ('~', "symlink"),
            (Work::MakeDirectory, _) => ('+', "directory"),
            (Work::SetAttributes, _) => ('.', "attributes"),
            (Work::Delete | Work::MakeRoom, _) => ('-', "delete"),
            (Work::KeepAside, _) => ('>', "keep"),
            (Work::FinishDirectory, _) => return None,
        };
        Some(Change {
            sign,
            what,
            on: match action.on {
                Side::Source => "source",
                Side::Destination => "destination",
            },
            path: self.path(action),
            bytes: self.bytes(action),
        })
    }

    fn path(&self, action: Action) -> PathBuf {
        let (model, own) = match action.on {
            Side::Destination => (&self.source.tree, &self.destination.tree),
            Side::Source => (&self.destination.tree, &self.source.tree),
        };
        let of_model = action.from.map(|from| model.path(from));
        of_model
            .or_else(|| action.over.map(|over| own.path(over)))
            .unwrap_or_default()
    }

    fn bytes(&self, action: Action) -> u64 {
        let model = match action.on {
            Side::Destination => &self.source.tree,
            Side::Source => &self.destination.tree,
        };
        match (action.work, action.from) {
            (Work::CopyFile, Some(from)) => model.meta(from).size,
            _ => 0,
        }
    }
}

impl Change {
    fn readable(self) -> Self {
        let path = self.path.to_string_lossy().into_owned().into();
        Self { path, ..self }
    }
}

fn clash(conflict: &crate::mirror::plan::Conflict) -> Clash {
    Clash {
        path: conflict.path.to_string_lossy().into_owned(),
        outcome: match conflict.outcome {
            Outcome::SourceWins => "source_wins",
            Outcome::DestinationWins => "destination_wins",
            Outcome::BothKept => "both_kept",
            Outcome::Undecided => "undecided",
            Outcome::Left => "left",
        },
    }
}
