//! Commands of the system that keeps services.

use std::{io, process::Stdio, time::Duration};

use tokio::process::Command;

use super::Error;

/// A service has 90 s to become ready, and its manager some more to say so.
const PATIENCE: Duration = Duration::from_secs(150);
/// What a command says is shown to a person.
const LONGEST_REASON: usize = 1000;

/// Runs a command to its end, and returns what it printed.
pub(super) async fn run(words: &[&str]) -> Result<String, Error> {
    let (program, arguments) = words.split_first().expect("every command has a name");
    let mut command = Command::new(program);
    command
        .args(arguments)
        // The answers are told apart by their words.
        .env("LC_ALL", "C")
        .env("SYSTEMD_COLORS", "0")
        .env("SYSTEMD_PAGER", "")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let line = words.join(" ");
    let output = match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Error::NoManager {
                what: format!("this machine has no `{program}`"),
            });
        }
        Ok(Err(error)) => {
            return Err(Error::Command {
                command: line,
                reason: error.to_string(),
            });
        }
        Err(_) => {
            return Err(Error::Command {
                command: line,
                reason: format!("no answer within {} s", PATIENCE.as_secs()),
            });
        }
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failure(line, said.trim(), &output.status.to_string()))
}

/// Tells what a person can do about a command that failed.
fn failure(command: String, said: &str, status: &str) -> Error {
    let has = |parts: &[&str]| parts.iter().any(|part| said.contains(part));
    let reason: String = match said {
        "" => status.to_owned(),
        said => said.chars().take(LONGEST_REASON).collect(),
    };
    let what = format!("`{command}`: {reason}");
    if has(&[
        "not been booted with systemd",
        "Failed to connect to bus",
        "XDG_RUNTIME_DIR not defined",
    ]) {
        return Error::NoManager { what };
    }
    if has(&[
        "Access denied",
        "Permission denied",
        "Operation not permitted",
        "authentication required",
    ]) {
        return Error::Rights { what };
    }
    Error::Command { command, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, expected: &str) {
        let kind = match failure("systemctl x".to_owned(), said, "exit status: 1") {
            Error::NoManager { .. } => "no manager",
            Error::Rights { .. } => "rights",
            Error::Command { reason, .. } => return assert_eq!(reason, expected),
            other => panic!("{other:?}"),
        };
        assert_eq!(kind, expected);
    }

    #[test]
    fn answers_of_systemctl_are_told_apart() {
        let not_booted = "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down";
        check(not_booted, "no manager");
        check("Failed to connect to bus: No medium found", "no manager");
        let no_session =
            "Failed to connect to bus: $DBUS_SESSION_BUS_ADDRESS and $XDG_RUNTIME_DIR not defined";
        check(no_session, "no manager");
        let asks = "Failed to reload daemon: Interactive authentication required.";
        check(asks, "rights");
        check("Failed to enable unit: Access denied", "rights");
        check(
            "Failed to enable unit: Unit file x does not exist.",
            "Failed to enable unit: Unit file x does not exist.",
        );
        check("", "exit status: 1");
    }
}
