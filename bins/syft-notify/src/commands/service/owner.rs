//! The user that a service works for.

#![expect(clippy::disallowed_methods, reason = "binaries read the environment")]

use std::path::{Path, PathBuf};

use syft_daemon::service::Account;

use crate::{
    exit::{Failure, Outcome},
    session,
};

/// Returns whoever calls, with the home directory of the environment.
pub(super) fn caller() -> Outcome<Account> {
    Ok(Account {
        home: session::locations()?.home,
        ..Account::current()
    })
}

/// Returns whoever called `sudo`, or else the caller.
pub(super) fn behind_sudo() -> Outcome<Account> {
    let behind = ["SUDO_USER", "DOAS_USER"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|_| Account::current().is_root());
    let Some(name) = behind else {
        return caller();
    };
    let account = Account::named(&name).ok().flatten();
    account.ok_or_else(|| Failure::error(format!("this machine knows no user {name:?}")))
}

/// Returns the directory of this person's configuration (XDG Base Directory Specification).
pub(super) fn config_home(home: &Path) -> PathBuf {
    std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| home.join(".config"))
}
