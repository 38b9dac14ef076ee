//! What this daemon is called in PocketBase, kept from start to start.

use std::path::Path;

use syft_jobs::JobId;
use syft_state::fs::{create_private_dir, read_capped, write_atomic};

use super::Error;
use crate::config::Config;

const FILE: &str = "daemon_id";

/// Returns the name that the config gives, or the one that was made up at the first start.
///
/// # Errors
///
/// The state directory cannot be used, or the file in it does not hold a name.
pub(crate) fn daemon_id(config: &Config) -> Result<String, Error> {
    let pocketbase = config.pocketbase.as_ref();
    if let Some(id) = pocketbase.and_then(|pocketbase| pocketbase.daemon_id.clone()) {
        return Ok(id);
    }
    let directory = &config.daemon.state_dir;
    if let Some(id) = read(directory)? {
        return Ok(id);
    }
    create_private_dir(directory)?;
    let host = rustix::system::uname();
    let id = made_up(&host.nodename().to_string_lossy(), &uuid::Uuid::new_v4());
    write_atomic(&directory.join(FILE), id.as_bytes(), 0o600)?;
    // Of two that start at once, the later one counts for both.
    Ok(read(directory)?.unwrap_or(id))
}

fn read(directory: &Path) -> Result<Option<String>, Error> {
    let path = directory.join(FILE);
    if !path.try_exists().unwrap_or(true) {
        return Ok(None);
    }
    let bytes = read_capped(&path, 1024)?;
    let text = String::from_utf8_lossy(&bytes);
    match text.trim().parse::<JobId>() {
        Ok(id) => Ok(Some(id.into())),
        Err(_) => Err(Error::Corrupt {
            path,
            reason: "holds no name of a daemon; remove it, and a new one is made up".to_owned(),
        }),
    }
}

/// Returns a name that people recognise and no other machine has.
fn made_up(host: &str, random: &uuid::Uuid) -> String {
    let is_allowed = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
    let host: String = host.chars().filter(is_allowed).take(40).collect();
    let host = if host.is_empty() { "daemon" } else { &host };
    let random = random.simple().to_string();
    format!("{host}-{}", &random[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_whatever_the_host_is_called() {
        let random = uuid::Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0);
        for (host, id) in [
            ("laptop", "laptop-12345678"),
            ("", "daemon-12345678"),
            ("mein rechner/ü", "meinrechner-12345678"),
        ] {
            assert_eq!(made_up(host, &random), id);
            id.parse::<JobId>().unwrap();
        }
        made_up(&"x".repeat(300), &random).parse::<JobId>().unwrap();
    }

    #[test]
    fn what_is_no_name_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read(directory.path()).unwrap(), None);
        let path = directory.path().join(FILE);
        write_atomic(&path, b"a/b", 0o600).unwrap();
        let error = read(directory.path()).unwrap_err().to_string();
        assert!(
            error.ends_with(
                "daemon_id holds no name of a daemon; remove it, and a new one is made up"
            ),
            "{error}"
        );
        write_atomic(&path, b"laptop-1\n", 0o600).unwrap();
        assert_eq!(read(directory.path()).unwrap().as_deref(), Some("laptop-1"));
    }
}
