//! Files that commands leave behind.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use serde_json::Value;

use crate::failure::Failure;

/// Prints JSON on one line, or writes it to a file that its owner alone can read.
pub(crate) fn deliver(value: &Value, out: Option<&Path>) -> Result<(), Failure> {
    match out {
        None => Ok(writeln!(anstream::stdout(), "{value}")?),
        Some(path) => {
            write(path, value.to_string().as_bytes(), 0o600)?;
            anstream::eprintln!("wrote {}", path.display());
            Ok(())
        }
    }
}

/// Replaces a file in one step.
pub(crate) fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = Path::new(&name);
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(temporary, path)
    };
    write().map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}

/// Makes a directory that its owner alone can enter, with those above it.
pub(crate) fn make_dir(path: &Path) -> Result<(), Failure> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_are_private_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token.json");
        write(&path, b"old and long", 0o600).unwrap();
        write(&path, b"new", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_names_the_file() {
        let error = write(Path::new("/nowhere/at/all"), b"", 0o600).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"));
    }
}
