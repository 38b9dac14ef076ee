//! Looks through the trees for what may be due.

use std::{collections::HashSet, io};

use syft_state::{Email, Timestamp};
use uuid::Uuid;

use super::{
    plan::{Policy, Root, Sighting},
    stats::Kind,
};
use crate::{
    layout::{REQUEST, RESPONSE, is_aside, response_to},
    message,
    tree::{Directory, Entry, Tree, join},
};

/// Nobody nests endpoints deeper, and nobody can make a survey endless.
const DEPTH: usize = 32;
/// Requests that are larger are dated by the disk alone.
const LIMIT: u64 = 8 * 1024 * 1024;

/// What was seen, and how much could not be looked at.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) seen: Vec<Sighting>,
    pub(super) errors: u64,
}

/// Returns everything that may be due. What is young is not even opened.
pub(super) fn survey(rpc: &Tree, staging: &Tree, now: Timestamp, policy: Policy) -> Survey {
    let mut surveyor = Surveyor {
        now,
        policy,
        survey: Survey::default(),
    };
    surveyor.visit(rpc, "", DEPTH);
    surveyor.visit_staging(staging);
    surveyor.survey
}

struct Surveyor {
    now: Timestamp,
    policy: Policy,
    survey: Survey,
}

impl Surveyor {
    /// Looks into a directory and those below it, and returns how many entries it has.
    fn visit(&mut self, tree: &Tree, path: &str, depth: usize) -> Option<usize> {
        let (directory, entries) = self.open(tree, path)?;
        let names: HashSet<&str> = entries
            .iter()
            .filter(|entry| !entry.is_directory)
            .map(|entry| entry.name.as_str())
            .collect();
        for entry in &entries {
            let below = join(path, &entry.name);
            if !entry.is_directory {
                self.file(&directory, below, &entry.name, &names);
            } else if depth > 0
                && self.visit(tree, &below, depth - 1) == Some(0)
                && entry.name.parse::<Email>().is_ok()
            {
                self.note(&directory, below, &entry.name, Kind::Directory);
            }
        }
        Some(entries.len())
    }

    fn open(&mut self, tree: &Tree, path: &str) -> Option<(Directory, Vec<Entry>)> {
        let opened = tree
            .directory(path)
            .and_then(|directory| Ok((directory, tree.list(path)?)));
        match opened {
            Ok(opened) => Some(opened),
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    /// What is gone was deleted by somebody else, as it should be.
    fn failed(&mut self, error: &io::Error) {
        if error.kind() != io::ErrorKind::NotFound {
            self.survey.errors += 1;
        }
    }

    fn file(&mut self, directory: &Directory, path: String, name: &str, names: &HashSet<&str>) {
        if is_temporary(name) {
            return self.note(directory, path, name, Kind::Temporary);
        }
        let stem = name
            .strip_suffix(REQUEST)
            .or_else(|| name.strip_suffix(RESPONSE));
        match stem {
            None => {}
            Some(stem) if is_aside(stem) => self.note(directory, path, name, Kind::Marker),
            Some(_) if name.ends_with(REQUEST) => self.request(directory, path, name, names),
            Some(stem) => {
                let request = format!("{stem}{REQUEST}");
                if !names.contains(request.as_str()) {
                    self.note(directory, path, name, Kind::Response);
                }
            }
        }
    }

    fn request(&mut self, directory: &Directory, path: String, name: &str, names: &HashSet<&str>) {
        let before = self.survey.seen.len();
        self.note(directory, path, name, Kind::Request);
        let Some(sighting) = self.survey.seen.get_mut(before) else {
            return;
        };
        let response = response_to(name).filter(|name| names.contains(name.as_str()));
        sighting.response = response.and_then(|name| directory.look(&name).ok());
        sighting.created = created(directory, name);
    }

    /// Notes a file that may be due.
    fn note(&mut self, directory: &Directory, path: String, name: &str, kind: Kind) {
        self.note_in(Root::Rpc, directory, path, name, kind);
    }

    fn note_in(&mut self, root: Root, directory: &Directory, path: String, name: &str, kind: Kind) {
        match directory.look(name) {
            Ok(print) if self.policy.may_be_due(root, print, self.now) => {
                self.survey.seen.push(Sighting {
                    root,
                    path,
                    kind,
                    print,
                    created: None,
                    response: None,
                });
            }
            Ok(_) => {}
            Err(error) => self.failed(&error),
        }
    }

    fn visit_staging(&mut self, tree: &Tree) {
        let Some((directory, entries)) = self.open(tree, "") else {
            return;
        };
        for entry in entries {
            if !entry.is_directory && is_staged(&entry.name) {
                let (path, name) = (entry.name.clone(), &entry.name);
                self.note_in(Root::Staging, &directory, path, name, Kind::Temporary);
            }
        }
    }
}

/// Returns when a request says that it was made.
fn created(directory: &Directory, name: &str) -> Option<Timestamp> {
    let bytes = directory.read(name, LIMIT).ok()?.bytes?;
    // One that does not say gets a time that is older than any other.
    let request = message::Request::parse(&bytes, Uuid::nil(), Timestamp::EPOCH).ok()?;
    Some(request.created)
}

/// Returns whether a name is one that the Go client gives to a message while it writes it.
fn is_temporary(name: &str) -> bool {
    [".request.tmp.", ".response.tmp."]
        .iter()
        .any(|part| name.contains(part))
}

/// Returns whether a name is one of our own in the directory for files that are being written.
fn is_staged(name: &str) -> bool {
    let numbers = name
        .strip_prefix("rpc-")
        .and_then(|rest| rest.strip_suffix(".tmp"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    numbers
        .and_then(|numbers| numbers.split_once('-'))
        .is_some_and(|(process, number)| is_number(process) && is_number(number))
}
