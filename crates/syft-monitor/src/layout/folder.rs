use std::fmt;

use syft_state::Email;

/// How the names of W1 folders between two people begin.
pub const OUTBOX_INBOX_PREFIX: &str = "syft_outbox_inbox_";
/// How the names of W2 to W4 folders between two people begin.
pub const DATASITE_PREFIX: &str = "syft_datasite#";
/// How the names of archive folders begin, in all layouts; those of W1 folders begin so too.
pub const ARCHIVE_PREFIX: &str = "syft_";
/// How the names of archive folders end, in all layouts.
pub const ARCHIVE_SUFFIX: &str = "_archive";

const BETWEEN: &str = "_to_";
const INBOX: &str = "inbox";
const OUTBOX: &str = "outbox";

/// A Drive folder between this account and one other, as its name tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// The layout of the name.
    pub generation: Generation,
    /// What the folder is for.
    pub kind: FolderKind,
    /// The other account, as the name claims; ask [`verify`] before believing it (T9).
    pub peer: Email,
}

/// The layouts that the name of a folder tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// Fields separated by underscores.
    W1,
    /// Fields separated by `#`.
    W2W3,
    /// The same with the client's version.
    W4 {
        /// The release of the client that made the folder.
        version: Version,
    },
    /// An archive folder, whose name never changed.
    Any,
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::W1 => f.write_str("w1"),
            Self::W2W3 => f.write_str("w2"),
            Self::W4 { version } => write!(f, "w4 {version}"),
            Self::Any => f.write_str("any"),
        }
    }
}

/// A release as `0.1.117`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number.
    pub patch: u32,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(parse_number);
        let version = Self {
            major: numbers.next()??,
            minor: numbers.next()??,
            patch: numbers.next()??,
        };
        numbers.next().is_none().then_some(version)
    }
}

/// Parses digits only: [`str::parse`] would also take a plus sign.
fn parse_number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What a folder is for, seen from this account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FolderKind {
    /// The peer's proposals to me; the peer owns it. A W1 folder of this name that I own
    /// holds results for me as a data scientist instead (T26).
    Inbox,
    /// The peer's proposals that my client has taken in; I own it.
    Archive,
    /// My proposals to the peer, which my client creates when it accepts the peer; I own it.
    Granted,
    /// Anything else between the two of us; it never holds a proposal to me.
    Outbox,
}

impl FolderKind {
    /// Returns the kind as one lower-case word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => INBOX,
            Self::Archive => "archive",
            Self::Granted => "granted",
            Self::Outbox => OUTBOX,
        }
    }
}

impl fmt::Display for FolderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Parses the name of a folder between `me` and one other account; anything else is `None`.
///
/// Addresses are compared without case (T3), and W1 names are split at my own address,
/// never at underscores (T2).
#[must_use]
pub fn parse_folder(name: &str, me: &Email) -> Option<Folder> {
    let folder = parse_archive(name, me)
        .or_else(|| parse_outbox_inbox(name, me))
        .or_else(|| parse_datasite(name, me))?;
    (folder.peer != *me).then_some(folder)
}

fn parse_archive(name: &str, me: &Email) -> Option<Folder> {
    let between = name
        .strip_prefix(ARCHIVE_PREFIX)?
        .strip_suffix(ARCHIVE_SUFFIX)?;
    Some(Folder {
        generation: Generation::Any,
        kind: FolderKind::Archive,
        peer: sender_to(between, me)?,
    })
}

fn parse_outbox_inbox(name: &str, me: &Email) -> Option<Folder> {
    let between = name.strip_prefix(OUTBOX_INBOX_PREFIX)?;
    let (kind, peer) = match sender_to(between, me) {
        Some(peer) => (FolderKind::Inbox, peer),
        None => (FolderKind::Outbox, recipient_from(between, me)?),
    };
    Some(Folder {
        generation: Generation::W1,
        kind,
        peer,
    })
}

/// Returns X of `X_to_{me}`.
fn sender_to(between: &str, me: &Email) -> Option<Email> {
    let at = between.len().checked_sub(me.as_str().len())?;
    let (sender, recipient) = between.split_at_checked(at)?;
    me.is(recipient).then_some(())?;
    sender.strip_suffix(BETWEEN)?.parse().ok()
}

/// Returns X of `{me}_to_X`.
fn recipient_from(between: &str, me: &Email) -> Option<Email> {
    let (sender, recipient) = between.split_at_checked(me.as_str().len())?;
    me.is(sender).then_some(())?;
    recipient.strip_prefix(BETWEEN)?.parse().ok()
}

fn parse_datasite(name: &str, me: &Email) -> Option<Folder> {
    let fields: Vec<&str> = name.strip_prefix(DATASITE_PREFIX)?.splitn(6, '#').collect();
    let (generation, datasite, kind, peer) = match *fields.as_slice() {
        [datasite, kind, peer] => (Generation::W2W3, datasite, kind, peer),
        [version, datasite, kind, peer] => {
            let version = Version::parse(version)?;
            (Generation::W4 { version }, datasite, kind, peer)
        }
        _ => return None,
    };
    let (kind, peer) = match kind {
        INBOX if me.is(datasite) => (FolderKind::Inbox, peer),
        INBOX if me.is(peer) => (FolderKind::Granted, datasite),
        OUTBOX if me.is(datasite) => (FolderKind::Outbox, peer),
        OUTBOX if me.is(peer) => (FolderKind::Outbox, datasite),
        _ => return None,
    };
    Some(Folder {
        generation,
        kind,
        peer: peer.parse().ok()?,
    })
}

/// What the owner of a folder, told by the server, says about its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The name may be believed.
    Verified,
    /// I own what would be the peer's if the name meant a request to me: I am a data
    /// scientist in that folder (T26).
    Mine,
    /// Somebody chose a name that is not theirs to choose: believe nothing of it (T9).
    Spoofed {
        /// Who it was.
        owner: Email,
    },
    /// The server did not say; look again later.
    Unknown,
}

/// Compares the owner of a folder with what its name claims (T9).
#[must_use]
pub fn verify(folder: &Folder, owner: Option<&Email>, me: &Email) -> Ownership {
    let Some(owner) = owner else {
        return Ownership::Unknown;
    };
    let (is_mine, is_theirs) = (owner == me, *owner == folder.peer);
    match folder.kind {
        FolderKind::Inbox if is_theirs => Ownership::Verified,
        FolderKind::Inbox if is_mine => Ownership::Mine,
        FolderKind::Archive | FolderKind::Granted if is_mine => Ownership::Verified,
        FolderKind::Outbox if is_mine || is_theirs => Ownership::Verified,
        _ => Ownership::Spoofed {
            owner: owner.clone(),
        },
    }
}

/// Returns the name of the folder for proposals of `ds` to `data_owner`.
///
/// [`Generation::Any`] has no such folder; it is written as W2 and W3 do.
#[must_use]
pub fn inbox_name(generation: Generation, data_owner: &Email, ds: &Email) -> String {
    match generation {
        Generation::W1 => format!("{OUTBOX_INBOX_PREFIX}{ds}{BETWEEN}{data_owner}"),
        Generation::W2W3 | Generation::Any => format!("{DATASITE_PREFIX}{data_owner}#{INBOX}#{ds}"),
        Generation::W4 { version } => {
            format!("{DATASITE_PREFIX}{version}#{data_owner}#{INBOX}#{ds}")
        }
    }
}

/// Returns the name of the folder into which the client of `data_owner` moves what it has
/// taken in from `ds`.
#[must_use]
pub fn archive_name(data_owner: &Email, ds: &Email) -> String {
    format!("{ARCHIVE_PREFIX}{ds}{BETWEEN}{data_owner}{ARCHIVE_SUFFIX}")
}

#[cfg(test)]
mod tests;
