//! Whether the record of what was mailed can be read and written.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::Access;
use syft_state::{
    Email,
    fs::Lock,
    ledger::{Error, Ledger},
};

use super::finding::{Finding, quoted};
use crate::exit::chain;

const TOPIC: &str = "record";
/// A monitor holds the lock of the record while it sends; nobody sends for long.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(25);

/// What the record holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Nothing was mailed yet.
    Missing,
    Intact {
        account: Option<Email>,
        sent: u64,
        waiting: usize,
        given_up: usize,
    },
    Damaged {
        reason: String,
        /// Whether the generation before it is whole.
        has_backup: bool,
    },
    Unreadable(String),
}

/// How it stands with the lock of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Locked {
    No,
    /// It was held all the time that we looked, by this process, where the system names it.
    Still(Option<u32>),
    Unknown(String),
}

#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) path: PathBuf,
    pub(super) owner: Email,
    pub(super) content: Content,
    pub(super) locked: Locked,
    /// Whether a monitor runs, which may have much to send.
    pub(super) is_watched: bool,
    /// Whether a new generation can be put in its place.
    pub(super) can_write: bool,
    /// Whether there is an intact generation before this one.
    pub(super) has_backup: bool,
}

pub(super) async fn gather(path: &Path, owner: &Email, is_watched: bool) -> Facts {
    let content = content(path);
    let backup = with_suffix(path, ".bak");
    Facts {
        path: path.to_owned(),
        owner: owner.clone(),
        can_write: can_write(path),
        has_backup: Ledger::read(&backup).is_ok(),
        content,
        locked: locked(&path.with_extension("lock")).await,
        is_watched,
    }
}

/// A directory that does not exist yet is made when it is needed.
fn can_write(path: &Path) -> bool {
    let needed = Access::WRITE_OK | Access::EXEC_OK;
    let directory = path.parent().filter(|directory| directory.exists());
    directory.is_none_or(|directory| rustix::fs::access(directory, needed).is_ok())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn content(path: &Path) -> Content {
    match Ledger::read(path) {
        Ok(state) => {
            let own = state.own();
            Content::Intact {
                account: own.account.clone(),
                sent: own.sent_total,
                waiting: own.outbox.len(),
                given_up: own.dead.len(),
            }
        }
        Err(error) if error.is_not_found() => Content::Missing,
        Err(Error::Corrupt { reason, backup, .. }) => Content::Damaged {
            reason,
            has_backup: backup.is_some(),
        },
        Err(error) => Content::Unreadable(chain(&error)),
    }
}

/// Looks again and again for a while, because sending takes a moment.
async fn locked(path: &Path) -> Locked {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match Lock::is_held(path) {
            Ok(false) => return Locked::No,
            Err(error) => return Locked::Unknown(chain(&error)),
            Ok(true) if tokio::time::Instant::now() >= deadline => {
                return Locked::Still(holder(path));
            }
            Ok(true) => tokio::time::sleep(PAUSE).await,
        }
    }
}

fn holder(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    let inode = std::fs::metadata(path).ok()?.ino();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    holder_in(&locks, inode)
}

/// Finds who holds a `flock` in the text of `/proc/locks`, by the number of the inode.
///
/// The device beside it is not compared: it is another one on file systems such as btrfs.
fn holder_in(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", pid, place, ..] = fields[..] else {
            return None;
        };
        let (_, number) = place.rsplit_once(':')?;
        (number.parse() == Ok(inode)).then(|| pid.parse().ok())?
    })
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let path = facts.path.display();
    let mut findings = match &facts.content {
        Content::Missing => vec![Finding::ok(
            TOPIC,
            format!("{path} does not exist yet: the first look makes it"),
        )],
        Content::Intact {
            account: Some(account),
            ..
        } if *account != facts.owner => vec![
            Finding::problem(
                TOPIC,
                format!("{path} belongs to {account}, not to {}", facts.owner),
            )
            .because("two accounts in one record would be told of each other's jobs")
            .mend("correct `do_email`, or set `state_path` to another file"),
        ],
        Content::Intact {
            sent,
            waiting,
            given_up,
            ..
        } => vec![mails(facts, *sent, *waiting, *given_up)],
        Content::Damaged { reason, has_backup } => {
            let finding = Finding::problem(TOPIC, format!("{path} is damaged")).because(reason);
            vec![if *has_backup {
                finding.mend("syft-notify state restore")
            } else {
                finding.mend("mend it by hand, or move it away to begin anew")
            }]
        }
        Content::Unreadable(reason) => vec![
            Finding::problem(TOPIC, format!("{path} cannot be read"))
                .because(reason)
                .mend(format!("ls -l {}", quoted(&facts.path))),
        ],
    };
    if !facts.can_write {
        let directory = facts.path.parent().unwrap_or(&facts.path);
        findings.push(
            Finding::problem(
                TOPIC,
                format!("you may not write in {}", directory.display()),
            )
            .because("no mail is sent that cannot be recorded")
            .mend(format!("ls -ld {}", quoted(directory))),
        );
    }
    findings.extend(lock(facts));
    findings
}

fn mails(facts: &Facts, sent: u64, waiting: usize, given_up: usize) -> Finding {
    let path = facts.path.display();
    let numbers = format!("{sent} sent, {waiting} waiting, {given_up} given up");
    if given_up > 0 {
        return Finding::warning(TOPIC, format!("{path}: {numbers}"))
            .because("nobody is told of what was given up until you decide")
            .mend("syft-notify queue list");
    }
    let backup = if facts.has_backup {
        ", with a copy of the generation before"
    } else {
        ""
    };
    Finding::ok(TOPIC, format!("{path} is intact{backup}: {numbers}"))
}

fn lock(facts: &Facts) -> Option<Finding> {
    let lock = facts.path.with_extension("lock");
    match &facts.locked {
        Locked::No => None,
        // A monitor with much to send holds it for as long as that takes.
        Locked::Still(_) if facts.is_watched => None,
        Locked::Still(holder) => {
            let who = holder.map_or_else(
                || "another program".to_owned(),
                |pid| format!("another program (PID {pid})"),
            );
            let remedy = holder.map_or_else(
                || format!("fuser -v {}", quoted(&lock)),
                |pid| format!("ps -fp {pid}, and stop it if it hangs"),
            );
            Some(
                Finding::warning(TOPIC, format!("{who} holds {}", lock.display()))
                    .because("no mail goes while it does")
                    .mend(remedy),
            )
        }
        Locked::Unknown(reason) => Some(
            Finding::problem(TOPIC, format!("{} cannot be locked", lock.display()))
                .because(reason)
                .mend(format!("ls -l {}", quoted(&lock))),
        ),
    }
}

#[cfg(test)]
mod tests;
