//! Whether others can read what is ours alone.

use std::{os::unix::fs::PermissionsExt, path::Path};

use syft_terminal::finding::{Finding, Fix};

use crate::config::Config;

const TOPIC: &str = "files";

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let holds_password = config
        .pocketbase
        .as_ref()
        .is_some_and(|pocketbase| pocketbase.password.is_some());
    let mut findings = Vec::new();
    if let Some(file) = config.file.as_deref().filter(|_| holds_password) {
        findings.extend(mode(file).and_then(|mode| private(file, mode, "a password")));
    }
    let token = &config.http.token_file;
    findings.extend(mode(token).and_then(|mode| private(token, mode, "the control token")));
    if findings.is_empty() {
        findings.push(Finding::ok(TOPIC, "nobody else can read secrets"));
    }
    findings
}

fn mode(path: &Path) -> Option<u32> {
    let metadata = path.metadata().ok()?;
    Some(metadata.permissions().mode() & 0o777)
}

fn private(path: &Path, mode: u32, what: &str) -> Option<Finding> {
    (mode & 0o077 != 0).then(|| {
        Finding::problem(
            TOPIC,
            format!("others can read {} ({mode:o})", path.display()),
        )
        .because(format!("it may hold {what}"))
        .fix(Fix::Mode(path.to_owned(), 0o600))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_for_its_owner_alone() {
        let path = Path::new("/c.toml");
        assert_eq!(private(path, 0o600, "x"), None);
        let finding = private(path, 0o644, "a password").expect("it is open");
        assert_eq!(
            finding.to_string(),
            "others can read /c.toml (644) — it may hold a password — chmod 600 /c.toml"
        );
    }
}
