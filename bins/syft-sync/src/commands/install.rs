//! `syft-sync install`.

use std::{env, path::Path, time::Duration};

use syft_daemon::service::{Facts, Kind, Needs, Plan, Single};

use super::service::{Target, failure, reach, tell};
use crate::{
    args::{Global, InstallArgs},
    config::{Config, Sources},
    exit::{Exit, Failure, Outcome, chain},
    place::{self, PROGRAM},
    session::Wanted,
    term::{self, ACCENT, BOLD, DIM, paint},
};

/// How long a stop may take where no config says it.
const STOP: Duration = Duration::from_secs(30);
/// Where systemd notes who goes on without a login.
const LINGER: &str = "/var/lib/systemd/linger";
/// Where a program is expected on a machine with Windows.
const WINDOWS_PROGRAMS: &str = r"C:\Program Files\syft-sync";

pub(crate) async fn run(global: &Global, args: &InstallArgs) -> Outcome {
    let wanted = Wanted::of(global, Default::default())?;
    let (target, config) = target(&wanted, args)?;
    let arguments = config_argument(global, &target, config.as_ref())?;
    if !args.print {
        target.is_possible("install")?;
    }
    let room = match &config {
        Some(config) if target.is_native() => reach::room(config, &target),
        _ => reach::Room::default(),
    };
    let unit = Single {
        own: room.own,
        ..unit(args, &target, config.as_ref())?
    };
    let facts = Facts {
        home: target.account.home.clone(),
        directory: target.directory(),
        uid: target.account.uid,
        arguments,
        writable: room.writable,
    };
    let plan = Plan::single(&unit, target.kind, &target.scope, &facts)
        .map_err(|error| Failure::error(chain(&error)))?;
    warn(&target, args, config.as_ref(), &room.doubts);
    if args.print {
        print(&plan, target.kind);
        return Ok(());
    }
    is_free(config.as_ref(), &plan).await?;
    plan.install(&mut tell)
        .await
        .map_err(|error| failure(&error, &plan, &target))?;
    say_what_next(&plan, &target);
    Ok(())
}

/// Returns whose service it becomes, and what the config will be for them.
fn target(wanted: &Wanted, args: &InstallArgs) -> Outcome<(Target, Option<Config>)> {
    let of = |run_as: Option<&str>| {
        Target::new(&args.service_name, args.user, run_as, args.kind, args.print)
    };
    let first = of(args.run_as.as_deref())?;
    if !first.is_native() {
        return Ok((first, None));
    }
    let sources = first.sources(wanted)?;
    let config = load(&sources)?;
    // The config may say it, too, and is then read as that account reads it.
    let named = config
        .as_ref()
        .and_then(|it| it.daemon.run_as_user.as_deref());
    if let (Some(user), None, false) = (named, &args.run_as, args.user) {
        let target = of(Some(user))?;
        let config = load(&target.sources(wanted)?)?;
        return Ok((target, config));
    }
    Ok((first, config))
}

/// A machine without a config can have the service already, but not one with a broken config.
fn load(sources: &Sources) -> Outcome<Option<Config>> {
    let config = Config::load(sources)?;
    Ok(config.file.is_some().then_some(config))
}

/// A service does not look for its config: it has the one that was there at the install.
fn config_argument(
    global: &Global,
    target: &Target,
    config: Option<&Config>,
) -> Outcome<Vec<String>> {
    let file = match (config, &global.config) {
        (Some(config), _) => config.file.clone(),
        // It is on another machine, whose paths are not ours.
        (None, Some(file)) if !target.is_native() => {
            let is_absolute = file.is_absolute() || target.kind == Kind::Windows;
            if !is_absolute {
                let message = format!("{} is no absolute path", file.display());
                return Err(Failure::new(Exit::Usage, message)
                    .hint("name the config as it is called on that machine"));
            }
            Some(file.clone())
        }
        _ => None,
    };
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    let file = file.to_str().ok_or_else(|| {
        Failure::error(format!(
            "{} is not UTF-8, and cannot stand in a service file",
            file.display()
        ))
    })?;
    Ok(vec!["--config".to_owned(), file.to_owned()])
}

fn unit(args: &InstallArgs, target: &Target, config: Option<&Config>) -> Outcome<Single> {
    let program = env::current_exe()
        .map_err(|error| Failure::error(format!("cannot tell where this program is: {error}")))?;
    let program = if target.kind == Kind::Windows {
        let name = program.file_name().unwrap_or(PROGRAM.as_ref());
        let name = name.to_string_lossy();
        format!(r"{WINDOWS_PROGRAMS}\{name}.exe").into()
    } else {
        program
    };
    Ok(Single {
        name: target.name.clone(),
        description: args.description.clone(),
        documentation: env!("CARGO_PKG_REPOSITORY").to_owned(),
        program,
        arguments: vec!["start".to_owned(), "--foreground".to_owned()],
        made_by: format!("{PROGRAM} install"),
        group: config
            .filter(|_| !args.user)
            .and_then(|config| config.daemon.run_as_group.clone()),
        own: Vec::new(),
        stop: config.map_or(STOP, |config| config.daemon.shutdown_timeout),
        needs: config.map_or_else(Needs::default, reach::needs),
    })
}

/// A daemon that runs already would keep the service from starting.
async fn is_free(config: Option<&Config>, plan: &Plan) -> Outcome {
    let Some(config) = config else {
        return Ok(());
    };
    let holder = syft_daemon::holder(&place::paths(&config.daemon.pid_file))?;
    if let Some(holder) = holder
        && !plan.is_active().await
    {
        let message = format!(
            "{PROGRAM} runs already, and not as this service (PID {})",
            holder.pid
        );
        return Err(Failure::new(Exit::Running, message)
            .hint(format!("{PROGRAM} stop, then install again")));
    }
    Ok(())
}

/// Says what should be known before it is relied upon.
fn warn(target: &Target, args: &InstallArgs, config: Option<&Config>, doubts: &[String]) {
    if target.is_of_root() && target.kind != Kind::Windows {
        term::warning(
            "it runs as root; an account that may read the sources and write the destinations is enough: --run-as USER, or --user",
        );
    }
    if target.is_native() && config.is_none() {
        term::warning(format_args!(
            "there is no config yet, so it will have nothing to do; make one: {PROGRAM} config generate --output {}",
            target.usual_config().display()
        ));
    }
    for doubt in doubts {
        term::warning(doubt);
    }
    if target.kind == Kind::Windows && args.run_as.is_some() {
        term::warning(
            "the account of a service of Windows is chosen in services.msc, with its password",
        );
    }
}

/// XML and batch files take nothing before their first line; units are shown as `systemctl cat`
/// does.
fn print(plan: &Plan, kind: Kind) {
    for (path, text) in plan.files() {
        if kind == Kind::Systemd {
            term::out(format_args!("# {}", path.display()));
        }
        term::bytes(text.as_bytes());
    }
}

fn say_what_next(plan: &Plan, target: &Target) {
    let when = if target.is_of_user() { "login" } else { "boot" };
    let name = &target.name;
    term::out(format_args!(
        "{} runs, now and from every {when} on.",
        paint(BOLD, name)
    ));
    let line = |what: &str, command: String| {
        term::say(paint(
            DIM,
            format_args!("  {what:<8} {}", paint(ACCENT, command)),
        ));
    };
    if target.kind == Kind::Launchd {
        line("Look", format!("launchctl print {}", plan.service()));
        return;
    }
    let user = if target.is_of_user() { "--user " } else { "" };
    line("Look", format!("systemctl {user}status {name}"));
    line("Log", format!("journalctl {user}-u {name} -f"));
    line("Stop", format!("systemctl {user}stop {name}"));
    line("Reload", format!("systemctl {user}reload {name}"));
    line(
        "Changed",
        "install again after jobs got other destinations".to_owned(),
    );
    if target.is_of_user() && !Path::new(LINGER).join(&target.account.name).exists() {
        term::warning("it ends when you log out");
        line(
            "Go on",
            format!("loginctl enable-linger {}", target.account.name),
        );
    }
}
