//! The template files that are part of the program.

use crate::Template;

/// The four texts a mail is made of; each is a file named after the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Subject,
    Code,
    Text,
    Html,
}

impl Part {
    pub(super) const ALL: [Self; 4] = [Self::Subject, Self::Code, Self::Text, Self::Html];

    /// Returns the file name of this part, as `new_job.html`.
    pub(super) fn file(self, template: Template) -> String {
        format!("{}.{}", template.name(), self.extension())
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Code => "py",
            Self::Text => "txt",
            Self::Html => "html",
        }
    }
}

macro_rules! embed {
    ($($name:literal),* $(,)?) => {
        [$((
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/email/", $name)),
        )),*]
    };
}

/// The files that the others build on.
pub(super) const SHARED: [&str; 4] = ["layout.html", "layout.txt", "parts.html", "parts.txt"];

/// All files by name.
pub(super) const EMBEDDED: [(&str, &str); 53] = embed!(
    "digest.html",
    "digest.py",
    "digest.subject",
    "digest.txt",
    "encrypted_submission.html",
    "encrypted_submission.py",
    "encrypted_submission.subject",
    "encrypted_submission.txt",
    "heartbeat.html",
    "heartbeat.subject",
    "heartbeat.txt",
    "job_approved.html",
    "job_approved.py",
    "job_approved.subject",
    "job_approved.txt",
    "job_executed.html",
    "job_executed.py",
    "job_executed.subject",
    "job_executed.txt",
    "job_failed.html",
    "job_failed.py",
    "job_failed.subject",
    "job_failed.txt",
    "job_rejected.html",
    "job_rejected.py",
    "job_rejected.subject",
    "job_rejected.txt",
    "layout.html",
    "layout.txt",
    "new_job.html",
    "new_job.py",
    "new_job.subject",
    "new_job.txt",
    "parts.html",
    "parts.txt",
    "peer_granted.html",
    "peer_granted.py",
    "peer_granted.subject",
    "peer_granted.txt",
    "peer_request.html",
    "peer_request.py",
    "peer_request.subject",
    "peer_request.txt",
    "request_sent.html",
    "request_sent.py",
    "request_sent.subject",
    "request_sent.txt",
    "test_email.html",
    "test_email.subject",
    "test_email.txt",
    "unreadable_submission.html",
    "unreadable_submission.subject",
    "unreadable_submission.txt",
);
