//! The property list of one service (launchd.plist(5)).

use super::{Single, arguments, label, marker, patience};
use crate::service::{
    Error, Facts, Scope, fill,
    launchd::{as_user, words},
    printable, printable_path, xml,
};

const PLIST: &str = include_str!("single.plist");

/// Returns a daemon of the machine, or an agent of one user.
pub(super) fn plist(unit: &Single, scope: &Scope, facts: &Facts) -> Result<String, Error> {
    let home = printable_path("the home directory", &facts.home)?;
    let (directory, logs, by_hand, user) = match scope {
        Scope::Machine { user } => (
            "/var/log",
            "/var/log".to_owned(),
            "cp to /Library/LaunchDaemons as root, then launchctl bootstrap system FILE",
            as_user(printable("the user", user)?, home) + &group(unit)?,
        ),
        Scope::User => (
            home,
            format!("{home}/Library/Logs"),
            "cp to ~/Library/LaunchAgents, then launchctl bootstrap gui/UID FILE",
            String::new(),
        ),
    };
    let umask = unit.needs.umask();
    let log = format!("{logs}/{}", unit.name);
    Ok(fill(
        PLIST,
        &[
            ("MARKER", &marker(unit)),
            ("BY_HAND", by_hand),
            ("LABEL", &label(unit)),
            ("STOP", &patience(unit).to_string()),
            ("UMASK", &umask.to_string()),
            ("UMASK_OCTAL", &format!("{umask:04o}")),
            ("USER", &user),
            ("DIRECTORY", &xml(directory)),
            ("LOG", &xml(&log)),
            ("ARGUMENTS", &words(&unit.program, &arguments(unit, facts))?),
        ],
    ))
}

fn group(unit: &Single) -> Result<String, Error> {
    let Some(group) = &unit.group else {
        return Ok(String::new());
    };
    let group = xml(printable("the group", group)?);
    Ok(format!(
        "    <key>GroupName</key>\n    <string>{group}</string>\n"
    ))
}
