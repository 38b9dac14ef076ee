//! What `install` and `uninstall` share: whose service it is, where, and how it goes.

#![expect(clippy::disallowed_methods, reason = "binaries read the environment")]

pub(super) mod reach;

use std::path::{Path, PathBuf};

use syft_daemon::service::{Account, Error, Kind, Name, Plan, Scope, Step};

use crate::{
    args::ServiceKind,
    config::{Machine, Overrides, Sources},
    exit::{Exit, Failure, Outcome, chain},
    place::PROGRAM,
    session::Wanted,
    term::{self, GOOD, paint},
};

const ROOT: &str = "root";

/// A service that is meant.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: Name,
    pub(super) kind: Kind,
    pub(super) scope: Scope,
    /// Whose rights it has.
    pub(super) account: Account,
}

impl Target {
    pub(super) fn new(
        name: &str,
        is_of_user: bool,
        run_as: Option<&str>,
        kind: Option<ServiceKind>,
        is_print: bool,
    ) -> Outcome<Self> {
        let name = name
            .parse()
            .map_err(|error: Error| Failure::new(Exit::Usage, chain(&error)))?;
        let kind = kind.map_or_else(native, Kind::from);
        let user = run_as.unwrap_or(ROOT);
        let (scope, account) = if is_of_user {
            (Scope::User, caller()?)
        } else {
            let scope = Scope::Machine {
                user: user.to_owned(),
            };
            let is_elsewhere = is_print && kind != native();
            (scope, account(user, kind, is_elsewhere)?)
        };
        Ok(Self {
            name,
            kind,
            scope,
            account,
        })
    }

    /// Returns whether it is a service of the machine that we are on.
    pub(super) fn is_native(&self) -> bool {
        self.kind == native()
    }

    pub(super) fn is_of_user(&self) -> bool {
        self.scope == Scope::User
    }

    pub(super) fn is_of_root(&self) -> bool {
        !self.is_of_user() && self.account.is_root()
    }

    pub(super) fn directory(&self) -> PathBuf {
        match (self.kind, self.is_of_user()) {
            (Kind::Systemd, false) => "/etc/systemd/system".into(),
            (Kind::Systemd, true) => config_home(&self.account.home).join("systemd/user"),
            (Kind::Launchd, false) => "/Library/LaunchDaemons".into(),
            (Kind::Launchd, true) => self.account.home.join("Library/LaunchAgents"),
            (Kind::Windows, _) => PathBuf::new(),
        }
    }

    /// Returns where the service looks for a config that nobody names.
    pub(super) fn usual_config(&self) -> PathBuf {
        if self.is_of_user() {
            config_home(&self.account.home).join("syft-sync/config.toml")
        } else {
            "/etc/syft-sync/config.toml".into()
        }
    }

    /// Returns where the service will take its config from: not from the caller's environment.
    pub(super) fn sources(&self, wanted: &Wanted) -> Outcome<Sources> {
        let own = wanted.sources()?;
        if self.is_of_user() {
            return Ok(own);
        }
        let named = std::env::var_os("SYNC_DAEMON_CONFIG").map(PathBuf::from);
        let mut environment = vec![
            ("HOME", self.account.home.clone().into_os_string()),
            ("USER", self.account.name.clone().into()),
            ("LOGNAME", self.account.name.clone().into()),
        ];
        if self.kind == Kind::Systemd && !self.account.is_root() {
            for (variable, root) in [
                ("XDG_STATE_HOME", "/var/lib"),
                ("XDG_CACHE_HOME", "/var/cache"),
                ("XDG_RUNTIME_DIR", "/run"),
            ] {
                environment.push((variable, format!("{root}/{}", self.name).into()));
            }
        }
        Ok(Sources {
            config: own.config.or(named),
            overrides: Overrides::default(),
            environment: environment
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
            home: self.account.home.clone(),
            machine: Machine {
                is_root: self.account.is_root(),
                ..Machine::this()
            },
            is_here_meant: false,
        })
    }

    /// Refuses what this machine or this person cannot do.
    pub(super) fn is_possible(&self, verb: &str) -> Outcome {
        if !self.is_native() {
            let kind = match self.kind {
                Kind::Systemd => "systemd",
                Kind::Launchd => "launchd",
                Kind::Windows => "Windows",
            };
            return Err(
                Failure::error(format!("this machine has no services of {kind}"))
                    .hint("add --print, and take what it prints to a machine that has"),
            );
        }
        if !self.is_of_user() && !Account::current().is_root() {
            return Err(Failure::error(
                "a service of the machine is installed and removed by root",
            )
            .hint(format!(
                "sudo {PROGRAM} {verb} …, or without root, for you alone: {PROGRAM} {verb} --user"
            )));
        }
        Ok(())
    }
}

impl From<ServiceKind> for Kind {
    fn from(kind: ServiceKind) -> Self {
        match kind {
            ServiceKind::Systemd => Self::Systemd,
            ServiceKind::Launchd => Self::Launchd,
            ServiceKind::Windows => Self::Windows,
        }
    }
}

fn native() -> Kind {
    if cfg!(target_os = "macos") {
        Kind::Launchd
    } else {
        Kind::Systemd
    }
}

/// Returns whoever calls, with the home directory of the environment.
fn caller() -> Outcome<Account> {
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let home = home.ok_or_else(|| {
        Failure::error("the home directory is unknown").hint("set HOME to your home directory")
    })?;
    Ok(Account {
        home,
        ..Account::current()
    })
}

/// Returns an account of this machine, or one as it would be on another machine.
fn account(user: &str, kind: Kind, is_elsewhere: bool) -> Outcome<Account> {
    if is_elsewhere {
        let home = match (kind, user) {
            (Kind::Launchd, ROOT) => "/var/root".into(),
            (Kind::Launchd, user) => Path::new("/Users").join(user),
            (_, ROOT) => "/root".into(),
            (_, user) => Path::new("/home").join(user),
        };
        return Ok(Account {
            name: user.to_owned(),
            uid: if user == ROOT { 0 } else { u32::MAX },
            home,
        });
    }
    let account = Account::named(user)
        .map_err(|error| Failure::error(format!("cannot look for the user {user:?}: {error}")))?;
    account.ok_or_else(|| {
        Failure::new(Exit::Usage, format!("this machine knows no user {user:?}")).hint(format!(
            "make one for the service: sudo useradd --system --shell /usr/sbin/nologin {user}"
        ))
    })
}

/// Returns the directory of this person's configuration (XDG Base Directory Specification).
fn config_home(home: &Path) -> PathBuf {
    std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| home.join(".config"))
}

pub(super) fn tell(step: Step) {
    let done = paint(GOOD, "done");
    match step {
        Step::Wrote(path) => term::say(format_args!("{done}  wrote {}", path.display())),
        Step::Kept(path) => term::say(format_args!(
            "{done}  kept {}, which is as it should be",
            path.display()
        )),
        Step::Removed(path) => term::say(format_args!("{done}  removed {}", path.display())),
        Step::Ran(command) => term::say(format_args!("{done}  {command}")),
    }
}

/// Says what to do about a step that failed.
pub(super) fn failure(error: &Error, plan: &Plan, target: &Target) -> Failure {
    let failure = Failure::error(chain(error));
    let user = if target.is_of_user() { "--user " } else { "" };
    match error {
        Error::NoManager { .. } if target.is_of_user() => failure.hint(format!(
            "log in as {0}, not by su or sudo (or: export XDG_RUNTIME_DIR=/run/user/{1}); without systemd: {PROGRAM} start",
            target.account.name, target.account.uid
        )),
        Error::NoManager { .. } => failure.hint(format!(
            "without systemd: {PROGRAM} start; for another machine: add --print"
        )),
        Error::Rights { .. } if target.is_of_user() => {
            failure.hint("see who owns that place; it should be you")
        }
        Error::Rights { .. } => failure.hint("sudo, or without root: add --user"),
        Error::Foreign { .. } => failure.hint(
            "choose another --service-name, or look at it and move it away; --print shows what would be there",
        ),
        Error::Command { .. } if target.kind == Kind::Systemd => {
            let service = plan.service();
            failure.hint(format!(
                "the files are in place; see why: systemctl {user}status {service}; journalctl {user}-xeu {service}"
            ))
        }
        _ => failure,
    }
}
