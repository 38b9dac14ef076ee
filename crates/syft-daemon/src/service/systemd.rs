//! Units of systemd (systemd.service(5), systemd.exec(5), systemd.syntax(7)).

use std::path::{Path, PathBuf};

use super::{Error, Unit, fill, marker, name, printable, printable_path};

const MACHINE: &str = include_str!("system.service");
const USER: &str = include_str!("user.service");

/// Returns the template unit `NAME@.service`, whose instances are users.
pub(super) fn machine(unit: &Unit) -> Result<String, Error> {
    unit_file(MACHINE, unit)
}

/// Returns the unit for the service manager of one user.
pub(super) fn user(unit: &Unit) -> Result<String, Error> {
    unit_file(USER, unit)
}

/// Returns what one instance has of its own: more arguments, and directories that it writes.
pub(super) fn drop_in(unit: &Unit, more: &[String], writable: &[PathBuf]) -> Result<String, Error> {
    let arguments: Vec<_> = unit.arguments.iter().chain(more).collect();
    let command = command_line(&unit.program, &arguments)?;
    let mut text = format!(
        "# {}\n[Service]\nExecStart=\nExecStart={command}\n",
        marker(unit)
    );
    for path in writable {
        text.push_str(&format!("ReadWritePaths={}\n", may_be_missing(path)?));
    }
    Ok(text)
}

fn unit_file(template: &str, unit: &Unit) -> Result<String, Error> {
    let arguments: Vec<_> = unit.arguments.iter().collect();
    Ok(fill(
        template,
        &[
            ("MARKER", &marker(unit)),
            ("NAME", name(unit)?),
            ("DESCRIPTION", &plain("the description", &unit.description)?),
            (
                "DOCUMENTATION",
                &plain("the documentation", &unit.documentation)?,
            ),
            ("STATE", &plain("the directory of state", &unit.state)?),
            ("COMMAND", &command_line(&unit.program, &arguments)?),
        ],
    ))
}

/// Text outside of command lines: `%` begins a specifier.
pub(super) fn plain(what: &'static str, text: &str) -> Result<String, Error> {
    Ok(printable(what, text)?.replace('%', "%%"))
}

/// T21: a directory that is missing must not keep the service from starting.
pub(super) fn may_be_missing(path: &Path) -> Result<String, Error> {
    let path = printable_path("a directory", path)?;
    Ok(quoted(&format!("-{path}"), false))
}

/// The program's own path is no place for variables, so its `$` is a `$`.
pub(super) fn command_line(program: &Path, arguments: &[&String]) -> Result<String, Error> {
    let mut line = quoted(printable_path("the program", program)?, false);
    for argument in arguments {
        line.push(' ');
        line.push_str(&quoted(printable("an argument", argument)?, true));
    }
    Ok(line)
}

/// Returns a word as it stands between spaces.
pub(super) fn quoted(word: &str, has_variables: bool) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_@+=:,./-".contains(c);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut text = word
        .replace('\\', r"\\")
        .replace('"', r#"\""#)
        .replace('%', "%%");
    if has_variables {
        text = text.replace('$', "$$");
    }
    format!("\"{text}\"")
}
