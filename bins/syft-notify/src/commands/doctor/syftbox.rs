//! Whether the SyftBox is there, and whether it is the data owner's.

use std::{
    io,
    path::{Path, PathBuf},
};

use syft_state::Email;

use super::finding::Finding;

const TOPIC: &str = "SyftBox";
const MOST_NAMES: usize = 3;

/// How it stands with a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Directory {
    Readable,
    Missing,
    /// Something else is in its place.
    Other,
    /// The system's reason.
    Unreadable(String),
}

#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) root: PathBuf,
    pub(super) root_is: Directory,
    pub(super) owner: Email,
    pub(super) datasite_is: Directory,
    /// Other folders in the SyftBox that are named like an account.
    pub(super) others: Vec<String>,
    /// Whether Drive is watched as well.
    pub(super) has_drive: bool,
}

pub(super) fn gather(root: &Path, owner: &Email, has_drive: bool) -> Facts {
    let entries = std::fs::read_dir(root).into_iter().flatten();
    let mut others: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.parse::<Email>().is_ok_and(|email| email != *owner))
        .collect();
    others.sort();
    Facts {
        root: root.to_owned(),
        root_is: look(root),
        owner: owner.clone(),
        datasite_is: look(&root.join(owner.as_str())),
        others,
        has_drive,
    }
}

fn look(path: &Path) -> Directory {
    match std::fs::read_dir(path) {
        Ok(_) => Directory::Readable,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Directory::Missing,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Directory::Other,
        Err(error) => Directory::Unreadable(error.to_string()),
    }
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let datasite = facts.root.join(facts.owner.as_str());
    let root = facts.root.display();
    let finding = match (&facts.root_is, &facts.datasite_is) {
        (Directory::Readable, Directory::Readable) => {
            Finding::ok(TOPIC, format!("{} can be read", datasite.display()))
        }
        (Directory::Readable, Directory::Missing) if !facts.others.is_empty() => absent(
            facts,
            format!(
                "{root} holds no folder of {}, but {}",
                facts.owner,
                others(facts)
            ),
        )
        .mend("correct `do_email` or `syftbox_root` in the config"),
        (Directory::Readable, Directory::Missing) => {
            absent(facts, format!("{root} holds no folder of {}", facts.owner))
                .mend("log in once with syft-client on this machine, or correct `syftbox_root`")
        }
        (Directory::Missing, _) => absent(facts, format!("there is no SyftBox {root}"))
            .mend("log in once with syft-client on this machine, or correct `syftbox_root`"),
        (Directory::Readable, Directory::Other) => {
            Finding::problem(TOPIC, format!("{} is not a directory", datasite.display()))
                .mend("move it away")
        }
        (Directory::Other, _) => Finding::problem(TOPIC, format!("{root} is not a directory"))
            .mend("correct `syftbox_root` in the config"),
        (Directory::Readable, Directory::Unreadable(reason)) => unreadable(&datasite, reason),
        (Directory::Unreadable(reason), _) => unreadable(&facts.root, reason),
    };
    vec![finding]
}

/// New jobs come by Drive, and all that follows is in the SyftBox.
fn absent(facts: &Facts, finding: String) -> Finding {
    if facts.has_drive {
        Finding::warning(TOPIC, finding)
            .because("new jobs are seen on Drive, but not what becomes of them")
    } else {
        Finding::problem(TOPIC, finding).because("nothing else is watched")
    }
}

fn unreadable(path: &Path, reason: &str) -> Finding {
    Finding::problem(TOPIC, format!("{} cannot be read", path.display()))
        .because(reason)
        .mend(format!("ls -ld {}", super::finding::quoted(path)))
}

fn others(facts: &Facts) -> String {
    let mut names: Vec<String> = facts.others.clone();
    if names.len() > MOST_NAMES {
        let more = names.len() - MOST_NAMES;
        names.truncate(MOST_NAMES);
        return format!("those of {} and {more} more", names.join(", "));
    }
    format!("that of {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::lines;

    #[track_caller]
    fn check(root: Directory, datasite: Directory, others: &[&str], drive: bool, expected: &str) {
        let facts = Facts {
            root: "/box".into(),
            root_is: root,
            owner: "do@x.org".parse().unwrap(),
            datasite_is: datasite,
            others: others.iter().map(|name| (*name).to_owned()).collect(),
            has_drive: drive,
        };
        assert_eq!(lines(&findings(&facts)), [expected]);
    }

    #[test]
    fn how_a_syftbox_can_be() {
        use Directory::{Missing, Other, Readable, Unreadable};
        check(
            Readable,
            Readable,
            &["a@x.org"],
            true,
            "✅ /box/do@x.org can be read",
        );
        check(
            Missing,
            Missing,
            &[],
            true,
            "⚠️ there is no SyftBox /box — new jobs are seen on Drive, but not what becomes of \
             them — log in once with syft-client on this machine, or correct `syftbox_root`",
        );
        check(
            Missing,
            Missing,
            &[],
            false,
            "❌ there is no SyftBox /box — nothing else is watched — log in once with syft-client \
             on this machine, or correct `syftbox_root`",
        );
        check(
            Readable,
            Missing,
            &["eve@x.org"],
            true,
            "⚠️ /box holds no folder of do@x.org, but that of eve@x.org — new jobs are seen on \
             Drive, but not what becomes of them — correct `do_email` or `syftbox_root` in the config",
        );
        check(
            Readable,
            Missing,
            &["a@x.org", "b@x.org", "c@x.org", "d@x.org"],
            true,
            "⚠️ /box holds no folder of do@x.org, but those of a@x.org, b@x.org, c@x.org and 1 more \
             — new jobs are seen on Drive, but not what becomes of them — correct `do_email` or \
             `syftbox_root` in the config",
        );
        check(
            Readable,
            Missing,
            &[],
            true,
            "⚠️ /box holds no folder of do@x.org — new jobs are seen on Drive, but not what becomes \
             of them — log in once with syft-client on this machine, or correct `syftbox_root`",
        );
        check(
            Readable,
            Other,
            &[],
            true,
            "❌ /box/do@x.org is not a directory — move it away",
        );
        check(
            Other,
            Missing,
            &[],
            true,
            "❌ /box is not a directory — correct `syftbox_root` in the config",
        );
        check(
            Unreadable("Permission denied".to_owned()),
            Missing,
            &[],
            true,
            "❌ /box cannot be read — Permission denied — ls -ld /box",
        );
        check(
            Readable,
            Unreadable("Permission denied".to_owned()),
            &[],
            true,
            "❌ /box/do@x.org cannot be read — Permission denied — ls -ld /box/do@x.org",
        );
    }

    #[test]
    fn looking_at_a_real_one() {
        let dir = tempfile::tempdir().unwrap();
        let owner: Email = "do@x.org".parse().unwrap();
        let root = dir.path().join("box");
        assert_eq!(gather(&root, &owner, true).root_is, Directory::Missing);
        for name in ["do@x.org", "eve@x.org", "notes"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        let facts = gather(&root, &owner, true);
        assert_eq!(facts.datasite_is, Directory::Readable);
        assert_eq!(facts.others, ["eve@x.org"]);
    }
}
