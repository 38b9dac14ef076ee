//! The commands that make a service of Windows: those of `sc.exe`, and of NSSM where they fail.

use super::{Single, arguments, marker, patience};
use crate::service::{Error, Facts, fill, printable};

const COMMANDS: &str = include_str!("windows.cmd");

/// Returns a batch file for a machine with Windows.
///
/// What a `"` and a `%` become there depends on who reads the line, so words with them are refused.
pub(super) fn commands(unit: &Single, facts: &Facts) -> Result<String, Error> {
    let program = harmless("the program", &unit.program.to_string_lossy())?;
    if !is_absolute(&program) {
        return Err(Error::Unprintable {
            what: "the program",
            value: program,
        });
    }
    let mut parameters = Vec::new();
    for argument in arguments(unit, facts) {
        parameters.push(quoted(&harmless("an argument", argument)?));
    }
    let parameters = parameters.join(" ");
    let text = fill(
        COMMANDS,
        &[
            ("MARKER", &marker(unit)),
            ("NAME", unit.name.as_str()),
            ("COMMAND", &format!("\\\"{program}\\\" {parameters}")),
            ("PROGRAM", &program),
            ("PARAMETERS", &parameters),
            (
                "DESCRIPTION",
                &harmless("the description", &unit.description)?,
            ),
            ("STOP", &(patience(unit) * 1000).to_string()),
        ],
    );
    Ok(text.replace('\n', "\r\n"))
}

pub(super) fn removal(name: &str) -> Vec<String> {
    [
        format!("sc.exe stop \"{name}\""),
        format!("sc.exe delete \"{name}\""),
    ]
    .into()
}

/// A word within another one's quotes has quotes of its own.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || r"_@+=:,./\-".contains(c);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("\\\"{word}\\\"")
}

fn harmless(what: &'static str, word: &str) -> Result<String, Error> {
    // A backslash at the end would take the quotes behind it along.
    let is_unsafe = word.contains(['"', '%']) || word.ends_with('\\');
    if is_unsafe {
        return Err(Error::Unprintable {
            what,
            value: word.to_owned(),
        });
    }
    printable(what, word).map(str::to_owned)
}

/// A drive and a backslash, or a share.
fn is_absolute(path: &str) -> bool {
    let path = path.as_bytes();
    let has_drive =
        path.first().is_some_and(u8::is_ascii_alphabetic) && path.get(1..3) == Some(br":\");
    has_drive || path.starts_with(br"\\")
}
