//! `syft-notify service`.

mod owner;

use std::path::{Path, PathBuf};

use syft_daemon::service::{Account, Error, Facts, Kind, Plan, Scope, Step, Unit};
use syft_monitor::config::{Backend, Config, Locations};

use crate::{
    args::{ServiceArgs, ServiceCommand, ServiceKind},
    exit::{Failure, Outcome, chain},
    place, session,
    term::{self, BOLD, DIM, GOOD, paint},
};

/// Where systemd notes who goes on without a login.
const LINGER: &str = "/var/lib/systemd/linger";

pub(crate) async fn run(command: ServiceCommand) -> Outcome {
    match command {
        ServiceCommand::Install(args) => install(&Wish::new(args)?).await,
        ServiceCommand::Uninstall(args) => uninstall(&Wish::new(args)?).await,
    }
}

/// What is wanted, for whom.
struct Wish {
    args: ServiceArgs,
    kind: Kind,
    owner: Account,
    locations: Locations,
}

impl Wish {
    fn new(args: ServiceArgs) -> Outcome<Self> {
        let owner = if args.user {
            owner::caller()?
        } else {
            owner::behind_sudo()?
        };
        let locations = Locations {
            home: owner.home.clone(),
            creds_dir: owner.home.join(".syft-creds"),
        };
        Ok(Self {
            kind: args.kind.map_or_else(native, Kind::from),
            args,
            owner,
            locations,
        })
    }

    fn scope(&self) -> Scope {
        if self.args.user {
            Scope::User
        } else {
            Scope::Machine {
                user: self.owner.name.clone(),
            }
        }
    }

    fn config_path(&self) -> Outcome<PathBuf> {
        session::config_path(&self.args.config, &self.locations)
    }

    fn plan(&self, config: Option<&Config>) -> Outcome<Plan> {
        let mut arguments = Vec::new();
        if self.args.config.config.is_some() {
            let path = self.config_path()?;
            arguments = vec!["--config".to_owned(), path.to_string_lossy().into_owned()];
        }
        let facts = Facts {
            home: self.owner.home.clone(),
            directory: self.directory(),
            uid: self.owner.uid,
            arguments,
            writable: writable(&self.locations, config),
        };
        Plan::new(&unit()?, self.kind, self.scope(), facts)
            .map_err(|error| Failure::error(chain(&error)))
    }

    fn directory(&self) -> PathBuf {
        match (self.kind, self.args.user) {
            (Kind::Systemd, false) => "/etc/systemd/system".into(),
            (Kind::Systemd, true) => owner::config_home(&self.owner.home).join("systemd/user"),
            (Kind::Launchd, false) => "/Library/LaunchDaemons".into(),
            (Kind::Launchd, true) => self.owner.home.join("Library/LaunchAgents"),
            (Kind::Windows, _) => PathBuf::new(),
        }
    }

    /// Refuses what this machine or this person cannot do.
    fn is_possible(&self, verb: &str) -> Outcome {
        if self.kind != native() {
            let kind = self.kind;
            return Err(
                Failure::error(format!("this machine has no services of {kind:?}"))
                    .hint("add --print, and take the file to a machine that has"),
            );
        }
        if !self.args.user && !Account::current().is_root() {
            return Err(Failure::error(
                "a service of the machine is installed and removed by root",
            )
            .hint(format!(
                "sudo syft-notify service {verb}, or without root: syft-notify service {verb} --user"
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

fn unit() -> Outcome<Unit> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::error(format!("cannot tell where this program is: {error}")))?;
    Ok(Unit {
        name: "syft-notify".to_owned(),
        description: "SyftBox notifications".to_owned(),
        documentation: env!("CARGO_PKG_REPOSITORY").to_owned(),
        program,
        arguments: vec!["run".to_owned(), "--log-file".to_owned()],
        state: ".syft-creds".to_owned(),
    })
}

/// Returns every directory that `run` writes with this config.
fn writable(locations: &Locations, config: Option<&Config>) -> Vec<PathBuf> {
    let mut directories = vec![locations.creds_dir.clone()];
    let Some(config) = config else {
        return directories;
    };
    let files = [Some(&config.state_path), Some(&config.log.path)];
    let tokens = [
        config.drive_token_path.as_ref(),
        Some(&config.gmail_token_path),
    ];
    let parents = files
        .into_iter()
        .chain(tokens)
        .flatten()
        .filter_map(|path| path.parent());
    directories.extend(parents.map(Path::to_owned));
    if let Backend::Local(hub) = &config.backend {
        directories.push(hub.clone());
    }
    directories
}

async fn install(wish: &Wish) -> Outcome {
    if wish.args.print {
        let config = Config::load(&wish.config_path()?, &wish.locations).ok();
        print(&wish.plan(config.as_ref())?, wish.kind);
        return Ok(());
    }
    wish.is_possible("install")?;
    let config = Config::load(&wish.config_path()?, &wish.locations)?;
    let plan = wish.plan(Some(&config))?;
    let holder = syft_daemon::holder(&place::paths(&config.state_path))
        .map_err(|error| Failure::error(chain(&error)))?;
    if let Some(holder) = holder
        && !plan.is_active().await
    {
        let pid = holder.pid;
        return Err(Failure::error(format!(
            "syft-notify runs already, and not as this service (PID {pid})"
        ))
        .hint("syft-notify stop, then install again"));
    }
    plan.install(&mut tell)
        .await
        .map_err(|error| failure(&error, &plan, wish))?;
    let service = plan.service();
    let when = if wish.args.user { "login" } else { "boot" };
    term::out(format_args!(
        "{} runs, now and from every {when} on.",
        paint(BOLD, &service)
    ));
    say_what_next(wish, &service);
    Ok(())
}

async fn uninstall(wish: &Wish) -> Outcome {
    let plan = wish.plan(None)?;
    if wish.args.print {
        for (path, _) in plan.files() {
            term::out(path.display());
        }
        return Ok(());
    }
    wish.is_possible("uninstall")?;
    let mut steps = 0;
    let mut count_and_tell = |step| {
        steps += 1;
        tell(step);
    };
    plan.uninstall(&mut count_and_tell)
        .await
        .map_err(|error| failure(&error, &plan, wish))?;
    let service = paint(BOLD, plan.service());
    if steps == 0 {
        term::out(format_args!("{service} is not installed."));
    } else {
        term::out(format_args!(
            "{service} is gone; config, tokens, state and logs are kept."
        ));
    }
    Ok(())
}

/// XML takes nothing before its first line; systemd's files are shown as `systemctl cat` does.
fn print(plan: &Plan, kind: Kind) {
    for (path, text) in plan.files() {
        if kind == Kind::Systemd {
            term::out(format_args!("# {}", path.display()));
        }
        term::bytes(text.as_bytes());
    }
}

fn tell(step: Step) {
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

fn say_what_next(wish: &Wish, service: &str) {
    let line = |what: &str, command: String| {
        term::say(paint(DIM, format_args!("  {what:<8} {command}")));
    };
    if wish.kind == Kind::Systemd {
        let user = if wish.args.user { "--user " } else { "" };
        line("Look", format!("systemctl {user}status {service}"));
        line("Log", format!("journalctl {user}-u {service} -f"));
        line("Stop", format!("systemctl {user}stop {service}"));
        line("Reload", format!("systemctl {user}reload {service}"));
    }
    let has_lingering = Path::new(LINGER).join(&wish.owner.name).exists();
    if wish.kind == Kind::Systemd && wish.args.user && !has_lingering {
        term::warning("it ends when you log out");
        line(
            "Go on",
            format!("loginctl enable-linger {}", wish.owner.name),
        );
    }
}

/// Says what to do about a step that failed.
fn failure(error: &Error, plan: &Plan, wish: &Wish) -> Failure {
    let failure = Failure::error(chain(error));
    let user = if wish.args.user { "--user " } else { "" };
    match error {
        Error::NoManager { .. } if wish.args.user => failure.hint(format!(
            "log in as {0}, not by su or sudo (or: export XDG_RUNTIME_DIR=/run/user/{1}); without systemd: syft-notify start",
            wish.owner.name, wish.owner.uid
        )),
        Error::NoManager { .. } => {
            failure.hint("without systemd: syft-notify start; for another machine: add --print")
        }
        Error::Rights { .. } if wish.args.user => {
            failure.hint("see who owns that place; it should be you")
        }
        Error::Rights { .. } => failure.hint("sudo, or without root: add --user"),
        Error::Foreign { .. } => {
            failure.hint("look at it, and move it away; --print shows what would be there")
        }
        Error::Command { .. } if wish.kind == Kind::Systemd => {
            let service = plan.service();
            failure.hint(format!(
                "the files are in place; see why: systemctl {user}status {service}; journalctl {user}-xeu {service}"
            ))
        }
        _ => failure,
    }
}
