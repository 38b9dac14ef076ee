//! The user that a service works for.

#![expect(clippy::disallowed_methods, reason = "binaries read the environment")]

use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

use crate::{
    exit::{Failure, Outcome},
    session,
};

/// A user of this machine.
pub(super) struct Owner {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) home: PathBuf,
}

impl Owner {
    /// Whoever calls, with the home directory of the environment.
    pub(super) fn caller() -> Outcome<Self> {
        let uid = Uid::effective();
        let user = User::from_uid(uid).ok().flatten();
        Ok(Self {
            name: user.map_or_else(|| uid.to_string(), |user| user.name),
            uid: uid.as_raw(),
            home: session::locations()?.home,
        })
    }

    /// Whoever called `sudo`, or else the caller.
    pub(super) fn behind_sudo() -> Outcome<Self> {
        let behind = ["SUDO_USER", "DOAS_USER"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok())
            .filter(|_| is_root());
        let Some(name) = behind else {
            return Self::caller();
        };
        let user = User::from_name(&name).ok().flatten();
        let user =
            user.ok_or_else(|| Failure::error(format!("this machine knows no user {name:?}")))?;
        Ok(Self {
            name: user.name,
            uid: user.uid.as_raw(),
            home: user.dir,
        })
    }
}

pub(super) fn is_root() -> bool {
    Uid::effective().is_root()
}

/// Returns the directory of this person's configuration (XDG Base Directory Specification).
pub(super) fn config_home(home: &Path) -> PathBuf {
    std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| home.join(".config"))
}
