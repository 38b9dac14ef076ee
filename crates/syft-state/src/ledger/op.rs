use super::{EventRecord, FolderRecord, HeartbeatRecord, NoticeRecord, PeerRecord, SentRecord};
use crate::{Email, Timestamp};

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "transactions are short and do not live long"
)]
#[non_exhaustive]
pub enum Op {
    /// Adds a mark to one of Python's keys.
    Mark {
        /// The key in `notified_jobs`.
        key: String,
        /// The mark.
        mark: String,
    },
    /// Takes a mark, or all of them, from one of Python's keys; a key without marks goes.
    Unmark {
        /// The key in `notified_jobs`.
        key: String,
        /// The mark; all of them without it.
        mark: Option<String>,
    },
    /// Sets Python's `peer_snapshot`, or removes it.
    PeerSnapshot(Option<Vec<String>>),
    /// Says whose file this is.
    Account(Email),
    /// Sets the place in Drive's feed of changes, or forgets it.
    Cursor(Option<String>),
    /// Says when everything on Drive was looked at.
    Reconciled(Timestamp),
    /// Records a folder, or forgets it.
    Folder {
        /// Its Drive id.
        id: String,
        /// What it is.
        record: Option<FolderRecord>,
    },
    /// Records a peer, or forgets them.
    Peer {
        /// Who.
        email: Email,
        /// What is known of them.
        record: Option<PeerRecord>,
    },
    /// Records that an event of a job was told.
    Job {
        /// Who submitted the job.
        ds: Email,
        /// Its name.
        job: String,
        /// What happened, as `approved`.
        event: String,
        /// When it was told, and how.
        record: EventRecord,
    },
    /// Forgets a job; Python's key stays.
    ForgetJob {
        /// Who submitted the job.
        ds: Email,
        /// Its name.
        job: String,
    },
    /// Puts a mail into the outbox, or replaces it there.
    PutNotice {
        /// The id of the notice.
        id: String,
        /// The mail.
        record: NoticeRecord,
    },
    /// Takes a mail out of the outbox without a trace; what a digest covered stays.
    RemoveNotice {
        /// The id of the notice.
        id: String,
    },
    /// Says that a mail was sent: it leaves the outbox, and its marks and its job's event are set.
    ///
    /// With a digest go all the notices that it covers; together they count as one mail.
    Sent {
        /// The id of the notice.
        id: String,
        /// The mail as it was sent.
        record: SentRecord,
    },
    /// Moves a mail, with all that it covers, from the outbox to the dead letters.
    Bury {
        /// The id of the notice.
        id: String,
        /// Why it was given up.
        error: String,
    },
    /// Moves a mail, with all that it covers, from the dead letters back to the outbox, to be
    /// tried at once.
    Revive {
        /// The id of the notice.
        id: String,
    },
    /// Takes a mail, with all that it covers, out of the dead letters or the outbox without a
    /// trace.
    Drop {
        /// The id of the notice.
        id: String,
    },
    /// Records when a mail last said that all is well.
    Heartbeat(HeartbeatRecord),
}
