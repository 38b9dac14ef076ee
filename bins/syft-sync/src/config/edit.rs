//! Changes of a config file by commands, which leave everything else in it as it is.

use std::{fs, path::Path};

use syft_jobs::JobId;

use super::{
    Config, ConfigError,
    finding::Findings,
    place::Origin,
    tree::{self, Node},
};

/// Enables or disables a job in its config file.
///
/// # Errors
///
/// [`ConfigError::NotInFile`] for a job of PocketBase or none at all, and what reading and writing
/// the file can meet with.
pub(crate) fn set_enabled(config: &Config, job: &JobId, enabled: bool) -> Result<(), ConfigError> {
    let missing = || ConfigError::NotInFile {
        file: config.file.clone(),
        job: job.clone(),
    };
    let file = config.file.as_deref().ok_or_else(missing)?;
    let text = super::source::read(file)?;
    let edited = edited(&text, job, enabled).ok_or_else(missing)?;
    if edited == text {
        return Ok(());
    }
    write(file, &edited)
}

/// The permissions stay as they are.
fn write(file: &Path, text: &str) -> Result<(), ConfigError> {
    let failed = |source| ConfigError::Write {
        path: file.to_owned(),
        source,
    };
    // A link stays one: what it leads to is written.
    let file = file.canonicalize().map_err(failed)?;
    let metadata = fs::metadata(&file).map_err(failed)?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    syft_state::fs::write_atomic(&file, text.as_bytes(), mode)?;
    Ok(())
}

/// Returns the text of a config file with a job enabled or disabled, unless it has no such job.
fn edited(text: &str, job: &JobId, enabled: bool) -> Option<String> {
    let tree = tree::parse(text, &mut Findings::default());
    let table = tree.list("sync_jobs").iter().filter_map(Node::as_table);
    let table = table
        .into_iter()
        .find(|table| table.text_or_none("id") == Some(job.as_str()))?;
    let mut edited = text.to_owned();
    if let Origin::File(value) = table.origin("enabled") {
        edited.replace_range(value.start..value.end, &enabled.to_string());
    } else {
        let (_, key) = table.keys().find(|(key, _)| *key == "id")?;
        let start = key.place()?.start;
        edited.insert_str(
            start,
            &format!("enabled = {enabled}{}", separator(text, start)),
        );
    }
    Some(edited)
}

/// Returns what comes between two keys: a new line that begins as this one, or a comma.
fn separator(text: &str, key: usize) -> String {
    let line_start = text[..key].rfind('\n').map_or(0, |newline| newline + 1);
    let indent = &text[line_start..key];
    match indent.trim().is_empty() {
        true => format!("\n{indent}"),
        false => ", ".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, job: &str, enabled: bool, expected: Option<&str>) {
        let edited = edited(text, &job.parse().unwrap(), enabled);
        assert_eq!(edited.as_deref(), expected);
    }

    #[test]
    fn only_the_one_word_is_changed() {
        const TEXT: &str = "# one\n[[sync_jobs]]\nid = \"a\" # A\nenabled = false # never\n\n[[sync_jobs]]\nid = \"b\"\nenabled   =   true\n";
        check(TEXT, "a", true, Some(&TEXT.replace("= false", "= true")));
        check(TEXT, "a", false, Some(TEXT));
        check(
            TEXT,
            "b",
            false,
            Some(&TEXT.replace("=   true", "=   false")),
        );
        check(TEXT, "c", false, None);
    }

    #[test]
    fn what_is_not_said_yet_is_said_before_the_id() {
        check(
            "[[sync_jobs]]\n  id = \"a\" # A\n",
            "a",
            true,
            Some("[[sync_jobs]]\n  enabled = true\n  id = \"a\" # A\n"),
        );
        check(
            "sync_jobs = [{ id = \"a\" }]",
            "a",
            true,
            Some("sync_jobs = [{ enabled = true, id = \"a\" }]"),
        );
        check(
            "[[sync_jobs]]\nid = \"a\"",
            "a",
            true,
            Some("[[sync_jobs]]\nenabled = true\nid = \"a\""),
        );
    }
}
