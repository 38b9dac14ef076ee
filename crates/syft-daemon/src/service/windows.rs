//! The file of WinSW, which makes a console program a Windows service.

use super::{Error, Unit, fill, marker, name, printable, printable_path, xml};

const WINSW: &str = include_str!("winsw.xml");

/// Returns the file that lets Windows keep the program running in WSL.
pub(super) fn winsw(unit: &Unit) -> Result<String, Error> {
    let mut words = vec![quoted(printable_path("the program", &unit.program)?)?];
    for argument in &unit.arguments {
        words.push(quoted(printable("an argument", argument)?)?);
    }
    Ok(fill(
        WINSW,
        &[
            ("MARKER", &marker(unit)),
            ("NAME", name(unit)?),
            (
                "DESCRIPTION",
                &xml(printable("the description", &unit.description)?),
            ),
            (
                "DOCUMENTATION",
                &xml(printable("the documentation", &unit.documentation)?),
            ),
            ("ARGUMENTS", &xml(&words.join(" "))),
        ],
    ))
}

/// Windows splits a command line at spaces outside of double quotes.
///
/// What quotes, backslashes and percent signs become there depends on who reads the line, so a
/// word that has any is refused.
fn quoted(word: &str) -> Result<String, Error> {
    let is_plain = |c: char| c.is_alphanumeric() || "_@+=:,./-".contains(c);
    if word.contains(['"', '\\', '%']) {
        return Err(Error::Unprintable {
            what: "an argument",
            value: word.to_owned(),
        });
    }
    if word.chars().all(is_plain) {
        return Ok(word.to_owned());
    }
    Ok(format!("\"{word}\""))
}
