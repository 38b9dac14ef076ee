//! Property lists of launchd (launchd.plist(5)).

use std::path::Path;

use super::{Error, Scope, Unit, fill, marker, name, printable, printable_path, xml};

const PLIST: &str = include_str!("launchd.plist");

/// Returns the name that launchd knows the service by.
pub(super) fn label(unit: &Unit) -> String {
    format!("org.openmined.{}", unit.name)
}

/// Returns what `launchctl` calls a service.
pub(super) fn target(label: &str, scope: &Scope, uid: u32) -> String {
    match scope {
        Scope::Machine { .. } => format!("system/{label}"),
        Scope::User => format!("gui/{uid}/{label}"),
    }
}

/// Returns an agent of one user, or a daemon of the machine that runs as one user.
pub(super) fn plist(unit: &Unit, scope: &Scope, home: &Path) -> Result<String, Error> {
    name(unit)?;
    let home_text = printable_path("the home directory", home)?;
    let log = home.join("Library/Logs").join(format!("{}.log", unit.name));
    let (by_hand, user) = match scope {
        Scope::User => (
            "cp to ~/Library/LaunchAgents, then launchctl bootstrap gui/UID FILE",
            String::new(),
        ),
        Scope::Machine { user } => (
            "cp to /Library/LaunchDaemons as root, then launchctl bootstrap system FILE",
            as_user(printable("the user", user)?, home_text),
        ),
    };
    Ok(fill(
        PLIST,
        &[
            ("MARKER", &marker(unit)),
            ("BY_HAND", by_hand),
            ("LABEL", &label(unit)),
            (
                "ARGUMENTS",
                &words(&unit.program, &unit.arguments.iter().collect::<Vec<_>>())?,
            ),
            ("USER", &user),
            ("HOME", &xml(home_text)),
            ("LOG", &xml(printable_path("the log file", &log)?)),
        ],
    ))
}

/// Returns a command line as the elements of an array.
pub(super) fn words(program: &Path, arguments: &[&String]) -> Result<String, Error> {
    let mut words = vec![printable_path("the program", program)?];
    for argument in arguments {
        words.push(printable("an argument", argument)?);
    }
    let lines: Vec<_> = words
        .into_iter()
        .map(|word| format!("        <string>{}</string>", xml(word)))
        .collect();
    Ok(lines.join("\n"))
}

/// A daemon has no HOME unless it is given one.
pub(super) fn as_user(user: &str, home: &str) -> String {
    format!(
        "    <key>UserName</key>
    <string>{}</string>
    <key>EnvironmentVariables</key>
    <dict>
        <key>HOME</key>
        <string>{}</string>
    </dict>
",
        xml(user),
        xml(home)
    )
}
