//! `[pocketbase]`.

use std::{fs::File, io::Read, path::Path};

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use crate::config::{ConfigSource, PocketBase, finding::Findings, tree::Table};

/// The password that every reader of the seed's sample knows.
const SAMPLE_PASSWORD: &str = "admin123456";
/// The longest password in bytes.
const LONGEST_PASSWORD: u64 = 4096;

pub(super) fn resolve(table: &Table, findings: &mut Findings) -> Option<PocketBase> {
    let url = address(table, findings);
    let password = password(table, findings);
    let auth_collection = table
        .get("auth_collection")
        .map(|_| collection(table, "auth_collection", findings));
    let daemon_id = table
        .get("daemon_id")
        .map(|_| super::id(table, "daemon_id", findings));
    let (url, password) = (url?, password.ok()?);
    judge_password(&url, password.as_ref(), table, findings);
    judge_account(password.as_ref(), table, findings);
    Some(PocketBase {
        url,
        admin_email: table.text_or_none("admin_email").map(str::to_owned),
        password,
        auth_collection: match auth_collection {
            None => None,
            Some(name) => Some(name?),
        },
        timeout: table.seconds("timeout_secs"),
        api_timeout: table.seconds("api_timeout_secs"),
        retry_attempts: table.integer("retry_attempts"),
        retry_delay: table.seconds("retry_delay_secs"),
        verify_certificates: table.bool("verify_certificates"),
        config_source: ConfigSource::named(table.text("config_source")),
        allowed_roots: table.paths("allowed_roots"),
        daemon_id: match daemon_id {
            None => None,
            Some(id) => Some(id?.into()),
        },
    })
}

/// Reads the name of a collection, which becomes part of addresses.
pub(super) fn collection(table: &Table, key: &str, findings: &mut Findings) -> Option<String> {
    let name = table.text(key);
    let is_name = (1..=100).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit());
    if !is_name {
        let message = format!("`{key}`: {name:?} is no name of a collection");
        findings.error(table.origin(key), message);
    }
    is_name.then(|| name.to_owned())
}

/// Reads the address; what is wrong with it is said without showing it, for it may hold a password.
fn address(table: &Table, findings: &mut Findings) -> Option<Url> {
    let url = Url::parse(table.text("url").trim());
    let fault = match &url {
        Err(error) => error.to_string(),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            format!("{} is neither http nor https", url.scheme())
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            "a name or a password has no place in it".to_owned()
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            "a `?` or a `#` has no place in it".to_owned()
        }
        Ok(_) => return url.ok(),
    };
    findings
        .error(table.origin("url"), format_args!("`url`: {fault}"))
        .help("it looks like http://localhost:8090");
    None
}

fn password(table: &Table, findings: &mut Findings) -> Result<Option<SecretString>, ()> {
    let written = table.secret("admin_password");
    let Some(path) = table.path_or_none("password_file") else {
        return Ok(written.cloned());
    };
    let origin = table.origin("password_file");
    if written.is_some() {
        findings.error(
            origin,
            "`admin_password` and `password_file` say the same thing; give one",
        );
        return Err(());
    }
    read_password(path).map(Some).map_err(|reason| {
        findings.error(
            origin,
            format_args!("`password_file`: {}: {reason}", path.display()),
        );
    })
}

/// Reads the first line of a file that only its owner may read.
fn read_password(path: &Path) -> Result<SecretString, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(format!("others may read it; chmod 600 {}", path.display()));
    }
    let mut text = String::new();
    file.take(LONGEST_PASSWORD + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > LONGEST_PASSWORD {
        return Err("it is too long for a password".to_owned());
    }
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err("there is no password in its first line".to_owned());
    }
    Ok(line.into())
}

fn judge_password(
    url: &Url,
    password: Option<&SecretString>,
    table: &Table,
    findings: &mut Findings,
) {
    let Some(password) = password else {
        return;
    };
    if is_loopback(url) {
        return;
    }
    let key = match table.get("password_file") {
        Some(_) => "password_file",
        None => "admin_password",
    };
    let origin = table.origin(key);
    if password.expose_secret() == SAMPLE_PASSWORD {
        let message = format!("`{key}` is the one of the documentation, which everybody knows");
        findings
            .error(origin, message)
            .help("it is for a PocketBase on this machine; choose another one");
    } else if url.scheme() == "http" {
        findings.warning(
            table.origin("url"),
            "the password goes over the network as plain text; use https",
        );
    }
}

fn judge_account(password: Option<&SecretString>, table: &Table, findings: &mut Findings) {
    let Some(account) = table.text_or_none("admin_email") else {
        return;
    };
    let origin = table.origin("admin_email");
    // An ordinary collection may know its accounts by other names.
    if !account.contains('@') && table.get("auth_collection").is_none() {
        findings.warning(
            origin,
            format_args!("`admin_email`: {account:?} is no e-mail address"),
        );
    }
    if password.is_none() {
        findings
            .warning(origin, "there is no password for this account")
            .help("name its file in `password_file`, or set $SYNC_PB_ADMIN_PASSWORD");
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
