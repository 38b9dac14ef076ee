//! Who started a daemon, and so who should stop it.

use serde::{Deserialize, Serialize};

/// Who started a daemon, and so who should stop it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum StartedBy {
    /// Its own command `start`.
    Background,
    /// A person, or a script, in the foreground.
    Foreground,
    /// systemd.
    Systemd {
        /// The name of the unit.
        unit: String,
        /// Whether it is the user's own manager.
        user: bool,
    },
    /// supervisord.
    Supervisord {
        /// The name of the program there.
        program: String,
    },
    /// launchd.
    Launchd {
        /// The label of the job there.
        label: String,
    },
}

/// A command of whoever runs the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// End it.
    Stop,
    /// End it and start it again.
    Restart,
}

impl StartedBy {
    /// Returns who has started this process, which is not in the background by itself.
    ///
    /// `variable` reads the environment.
    pub fn of_this(variable: impl Fn(&str) -> Option<String>) -> Self {
        let cgroup = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self::told(variable, std::process::id(), &cgroup)
    }

    fn told(variable: impl Fn(&str) -> Option<String>, pid: u32, cgroup: &str) -> Self {
        // A terminal's shells inherit what systemd told the terminal, but not its PID.
        let is_systemd = variable("SYSTEMD_EXEC_PID").map_or_else(
            || variable("INVOCATION_ID").is_some() && variable("NOTIFY_SOCKET").is_some(),
            |told| told == pid.to_string(),
        );
        if is_systemd {
            return Self::systemd(cgroup);
        }
        if let Some(program) = variable("SUPERVISOR_PROCESS_NAME") {
            return Self::Supervisord { program };
        }
        match variable("XPC_SERVICE_NAME") {
            // Every program of a desktop session has "0".
            Some(label) if label != "0" && !label.starts_with("application.") => {
                Self::Launchd { label }
            }
            _ => Self::Foreground,
        }
    }

    /// Reads the unit out of `0::/system.slice/x.slice/syft-notify@me.service`.
    fn systemd(cgroup: &str) -> Self {
        let path = cgroup.lines().last().unwrap_or_default();
        let unit = path
            .rsplit('/')
            .find(|part| part.ends_with(".service"))
            .unwrap_or("unknown.service");
        Self::Systemd {
            unit: unit.to_owned(),
            user: path.contains("/user@"),
        }
    }

    /// Returns what to type instead, where somebody else looks after the daemon.
    #[must_use]
    pub fn command(&self, verb: Verb) -> Option<String> {
        let word = match verb {
            Verb::Stop => "stop",
            Verb::Restart => "restart",
        };
        match self {
            Self::Background | Self::Foreground => None,
            Self::Systemd { unit, user: true } => Some(format!("systemctl --user {word} {unit}")),
            Self::Systemd { unit, user: false } => Some(format!("sudo systemctl {word} {unit}")),
            Self::Supervisord { program } => Some(format!("supervisorctl {word} {program}")),
            Self::Launchd { label } => Some(match verb {
                Verb::Stop => format!("launchctl bootout gui/$(id -u)/{label}"),
                Verb::Restart => format!("launchctl kickstart -k gui/$(id -u)/{label}"),
            }),
        }
    }

    /// Returns who it is, as in "started by …"; `program` is the daemon's.
    #[must_use]
    pub fn name(&self, program: &str) -> String {
        match self {
            Self::Background => format!("{program} start"),
            Self::Foreground => format!("{program} run"),
            Self::Systemd { .. } => "systemd".to_owned(),
            Self::Supervisord { .. } => "supervisord".to_owned(),
            Self::Launchd { .. } => "launchd".to_owned(),
        }
    }

    /// Returns how it was started, in words that follow those about when.
    #[must_use]
    pub fn how(&self) -> String {
        match self {
            Self::Background => "in the background".to_owned(),
            Self::Foreground => "in the foreground".to_owned(),
            Self::Systemd { unit, .. } => format!("by systemd as {unit}"),
            Self::Supervisord { program } => format!("by supervisord as {program}"),
            Self::Launchd { label } => format!("by launchd as {label}"),
        }
    }
}

#[cfg(test)]
mod tests;
