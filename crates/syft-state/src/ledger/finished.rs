use std::collections::{BTreeMap, BTreeSet};

/// Jobs that are over: for each submitter's [`key`](crate::Email::key) the names of their jobs.
///
/// In the file an object from address to an array of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    names: BTreeMap<String, BTreeSet<Box<str>>>,
    /// The JSON of each array; one that is missing has changed since.
    texts: BTreeMap<String, String>,
}

impl Finished {
    /// Returns whether a job is over; `ds` is the submitter's [`key`](crate::Email::key).
    #[must_use]
    pub fn contains(&self, ds: &str, job: &str) -> bool {
        self.names.get(ds).is_some_and(|names| names.contains(job))
    }

    /// Returns the number of jobs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.values().map(BTreeSet::len).sum()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns the jobs as pairs of address and name, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let rows = self.names.iter();
        rows.flat_map(|(ds, names)| names.iter().map(move |name| (&**ds, &**name)))
    }

    /// Returns the addresses of all who have a finished job of this name.
    pub fn submitters<'a>(&'a self, job: &'a str) -> impl Iterator<Item = &'a str> {
        let rows = self
            .names
            .iter()
            .filter(move |(_, names)| names.contains(job));
        rows.map(|(ds, _)| &**ds)
    }

    /// Adds or removes a job and returns whether that changed anything.
    pub(super) fn set(&mut self, ds: &str, job: &str, is_finished: bool) -> bool {
        let names = self.names.entry(ds.to_owned()).or_default();
        let is_changed = if is_finished {
            names.insert(job.into())
        } else {
            names.remove(job)
        };
        if names.is_empty() {
            self.names.remove(ds);
        }
        if is_changed {
            self.texts.remove(ds);
        }
        is_changed
    }

    pub(super) fn refresh_text(&mut self) {
        for (ds, names) in &self.names {
            if !self.texts.contains_key(ds) {
                self.texts.insert(
                    ds.clone(),
                    serde_json::to_string(names).expect("names are text"),
                );
            }
        }
    }

    /// Returns the addresses and the JSON of the names, after [`Self::refresh_text`].
    pub(super) fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }
}
