//! Whether the machine starts the daemon by itself.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::Command;

use super::{
    files,
    finding::{Finding, quoted},
};

const TOPIC: &str = "service";
/// systemd has run at least once where this is.
const RUNNING: &str = "/run/systemd/system";
/// Where systemd notes whose services go on without a login.
const LINGER: &str = "/var/lib/systemd/linger";
const PATIENCE: Duration = Duration::from_millis(1500);
const PROPERTIES: &str = "--property=LoadState,ActiveState,UnitFileState,ExecStart";

/// Whose service manager keeps a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Machine,
    User,
}

/// What systemd says about a unit that it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) scope: Scope,
    pub(super) is_active: bool,
    pub(super) has_failed: bool,
    pub(super) is_enabled: bool,
    /// The program that it starts.
    pub(super) program: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) has_systemd: bool,
    pub(super) user: String,
    pub(super) units: Vec<Unit>,
    /// Whether the user's services run without a login.
    pub(super) lingers: bool,
    /// This program.
    pub(super) program: Option<PathBuf>,
}

/// Asks systemd, if it runs here; one that does not answer soon says nothing.
pub(super) async fn gather() -> Facts {
    let user = files::user();
    let has_systemd = Path::new(RUNNING).is_dir();
    let mut units = Vec::new();
    if has_systemd {
        let machine = format!("syft-notify@{user}.service");
        let (machine, own) = tokio::join!(
            unit(Scope::Machine, &machine),
            unit(Scope::User, "syft-notify.service")
        );
        units = [machine, own].into_iter().flatten().collect();
    }
    Facts {
        has_systemd,
        units,
        lingers: Path::new(LINGER).join(&user).exists(),
        user,
        program: std::env::current_exe().ok(),
    }
}

async fn unit(scope: Scope, name: &str) -> Option<Unit> {
    let mut command = Command::new("systemctl");
    if scope == Scope::User {
        command.arg("--user");
    }
    command
        .args(["show", "--no-pager", PROPERTIES, name])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    parse(
        scope,
        name,
        &String::from_utf8(output.ok()?.ok()?.stdout).ok()?,
    )
}

/// Reads what `systemctl show` prints; a unit that is not installed is `None`.
fn parse(scope: Scope, name: &str, text: &str) -> Option<Unit> {
    let value = |key: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        lines.find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    if value("LoadState")? == "not-found" {
        return None;
    }
    let active = value("ActiveState")?;
    let program = value("ExecStart").and_then(|text| {
        let (_, rest) = text.split_once("path=")?;
        rest.split(" ;").next().map(PathBuf::from)
    });
    Some(Unit {
        name: name.to_owned(),
        scope,
        is_active: active == "active" || active == "reloading",
        has_failed: active == "failed",
        is_enabled: value("UnitFileState").is_some_and(|state| state.starts_with("enabled")),
        program,
    })
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    if !facts.has_systemd {
        return Vec::new();
    }
    if facts.units.is_empty() {
        return vec![
            Finding::warning(TOPIC, "no systemd service is installed")
                .because("after a restart of the machine nothing is watched until you start it")
                .mend("syft-notify service install --user"),
        ];
    }
    let mut findings: Vec<Finding> = facts
        .units
        .iter()
        .flat_map(|unit| about_unit(facts, unit))
        .collect();
    if let [first, second] = &facts.units[..]
        && first.is_enabled
        && second.is_enabled
    {
        findings.push(
            Finding::warning(TOPIC, "two services are enabled, the machine's and yours")
                .because("only the one that is first can watch; the other fails again and again")
                .mend("syft-notify service uninstall --user"),
        );
    }
    findings
}

fn about_unit(facts: &Facts, unit: &Unit) -> Vec<Finding> {
    let name = &unit.name;
    let (systemctl, flag) = match unit.scope {
        Scope::Machine => ("sudo systemctl", ""),
        Scope::User => ("systemctl --user", " --user"),
    };
    let mut findings = Vec::new();
    if unit.has_failed {
        findings.push(
            Finding::problem(TOPIC, format!("{name} has failed"))
                .because("systemd has given up starting it")
                .mend(format!(
                    "{systemctl} status {name}; then {systemctl} restart {name}"
                )),
        );
    } else if !unit.is_enabled {
        findings.push(
            Finding::warning(TOPIC, format!("{name} is installed and not enabled"))
                .because("it is not started when the machine starts")
                .mend(format!("{systemctl} enable --now {name}")),
        );
    }
    if let Some(finding) = program(facts, unit, flag) {
        findings.push(finding);
    }
    if unit.scope == Scope::User && unit.is_enabled && !facts.lingers {
        findings.push(
            Finding::warning(TOPIC, format!("{name} stops when you log out"))
                .because("a user's services end with the last session, unless they linger")
                .mend(format!("sudo loginctl enable-linger {}", facts.user)),
        );
    }
    if findings.is_empty() {
        let state = if unit.is_active {
            "runs"
        } else {
            "does not run"
        };
        findings.push(Finding::ok(
            TOPIC,
            format!("{name} is enabled, and {state}"),
        ));
    }
    findings
}

fn program(facts: &Facts, unit: &Unit, flag: &str) -> Option<Finding> {
    let (program, ours) = (unit.program.as_ref()?, facts.program.as_ref()?);
    if program == ours {
        return None;
    }
    let name = &unit.name;
    let text = format!(
        "{name} starts {}, and this is {}",
        program.display(),
        ours.display()
    );
    Some(
        Finding::warning(TOPIC, text)
            .because("they may be of two versions")
            .mend(format!("{} service install{flag}", quoted(ours))),
    )
}

#[cfg(test)]
mod tests;
