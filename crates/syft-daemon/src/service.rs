//! Files that make a daemon a service of this machine: systemd, launchd, Windows.
//!
//! A [`Unit`] serves every user of the machine by itself, a [`Single`] is one service with a config
//! of its own. [`render`] makes the text of the files, [`Plan`] says where they go and which commands make
//! the machine take notice, and [`Plan::install`] and [`Plan::uninstall`] do it.
//!
//! The crate `service-manager` is not used: it writes over what is there, in place, calls
//! launchd's outdated commands, and its unit for systemd knows neither readiness nor hardening.
//!
//! ```
//! use syft_daemon::service::{Kind, Scope, Unit, render};
//!
//! let unit = Unit {
//!     name: "syft-notify".to_owned(),
//!     description: "SyftBox notifications".to_owned(),
//!     documentation: "https://github.com/OpenMined/syft-client".to_owned(),
//!     program: "/usr/local/bin/syft-notify".into(),
//!     arguments: vec!["run".to_owned(), "--log-file".to_owned()],
//!     state: ".syft-creds".to_owned(),
//! };
//! let text = render(&unit, Kind::Systemd, &Scope::Machine { user: "alice".to_owned() }, "/home/alice".as_ref())?;
//! assert!(text.contains("\nUser=%i\n"));
//! # Ok::<(), syft_daemon::service::Error>(())
//! ```

mod account;
mod command;
mod launchd;
mod plan;
mod single;
mod systemd;
#[cfg(test)]
mod tests;
mod windows;

use std::{
    io,
    path::{Path, PathBuf},
};

pub use account::Account;
pub use plan::{Facts, Plan, Step};
pub use single::{Name, Needs, Single};

/// A program that becomes a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The name of the service and of its files: letters, digits, `-`.
    pub name: String,
    /// What it is, in a few words without a full stop.
    pub description: String,
    /// A URL with more about it.
    pub documentation: String,
    /// The program, as an absolute path.
    pub program: PathBuf,
    /// Its arguments for everybody; those of one user are in [`Facts`].
    pub arguments: Vec<String>,
    /// The directory of tokens, state and logs, relative to the user's home.
    pub state: String,
}

/// A system that keeps services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Linux.
    Systemd,
    /// macOS.
    Launchd,
    /// Windows, by the wrapper `WinSW`.
    Windows,
}

/// Whose service it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The machine's: started at boot, and running with the rights of this user.
    Machine {
        /// The user.
        user: String,
    },
    /// A user's own.
    User,
}

/// Says why a service cannot be installed or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value cannot stand in a file of this kind.
    #[error("{what} cannot stand in a service file: {value:?}")]
    Unprintable {
        /// Which value it is.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// It is no name of a service.
    #[error(
        "{0:?} is no name for a service: 1 to 64 letters, digits, `_`, `.`, `@`, `-`, with a letter or digit in front"
    )]
    Name(String),
    /// A file of somebody else is in the way.
    #[error("{} is there already and was not made by this program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The rights do not suffice.
    #[error("not permitted: {what}")]
    Rights {
        /// What was tried, and how it was refused.
        what: String,
    },
    /// The system that keeps services does not run here, or not for this user.
    #[error("{what}")]
    NoManager {
        /// What was tried, and what it answered.
        what: String,
    },
    /// A command failed.
    #[error("`{command}` failed: {reason}")]
    Command {
        /// The command as one would type it.
        command: String,
        /// What it printed, or how it ended.
        reason: String,
    },
    /// A file cannot be read or removed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] syft_state::fs::Error),
}

/// Returns the text of the service file.
///
/// systemd's for the machine is a template for all users, which takes nothing from `home`.
///
/// # Errors
///
/// [`Error::Unprintable`] if a value has control characters or is not UTF-8.
pub fn render(unit: &Unit, kind: Kind, scope: &Scope, home: &Path) -> Result<String, Error> {
    match (kind, scope) {
        (Kind::Systemd, Scope::Machine { .. }) => systemd::machine(unit),
        (Kind::Systemd, Scope::User) => systemd::user(unit),
        (Kind::Launchd, _) => launchd::plist(unit, scope, home),
        (Kind::Windows, _) => windows::winsw(unit),
    }
}

/// Returns the line by which a file is known to be ours.
fn marker(unit: &Unit) -> String {
    format!("Made by `{} service install`.", unit.name)
}

/// Replaces each `@KEY@` of a template.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (key, value)| {
            text.replace(&format!("@{key}@"), value)
        })
}

/// Returns the name, which is part of file names, comments and commands.
fn name(unit: &Unit) -> Result<&str, Error> {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_safe = unit.name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && unit.name.chars().all(is_fine)
        && !unit.name.contains("--");
    if !is_safe {
        return Err(Error::Unprintable {
            what: "the name",
            value: unit.name.clone(),
        });
    }
    Ok(&unit.name)
}

/// Returns text that can stand in one line, or says what it is that cannot.
fn printable<'a>(what: &'static str, value: &'a str) -> Result<&'a str, Error> {
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(Error::Unprintable {
            what,
            value: value.to_owned(),
        });
    }
    Ok(value)
}

fn printable_path<'a>(what: &'static str, path: &'a Path) -> Result<&'a str, Error> {
    match path.to_str() {
        Some(text) if path.is_absolute() => printable(what, text),
        _ => Err(Error::Unprintable {
            what,
            value: path.to_string_lossy().into_owned(),
        }),
    }
}

/// Returns text as it stands in XML, also within a comment.
fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
