//! A program that is one service under a name that its owner chooses.

mod launchd;
mod name;
mod systemd;
mod windows;

use std::{path::PathBuf, time::Duration};

pub use name::Name;

use super::{Error, Facts, Kind, Scope};

/// How long it takes a machine to notice that a program has ended.
const MARGIN: Duration = Duration::from_secs(15);

/// A program that is one service of the machine, or of one user.
///
/// Unlike a [`Unit`](super::Unit), of which each user of the machine has one, it works with what
/// one config says, and may write nothing but that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Single {
    /// The name of the service and of its files.
    pub name: Name,
    /// What it is, in a few words without a full stop.
    pub description: String,
    /// A URL with more about it.
    pub documentation: String,
    /// The program, as an absolute path.
    pub program: PathBuf,
    /// Its arguments, before those of [`Facts`].
    pub arguments: Vec<String>,
    /// The command that makes it, by which its files are known as its own.
    pub made_by: String,
    /// The group of a service of the machine, where it is not that of its account.
    pub group: Option<String>,
    /// Directories that are its own, which systemd makes where they are missing.
    pub own: Vec<PathBuf>,
    /// How long the program may take to end.
    pub stop: Duration,
    /// What a sandbox must leave to it.
    pub needs: Needs,
}

/// What a sandbox must leave to a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The `/tmp` and `/var/tmp` of everybody instead of its own.
    pub shared_tmp: bool,
    /// To set the set-user-ID and set-group-ID bits of files.
    pub special_modes: bool,
    /// To make files that others may read, where nothing else says who may.
    pub open_umask: bool,
}

impl Needs {
    /// Returns which rights new files do not get.
    fn umask(self) -> u32 {
        if self.open_umask { 0o022 } else { 0o077 }
    }
}

/// Returns the text of the service file; for Windows, the commands that do the same.
pub(super) fn render(
    unit: &Single,
    kind: Kind,
    scope: &Scope,
    facts: &Facts,
) -> Result<String, Error> {
    match kind {
        Kind::Systemd => systemd::unit(unit, scope, facts),
        Kind::Launchd => launchd::plist(unit, scope, facts),
        Kind::Windows => windows::commands(unit, facts),
    }
}

/// Returns the commands that remove a service of Windows.
pub(super) fn removal(service: &str) -> Vec<String> {
    windows::removal(service)
}

/// Returns the name that launchd knows the service by.
pub(super) fn label(unit: &Single) -> String {
    format!("com.syncapp.{}", unit.name)
}

/// Returns the line by which a file is known to be ours.
pub(super) fn marker(unit: &Single) -> String {
    format!("Made by `{}`.", unit.made_by)
}

/// Returns all arguments.
fn arguments<'a>(unit: &'a Single, facts: &'a Facts) -> Vec<&'a String> {
    unit.arguments.iter().chain(&facts.arguments).collect()
}

/// Returns for how many seconds the machine waits before it ends the program by force.
fn patience(unit: &Single) -> u64 {
    unit.stop.saturating_add(MARGIN).as_secs()
}

#[cfg(test)]
mod tests;
