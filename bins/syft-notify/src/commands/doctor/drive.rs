//! Whether the Drive answers, and whether peers have shared folders that we know how to read.

use std::{collections::BTreeMap, time::Duration};

use syft_monitor::layout::{
    DATASITE_PREFIX, FolderKind, Generation, OUTBOX_INBOX_PREFIX, Ownership, parse_folder, verify,
};
use syft_state::Email;
use syft_transport::{Drive, Entry, EntryKind, Error, NameMatch, Owner, Query};

use super::finding::Finding;

const TOPIC: &str = "Drive";
const FOLDERS: &str = "folders";
/// A look makes a handful of calls.
const SLOW: Duration = Duration::from_secs(3);
const KNOWN: &str = "known are those of syft-client up to 0.1.101 (w1), of 0.1.102 to 0.1.112 (w2) \
                     and from 0.1.113 on (w4)";

/// What a single list of folders showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Folders {
    /// How many inboxes of peers there are of each generation, as it is shown.
    pub(super) known: BTreeMap<String, usize>,
    /// How many are for us and have a name of no known layout.
    pub(super) unknown: usize,
    /// How many belong to somebody else than their name says.
    pub(super) spoofed: usize,
    /// Whether there are more than one list holds.
    pub(super) is_partial: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Where the Drive is, as `Google Drive` or a hub.
    pub(super) place: String,
    /// How long one small call took.
    pub(super) took: Duration,
    /// What the list showed, or why there is none.
    pub(super) folders: Result<Folders, String>,
}

/// Lists what peers have shared, by one call.
pub(super) async fn list(drive: &dyn Drive, me: &Email) -> Result<Folders, Error> {
    let prefixes = [OUTBOX_INBOX_PREFIX, DATASITE_PREFIX];
    let query = Query {
        any_name: prefixes
            .map(|prefix| NameMatch::StartsWith(prefix.to_owned()))
            .into(),
        kind: Some(EntryKind::Folder),
        owner: Some(Owner::NotMe),
        ..Query::default()
    };
    let page = drive.list(&query, None).await?;
    Ok(Folders {
        is_partial: page.next.is_some(),
        ..sort(&page.entries, me)
    })
}

fn sort(entries: &[Entry], me: &Email) -> Folders {
    let mut folders = Folders::default();
    for entry in entries {
        let Some(folder) = parse_folder(&entry.name, me) else {
            folders.unknown += usize::from(is_for(&entry.name, me));
            continue;
        };
        match verify(&folder, entry.owner.as_ref(), me) {
            Ownership::Verified if folder.kind == FolderKind::Inbox => {
                *folders.known.entry(shown(folder.generation)).or_default() += 1;
            }
            Ownership::Spoofed { .. } => folders.spoofed += 1,
            _ => {}
        }
    }
    folders
}

/// A name of a layout to come will still hold the address of the data owner.
fn is_for(name: &str, me: &Email) -> bool {
    name.to_lowercase().contains(&me.as_str().to_lowercase())
}

fn shown(generation: Generation) -> String {
    match generation {
        Generation::W1 => "w1 (syft-client up to 0.1.101)".to_owned(),
        Generation::W2W3 => "w2 (syft-client 0.1.102 to 0.1.112)".to_owned(),
        Generation::W4 { version } => format!("w4 (syft-client {version})"),
        Generation::Any => "archive".to_owned(),
    }
}

/// A config may leave the Drive out.
pub(super) fn not_configured() -> Finding {
    Finding::warning(TOPIC, "`drive_token_path` is not set in the config")
        .because("only the local SyftBox is watched, so new jobs and peers are not seen")
        .mend("syft-notify init")
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let millis = facts.took.as_millis();
    let place = &facts.place;
    let mut findings = vec![if facts.took > SLOW {
        Finding::warning(TOPIC, format!("{place} took {millis} ms to answer"))
            .because("every look takes some calls, and a mail three")
            .mend("try again; if it stays, see the network of this machine")
    } else {
        Finding::ok(TOPIC, format!("{place} answers in {millis} ms"))
    }];
    match &facts.folders {
        Ok(folders) => findings.extend(about_folders(folders)),
        Err(reason) => findings.push(
            Finding::problem(FOLDERS, "the folders of peers cannot be listed")
                .because(reason)
                .mend("try again; if it stays, syft-notify init"),
        ),
    }
    findings
}

/// T1: a layout that is not known looks like silence.
fn about_folders(folders: &Folders) -> Vec<Finding> {
    let mut findings = Vec::new();
    let counts = folders.known.iter();
    let counts: Vec<String> = counts
        .map(|(generation, count)| format!("{count} × {generation}"))
        .collect();
    let more = if folders.is_partial { ", and more" } else { "" };
    if !counts.is_empty() {
        let text = format!("peers have shared {}{more}", counts.join(", "));
        findings.push(Finding::ok(FOLDERS, text));
    } else if folders.unknown == 0 {
        findings.push(
            Finding::warning(FOLDERS, "no peer has shared a folder of any known layout")
                .because(KNOWN)
                .mend("let a data scientist add you as a peer; if one has, update syft-notify"),
        );
    }
    if folders.unknown > 0 {
        let unknown = folders.unknown;
        findings.push(
            Finding::warning(FOLDERS, format!("{unknown} shared in no known layout"))
                .because(format!("the jobs in them are not seen; {KNOWN}"))
                .mend("update syft-notify"),
        );
    }
    if folders.spoofed > 0 {
        let spoofed = folders.spoofed;
        findings.push(
            Finding::warning(FOLDERS, format!("{spoofed} belong to others than they say"))
                .because("somebody may want to be taken for a peer of yours; they are ignored")
                .mend("syft-notify run --once -v names them"),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use syft_state::Timestamp;
    use syft_transport::FileId;

    use super::*;
    use crate::commands::doctor::finding::lines;

    const ANSWERS: &str = "✅ Google Drive answers in 20 ms";

    #[track_caller]
    fn check(folders: Result<Folders, String>, expected: &[&str]) {
        let facts = Facts {
            place: "Google Drive".to_owned(),
            took: Duration::from_millis(20),
            folders,
        };
        let lines = lines(&findings(&facts));
        assert_eq!(lines[0], ANSWERS);
        assert_eq!(lines[1..], *expected);
    }

    #[test]
    fn t1_folders_of_peers() {
        let known = |counts: &[(&str, usize)]| {
            let counts = counts.iter();
            counts
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect()
        };
        check(
            Ok(Folders {
                known: known(&[("w1 (old)", 1), ("w4 (new)", 3)]),
                ..Folders::default()
            }),
            &["✅ peers have shared 1 × w1 (old), 3 × w4 (new)"],
        );
        check(
            Ok(Folders::default()),
            &[
                "⚠️ no peer has shared a folder of any known layout — known are those of syft-client \
               up to 0.1.101 (w1), of 0.1.102 to 0.1.112 (w2) and from 0.1.113 on (w4) — let a \
               data scientist add you as a peer; if one has, update syft-notify",
            ],
        );
        check(
            Ok(Folders {
                unknown: 2,
                ..Folders::default()
            }),
            &[
                "⚠️ 2 shared in no known layout — the jobs in them are not seen; known are those of \
               syft-client up to 0.1.101 (w1), of 0.1.102 to 0.1.112 (w2) and from 0.1.113 on (w4) \
               — update syft-notify",
            ],
        );
        check(
            Ok(Folders {
                known: known(&[("w4 (new)", 1000)]),
                spoofed: 1,
                is_partial: true,
                ..Folders::default()
            }),
            &[
                "✅ peers have shared 1000 × w4 (new), and more",
                "⚠️ 1 belong to others than they say — somebody may want to be taken for a peer of \
                 yours; they are ignored — syft-notify run --once -v names them",
            ],
        );
        check(
            Err("too many calls".to_owned()),
            &[
                "❌ the folders of peers cannot be listed — too many calls — try again; if it stays, \
               syft-notify init",
            ],
        );
    }

    #[test]
    fn a_slow_drive() {
        let facts = Facts {
            place: "Google Drive".to_owned(),
            took: Duration::from_millis(3001),
            folders: Ok(Folders::default()),
        };
        assert_eq!(
            lines(&findings(&facts))[0],
            "⚠️ Google Drive took 3001 ms to answer — every look takes some calls, and a mail \
             three — try again; if it stays, see the network of this machine"
        );
    }

    #[test]
    fn t9_folders_by_name_and_owner() {
        let me: Email = "do@x.org".parse().unwrap();
        let entry = |name: &str, owner: &str| Entry {
            id: FileId::new(name),
            name: name.to_owned(),
            kind: EntryKind::Folder,
            parents: Vec::new(),
            owner: Some(owner.parse().unwrap()),
            size: None,
            created: Timestamp::EPOCH,
            modified: Timestamp::EPOCH,
            trashed: false,
        };
        let entries = [
            entry("syft_outbox_inbox_a@x.org_to_do@x.org", "a@x.org"),
            entry("syft_outbox_inbox_do@x.org_to_a@x.org", "a@x.org"),
            entry("syft_datasite#do@x.org#inbox#b@x.org", "b@x.org"),
            entry("syft_datasite#0.1.117#do@x.org#inbox#c@x.org", "c@x.org"),
            entry("syft_datasite#0.1.117#DO@x.org#inbox#d@x.org", "d@x.org"),
            entry("syft_datasite#0.1.117#do@x.org#inbox#e@x.org", "eve@x.org"),
            entry("syft_datasite#v9#new#do@x.org#inbox#f@x.org", "f@x.org"),
            entry("syft_datasite#0.1.117#other@x.org#inbox#f@x.org", "f@x.org"),
        ];
        let folders = sort(&entries, &me);
        let expected = [
            ("w1 (syft-client up to 0.1.101)", 1),
            ("w2 (syft-client 0.1.102 to 0.1.112)", 1),
            ("w4 (syft-client 0.1.117)", 2),
        ];
        assert_eq!(
            folders,
            Folders {
                known: expected
                    .map(|(name, count)| (name.to_owned(), count))
                    .into(),
                unknown: 1,
                spoofed: 1,
                is_partial: false,
            }
        );
    }
}
