//! What happened, and who is to be told.

use serde::{Deserialize, Serialize};
use syft_state::{Email, Timestamp, ledger};
use syft_transport::FileId;

/// Names a job: its name alone does not, because two data scientists may choose the same (T12).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobKey {
    /// The data scientist who submitted it, as the server or the directory says (T9).
    pub ds: Email,
    /// The directory name of the job: free text of the data scientist.
    pub job: String,
}

impl JobKey {
    /// Returns the key of the job in the ledger.
    #[must_use]
    pub fn key(&self) -> String {
        ledger::job_key(&self.ds, &self.job)
    }
}

/// What a submission says about its job; all of it is free text of the data scientist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDetails {
    /// `python` or `bash`, if the config says so.
    pub kind: Option<String>,
    /// The program that is run first.
    pub entrypoint: Option<String>,
    /// When it was submitted.
    pub submitted: Option<Timestamp>,
    /// The job's files with their lengths in bytes, sorted by name; at most a hundred.
    pub files: Vec<(String, u64)>,
    /// How many files there are in all.
    pub file_count: usize,
    /// The packages it asks for.
    pub dependencies: Vec<String>,
    /// The data sets it names.
    pub datasets: Vec<String>,
}

/// Something that happened and that somebody wants to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A data scientist submitted a job.
    JobSubmitted {
        /// Which.
        job: JobKey,
        /// The Drive file that carries it.
        message: FileId,
        /// What it says about itself.
        details: JobDetails,
    },
    /// A data scientist submitted something that only the data owner's client can decrypt.
    EncryptedSubmission {
        /// Who, as the server says.
        ds: Email,
        /// The Drive file that carries it.
        message: FileId,
    },
    /// A data scientist's submission cannot be read, and reading it again will not help.
    UnreadableSubmission {
        /// Who, as the server says.
        ds: Email,
        /// The Drive file that carries it.
        message: FileId,
        /// What is wrong with it.
        reason: String,
    },
    /// The data owner approved a job.
    JobApproved {
        /// Which.
        job: JobKey,
    },
    /// A job ran to its end.
    JobExecuted {
        /// Which.
        job: JobKey,
    },
    /// A job ran and did not succeed.
    JobFailed {
        /// Which.
        job: JobKey,
        /// The exit code of its program; negative after a time-out.
        return_code: Option<i32>,
    },
    /// The data owner, or a rule of the data owner's client, refused a job.
    JobRejected {
        /// Which.
        job: JobKey,
        /// The reason that was given.
        reason: Option<String>,
    },
    /// A data scientist asks to become a peer.
    PeerRequested {
        /// Who, as the server says.
        ds: Email,
    },
    /// The data owner accepted a data scientist as a peer.
    PeerGranted {
        /// Who.
        ds: Email,
    },
}

impl Event {
    /// Returns what tells this event from every other of its kind.
    #[must_use]
    pub fn identity(&self) -> String {
        match self {
            Self::JobSubmitted { job, message, .. } => {
                format!("{message}/{}", job.key())
            }
            Self::EncryptedSubmission { message, .. }
            | Self::UnreadableSubmission { message, .. } => message.to_string(),
            Self::JobApproved { job }
            | Self::JobExecuted { job }
            | Self::JobFailed { job, .. }
            | Self::JobRejected { job, .. } => job.key(),
            Self::PeerRequested { ds } | Self::PeerGranted { ds } => ds.key(),
        }
    }

    /// Returns the job that it is about.
    #[must_use]
    pub fn job(&self) -> Option<&JobKey> {
        match self {
            Self::JobSubmitted { job, .. }
            | Self::JobApproved { job }
            | Self::JobExecuted { job }
            | Self::JobFailed { job, .. }
            | Self::JobRejected { job, .. } => Some(job),
            _ => None,
        }
    }

    /// Returns the word for it in the ledger's record of its job.
    #[must_use]
    pub fn job_event(&self) -> Option<&'static str> {
        match self {
            Self::JobSubmitted { .. } => Some("new"),
            Self::JobApproved { .. } => Some("approved"),
            Self::JobExecuted { .. } => Some("executed"),
            Self::JobFailed { .. } => Some("failed"),
            Self::JobRejected { .. } => Some("rejected"),
            _ => None,
        }
    }

    /// Returns whether it is about a peer rather than about a submission or a job.
    #[must_use]
    pub fn is_of_peer(&self) -> bool {
        matches!(self, Self::PeerRequested { .. } | Self::PeerGranted { .. })
    }
}

/// The texts that can be mailed; each has a template of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Template {
    /// To the data owner: a job waits for review.
    NewJob,
    /// To the data owner: an encrypted submission arrived.
    EncryptedSubmission,
    /// To the data owner: a submission that cannot be read arrived.
    UnreadableSubmission,
    /// To the data scientist: approved.
    JobApproved,
    /// To the data scientist: done, results are there.
    JobExecuted,
    /// To the data scientist: it ran and failed.
    JobFailed,
    /// To the data scientist: refused.
    JobRejected,
    /// To the data owner: somebody wants to become a peer.
    PeerRequest,
    /// To the data scientist: the request has reached the data owner.
    RequestSent,
    /// To the data scientist: accepted.
    PeerGranted,
    /// To the data owner: a test of the mail settings.
    TestEmail,
    /// To the data owner: several events at once.
    Digest,
    /// To the data owner: all is well.
    Heartbeat,
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::NewJob,
        Self::EncryptedSubmission,
        Self::UnreadableSubmission,
        Self::JobApproved,
        Self::JobExecuted,
        Self::JobFailed,
        Self::JobRejected,
        Self::PeerRequest,
        Self::RequestSent,
        Self::PeerGranted,
        Self::TestEmail,
        Self::Digest,
        Self::Heartbeat,
    ];

    /// Those that tell of an event, and that receivers besides the mails can choose from.
    pub const EVENTS: [Self; 10] = [
        Self::NewJob,
        Self::EncryptedSubmission,
        Self::UnreadableSubmission,
        Self::JobApproved,
        Self::JobExecuted,
        Self::JobFailed,
        Self::JobRejected,
        Self::PeerRequest,
        Self::RequestSent,
        Self::PeerGranted,
    ];

    /// Returns the template of a file name without its extension.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|template| template.name() == name)
    }

    /// Returns the file name of the template without its extension, as `new_job`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NewJob => "new_job",
            Self::EncryptedSubmission => "encrypted_submission",
            Self::UnreadableSubmission => "unreadable_submission",
            Self::JobApproved => "job_approved",
            Self::JobExecuted => "job_executed",
            Self::JobFailed => "job_failed",
            Self::JobRejected => "job_rejected",
            Self::PeerRequest => "peer_request",
            Self::RequestSent => "request_sent",
            Self::PeerGranted => "peer_granted",
            Self::TestEmail => "test_email",
            Self::Digest => "digest",
            Self::Heartbeat => "heartbeat",
        }
    }
}
