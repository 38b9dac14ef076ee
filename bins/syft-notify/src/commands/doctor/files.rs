//! Whose our files are, and who may read them.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use syft_monitor::config::{Backend, Config, MailBy};

use super::finding::{Finding, Fix, quoted};
use crate::place;

const TOPIC: &str = "files";
const ROOT: u32 = 0;
const ACCOUNTS: &str = "/etc/passwd";
/// Nobody keeps more files than these beside the state.
const MOST_FILES: usize = 10_000;

/// What a file is to us, which decides who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It opens an account.
    Secret,
    /// It tells who works with whom.
    Private,
    /// Whoever writes it decides what this program does.
    Settings,
    /// The same, with addresses in it that are secrets.
    SecretSettings,
    /// The directory of all these.
    Directory,
}

/// A file that exists.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) role: Role,
    /// The permission bits.
    pub(super) mode: u32,
    pub(super) owner: u32,
    /// The name of the owner, where the system knows one.
    pub(super) owner_name: Option<String>,
}

/// The files, and who asks.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) me: u32,
    pub(super) files: Vec<File>,
}

/// Returns the files that are there whatever the config says.
pub(super) fn known(config: &Path, state_path: &Path) -> Vec<(PathBuf, Role)> {
    let directory = place::paths(state_path).directory;
    let mut files = vec![(directory.clone(), Role::Directory)];
    if let Some(parent) = config.parent().filter(|parent| **parent != directory) {
        files.push((parent.to_owned(), Role::Settings));
    }
    files.push((config.to_owned(), Role::Settings));
    files.extend(written(&directory, state_path).map(|path| (path, Role::Private)));
    files
}

/// Finds what this program writes beside the state: the record, its copies, logs, the pid file.
fn written(directory: &Path, state_path: &Path) -> impl Iterator<Item = PathBuf> {
    let stem = state_path.file_stem().unwrap_or_default();
    let beginnings = [stem.to_string_lossy().into_owned(), place::NAME.to_owned()];
    let is_ours = move |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rest = beginnings
            .iter()
            .find_map(|start| name.strip_prefix(start.as_str()));
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    let paths = entries
        .take(MOST_FILES)
        .filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths.filter(is_ours).collect();
    paths.sort();
    paths.into_iter()
}

/// Returns all files of a config.
pub(super) fn ours(config: &Config) -> Vec<(PathBuf, Role)> {
    let mut files = known(&config.file, &config.state_path);
    if !config.webhooks.is_empty() {
        files.push((config.file.clone(), Role::SecretSettings));
    }
    let paths = place::paths(&config.state_path);
    if config.log.path != paths.log() {
        files.push((config.log.path.clone(), Role::Private));
    }
    let login = config.smtp.as_ref().and_then(|smtp| smtp.login.as_ref());
    let keys = config.webhooks.iter();
    let mut secrets = Vec::new();
    if config.backend == Backend::Google {
        secrets.extend(config.drive_token_path.as_ref());
        secrets.push(&config.credentials_path);
    }
    if config.mail == MailBy::Gmail {
        secrets.push(&config.gmail_token_path);
    }
    secrets.extend(login.map(|login| &login.password_file));
    secrets.extend(keys.filter_map(|webhook| webhook.secret_file.as_ref()));
    secrets.sort();
    secrets.dedup();
    let secrets = secrets.into_iter();
    files.extend(secrets.map(|path| (path.clone(), Role::Secret)));
    files
}

/// Returns the name of the user who runs this, or the number where there is no name.
pub(super) fn user() -> String {
    let me = rustix::process::geteuid().as_raw();
    let accounts = std::fs::read_to_string(ACCOUNTS).unwrap_or_default();
    name_of(&accounts, me).unwrap_or_else(|| me.to_string())
}

/// Looks at those of the files that exist; links are followed, as secrets are often links.
pub(super) fn gather(files: impl IntoIterator<Item = (PathBuf, Role)>) -> Facts {
    let accounts = std::fs::read_to_string(ACCOUNTS).unwrap_or_default();
    let files = files.into_iter().filter_map(|(path, role)| {
        let about = std::fs::metadata(&path).ok()?;
        Some(File {
            path,
            role,
            mode: about.permissions().mode() & 0o7777,
            owner: about.uid(),
            owner_name: name_of(&accounts, about.uid()),
        })
    });
    Facts {
        me: rustix::process::geteuid().as_raw(),
        files: files.collect(),
    }
}

/// Returns a user's name from the text of `/etc/passwd`.
fn name_of(accounts: &str, user: u32) -> Option<String> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    })
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mine = |file: &&File| file.owner == facts.me || facts.me == ROOT;
    let files = facts.files.iter().filter(mine);
    let mut findings: Vec<Finding> = files.filter_map(open_to_others).collect();
    findings.extend(owners(facts));
    if findings.is_empty() && !facts.files.is_empty() {
        findings.push(Finding::ok(
            TOPIC,
            "all files are yours and closed to others",
        ));
    }
    findings
}

fn open_to_others(file: &File) -> Option<Finding> {
    let path = file.path.display();
    let chmod = |mode| Fix::Mode(file.path.clone(), mode);
    let may = |bits: u32| file.mode & bits != 0;
    let shown = format!("{path} has mode {:04o}", file.mode);
    match file.role {
        Role::Secret if may(0o077) => Some(
            Finding::problem(TOPIC, shown)
                .because("others may read what opens your account")
                .fix(chmod(0o600)),
        ),
        Role::Private if may(0o022) => Some(
            Finding::problem(TOPIC, shown)
                .because("others may change it")
                .fix(chmod(0o600)),
        ),
        Role::Private if may(0o055) => Some(
            Finding::warning(TOPIC, shown)
                .because("others may read who works with you")
                .fix(chmod(0o600)),
        ),
        Role::Settings | Role::SecretSettings if may(0o022) => Some(
            Finding::problem(TOPIC, shown)
                .because("others may change where your mails go")
                .fix(chmod(file.mode & !0o022)),
        ),
        Role::SecretSettings if may(0o044) => Some(
            Finding::warning(TOPIC, shown)
                .because("others may read the addresses of your webhooks")
                .fix(chmod(0o600)),
        ),
        Role::Directory if may(0o022) => Some(
            Finding::problem(TOPIC, shown)
                .because("others may put files of theirs in the place of yours")
                .fix(chmod(0o700)),
        ),
        Role::Directory if may(0o055) => Some(
            Finding::warning(TOPIC, shown)
                .because("others may see what is in it")
                .fix(chmod(0o700)),
        ),
        _ => None,
    }
}

/// One line for each stranger, not for each of their files.
fn owners(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut seen = Vec::new();
    for file in facts.files.iter().filter(|file| file.owner != facts.me) {
        if seen.contains(&file.owner) {
            continue;
        }
        seen.push(file.owner);
        let name = file.owner_name.as_deref();
        let who = name.map_or_else(|| format!("user {}", file.owner), ToOwned::to_owned);
        let path = file.path.display();
        let belongs = format!("{path} belongs to {who}");
        let all = if file.role == Role::Directory {
            "-R "
        } else {
            ""
        };
        let take = |path: &Path| format!("sudo chown {all}\"$USER\" {}", quoted(path));
        findings.push(match (facts.me, file.owner) {
            (ROOT, _) => Finding::warning(TOPIC, format!("{belongs}, and you are root"))
                .because("what root starts writes files that this user cannot read")
                .mend(format!("sudo -u {who} syft-notify doctor")),
            (_, ROOT) => Finding::problem(TOPIC, format!("{belongs}, not to you"))
                .because("it was started by root once")
                .mend(take(&file.path)),
            _ => Finding::problem(TOPIC, format!("{belongs}, not to you"))
                .because("this program runs as one user, who owns its files")
                .mend(format!("run it as {who}, or {}", take(&file.path))),
        });
    }
    findings
}

#[cfg(test)]
mod tests;
