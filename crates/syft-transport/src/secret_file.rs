//! Passwords and keys that a person keeps in a file of their own.

use std::{fs::File, io::Read as _, os::unix::fs::PermissionsExt as _, path::Path};

use secrecy::SecretString;
use syft_state::fs;

use crate::error::{Error, Result};

/// No password is longer.
const MAX_LENGTH: u64 = 4096;

/// Returns what a file holds, less the line end that editors add.
///
/// # Errors
/// [`Error::BadFile`] where others than its owner may use it, or where it is empty, too long,
/// or more than one line; [`Error::Local`] where it cannot be read.
pub(crate) fn read(path: &Path) -> Result<SecretString> {
    let bad = |reason: &str| Error::BadFile {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    // A secret may be mounted as a link, so links are followed; a pipe must not make us wait.
    let path_at_last = path.canonicalize().map_err(|source| local(path, source))?;
    let file = fs::open_nofollow(&path_at_last).map_err(|error| match error {
        syft_state::Error::Io { source, .. } => local(path, source),
        syft_state::Error::NotRegular { what, .. } => bad(&format!("it is {what}")),
        other => bad(&other.to_string()),
    })?;
    let text = read_private(&file, path)?;
    let text = text.trim_end_matches(['\r', '\n']);
    match text {
        "" => Err(bad("it is empty")),
        text if text.contains(['\r', '\n', '\0']) => Err(bad("it holds more than one line")),
        text => Ok(text.into()),
    }
}

fn read_private(file: &File, path: &Path) -> Result<String> {
    let bad = |reason: String| Error::BadFile {
        path: path.to_owned(),
        reason,
    };
    let metadata = file.metadata().map_err(|source| local(path, source))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        let show = path.display();
        return Err(bad(format!(
            "others than its owner may use it: run `chmod 600 {show}`"
        )));
    }
    let mut bytes = Vec::new();
    let read = file.take(MAX_LENGTH + 1).read_to_end(&mut bytes);
    read.map_err(|source| local(path, source))?;
    if bytes.len() as u64 > MAX_LENGTH {
        return Err(bad(format!("it is longer than {MAX_LENGTH} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| bad("it is not UTF-8 text".to_owned()))
}

fn local(path: &Path, source: std::io::Error) -> Error {
    Error::Local {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[track_caller]
    fn check(content: &[u8], mode: u32, expected: Result<&str, &str>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        fs::write_atomic(&path, content, mode).unwrap();
        match (read(&path), expected) {
            (Ok(secret), Ok(expected)) => assert_eq!(secret.expose_secret(), expected),
            (Err(error), Err(expected)) => {
                let text = error.to_string();
                assert!(text.contains(expected), "{text}");
                assert!(!text.contains("hunter2"), "{text}");
            }
            (result, _) => panic!("{result:?} of {content:?}"),
        }
    }

    #[test]
    fn one_private_line_is_a_secret() {
        check(b"hunter2\n", 0o600, Ok("hunter2"));
        check(b"hunter2", 0o400, Ok("hunter2"));
        check("hunter 2 ü \r\n".as_bytes(), 0o600, Ok("hunter 2 ü "));
        check(b"hunter2", 0o640, Err("chmod 600"));
        check(b"hunter2", 0o604, Err("chmod 600"));
        check(b"", 0o600, Err("empty"));
        check(b"\n\n", 0o600, Err("empty"));
        check(b"hunter2\nhunter3", 0o600, Err("more than one line"));
        check(b"hunter2\xff", 0o600, Err("not UTF-8"));
        check(&[b'x'; 5000], 0o600, Err("longer than 4096 bytes"));
    }

    #[test]
    fn what_is_no_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let missing = read(&directory.path().join("none")).unwrap_err();
        assert!(matches!(missing, Error::Local { .. }), "{missing}");
        let error = read(directory.path()).unwrap_err();
        assert!(error.to_string().contains("a directory"), "{error}");
    }
}
