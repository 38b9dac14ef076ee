//! The unit of one service (systemd.service(5), systemd.exec(5), systemd.syntax(7)).

use std::path::{Path, PathBuf};

use super::{Name, Needs, Single, arguments, marker, patience};
use crate::service::{
    Error, Facts, Scope, fill, printable,
    systemd::{command_line, may_be_missing, plain, quoted},
};

const MACHINE: &str = include_str!("single.service");
const USER: &str = include_str!("user.service");
/// Where a service with rights of its own may read and write, as a copy of everybody's files must.
const ROOTS_CAPABILITIES: &str =
    "CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID";

/// Returns the unit for the machine or for the service manager of one user.
pub(super) fn unit(unit: &Single, scope: &Scope, facts: &Facts) -> Result<String, Error> {
    let template = match scope {
        Scope::Machine { .. } => MACHINE,
        Scope::User => USER,
    };
    let account = Account::of(scope)?;
    Ok(fill(
        template,
        &[
            ("MARKER", &marker(unit)),
            ("DESCRIPTION", &plain("the description", &unit.description)?),
            (
                "DOCUMENTATION",
                &plain("the documentation", &unit.documentation)?,
            ),
            ("USER", account.name()),
            ("GROUP", &group(unit)?),
            ("UMASK", &format!("{:04o}", unit.needs.umask())),
            (
                "COMMAND",
                &command_line(&unit.program, &arguments(unit, facts))?,
            ),
            ("STOP", &patience(unit).to_string()),
            ("ROOM", &room(unit, &account, &facts.writable)?),
            ("TMP", tmp(unit.needs)),
            ("RIGHTS", &rights(unit.needs, &account)),
            ("CALLS", calls(&account)),
            ("NAME", unit.name.as_str()),
        ],
    ))
}

/// Whose rights the service has.
enum Account<'a> {
    Root,
    Other(&'a str),
    Own,
}

impl<'a> Account<'a> {
    fn of(scope: &'a Scope) -> Result<Self, Error> {
        match scope {
            Scope::Machine { user } if user == "root" => Ok(Self::Root),
            Scope::Machine { user } => owner("the user", user).map(Self::Other),
            Scope::User => Ok(Self::Own),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Root => "root",
            Self::Other(name) => name,
            Self::Own => "",
        }
    }
}

/// Returns the name of a user or a group, in which nothing is a specifier.
fn owner<'a>(what: &'static str, name: &'a str) -> Result<&'a str, Error> {
    let is_allowed = |c: char| c.is_alphanumeric() || "_.-".contains(c);
    let name = printable(what, name)?;
    if !name.chars().all(is_allowed) || name.starts_with('-') {
        return Err(Error::Unprintable {
            what,
            value: name.to_owned(),
        });
    }
    Ok(name)
}

fn group(unit: &Single) -> Result<String, Error> {
    let Some(group) = &unit.group else {
        return Ok(String::new());
    };
    Ok(format!("Group={}\n", owner("the group", group)?))
}

fn room(unit: &Single, account: &Account<'_>, writable: &[PathBuf]) -> Result<String, Error> {
    let mut text = String::new();
    for path in writable {
        text.push_str(&format!("ReadWritePaths={}\n", may_be_missing(path)?));
    }
    for path in &unit.own {
        text.push_str(&own_directory(path)?);
    }
    if let Account::Other(_) = account {
        text.push_str(&home_of_its_own(&unit.name));
    }
    Ok(text)
}

/// Directories in the usual places are made, and are the service's own.
fn own_directory(path: &Path) -> Result<String, Error> {
    for (root, key) in [("/var/lib", "State"), ("/var/cache", "Cache")] {
        if let Ok(name) = path.strip_prefix(root)
            && name != Path::new("")
        {
            let name = name.to_string_lossy();
            let name = quoted(printable("a directory", &name)?, false);
            return Ok(format!("{key}Directory={name}\n{key}DirectoryMode=0700\n"));
        }
    }
    Ok(format!("ReadWritePaths={}\n", may_be_missing(path)?))
}

/// An account that was made for the service has no home to keep things in.
fn home_of_its_own(name: &Name) -> String {
    format!(
        "StateDirectory={name}
StateDirectoryMode=0700
CacheDirectory={name}
CacheDirectoryMode=0700
RuntimeDirectory={name}
Environment=XDG_STATE_HOME=/var/lib/{name}
Environment=XDG_CACHE_HOME=/var/cache/{name}
Environment=XDG_RUNTIME_DIR=/run/{name}
"
    )
}

fn tmp(needs: Needs) -> &'static str {
    if needs.shared_tmp {
        ""
    } else {
        "PrivateTmp=yes\n"
    }
}

fn rights(needs: Needs, account: &Account<'_>) -> String {
    let mut text = match account {
        Account::Root => format!(
            "# Files of all users are read and written, and given to their owners; nothing more.
CapabilityBoundingSet={ROOTS_CAPABILITIES}\n"
        ),
        Account::Other(_) => "# No rights but those of the user, and no way to more.
CapabilityBoundingSet=
PrivateUsers=yes
RemoveIPC=yes\n"
            .to_owned(),
        Account::Own => String::new(),
    };
    if !needs.special_modes {
        text.push_str("RestrictSUIDSGID=yes\n");
    }
    text
}

fn calls(account: &Account<'_>) -> &'static str {
    match account {
        Account::Root => "SystemCallFilter=@chown\n",
        Account::Other(_) | Account::Own => "",
    }
}
