//! Accounts of this machine.

use std::{io, path::PathBuf};

use nix::unistd::{Uid, User};

/// An account of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name, or its number where it has none.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its home directory, as the machine has it written down.
    pub home: PathBuf,
}

impl Account {
    /// Returns the account that a name belongs to, if there is one.
    ///
    /// # Errors
    ///
    /// The system's reason why it cannot be known.
    pub fn named(name: &str) -> io::Result<Option<Self>> {
        Ok(User::from_name(name)?.map(Self::of))
    }

    /// Returns the account whose rights this process has; its home is `/` where it is not known.
    #[must_use]
    pub fn current() -> Self {
        let uid = Uid::effective();
        let known = User::from_uid(uid).ok().flatten();
        known.map_or_else(
            || Self {
                name: uid.to_string(),
                uid: uid.as_raw(),
                home: "/".into(),
            },
            Self::of,
        )
    }

    /// Returns whether it is the one that may do everything.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }

    fn of(user: User) -> Self {
        Self {
            name: user.name,
            uid: user.uid.as_raw(),
            home: user.dir,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_has_a_root() {
        let root = Account::named("root").unwrap().unwrap();
        assert_eq!((root.uid, root.is_root()), (0, true));
        assert!(root.home.is_absolute());
        assert_eq!(Account::named("no such account").unwrap(), None);
        let current = Account::current();
        assert_eq!(current.uid, rustix::process::geteuid().as_raw());
    }
}
