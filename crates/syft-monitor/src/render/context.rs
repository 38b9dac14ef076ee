mod summary;

use serde::Serialize;
use syft_state::{Email, Timestamp};
use syft_transport::FileId;

use super::display;
use crate::{Event, JobDetails, JobKey, Template, heartbeat};

use summary::{Digest, Pulse};

/// The longest name of a job that is shown.
const MAX_NAME: usize = 120;
/// The longest name of anything else. Gmail cuts mails at 102 kB; with these bounds the
/// longest mail stays below that.
const MAX_ITEM: usize = 80;
/// The longest reason that is shown.
const MAX_REASON: usize = 600;
/// The longest name, in characters, that can be one: file systems hold 255 bytes.
const MAX_LITERAL: usize = 255;
/// The most files that are listed.
const MAX_FILES: usize = 20;
/// The most packages or data sets that are listed.
const MAX_NAMES: usize = 12;

/// One mail to be rendered: its template, its recipient and the facts it tells.
#[derive(Clone, Debug)]
pub struct MailContext {
    template: Template,
    to: Email,
    facts: Facts,
}

/// What templates see; all foreign text in it went through [`display`].
#[derive(Clone, Debug, Serialize)]
struct Facts {
    owner: Person,
    scientist: Option<Person>,
    to: String,
    date: String,
    job: Option<Job>,
    exit_code: Option<i32>,
    stopped: bool,
    reason: Option<String>,
    file_id: Option<String>,
    token_path: Option<String>,
    digest: Option<Digest>,
    pulse: Option<Pulse>,
}

#[derive(Clone, Debug, Serialize)]
struct Person {
    email: String,
    python: String,
    python_key: String,
}

#[derive(Clone, Debug, Serialize)]
struct Job {
    name: String,
    python: String,
    kind: Option<String>,
    entrypoint: Option<String>,
    submitted: Option<String>,
    files: Vec<File>,
    file_count: usize,
    files_more: usize,
    packages: Vec<String>,
    packages_more: usize,
    datasets: Vec<String>,
    datasets_more: usize,
}

#[derive(Clone, Debug, Serialize)]
struct File {
    name: String,
    size: String,
}

impl MailContext {
    /// Returns the mail of `template` about `event`, or `None` if they do not fit.
    ///
    /// `owner` is the data owner, from whose account all mails are sent; `date` is when the
    /// event was noticed.
    #[must_use]
    pub fn for_event(
        event: &Event,
        owner: &Email,
        template: Template,
        date: Timestamp,
    ) -> Option<Self> {
        let mail = |ds: &Email| {
            let to = if is_for_owner(template) { owner } else { ds };
            Self::new(template, owner, to, Some(ds), date)
        };
        match (event, template) {
            (Event::JobSubmitted { job, details, .. }, Template::NewJob) => {
                Some(mail(&job.ds).job(job, details))
            }
            (Event::EncryptedSubmission { ds, message }, Template::EncryptedSubmission) => {
                Some(mail(ds).file(message))
            }
            (
                Event::UnreadableSubmission {
                    ds,
                    message,
                    reason,
                },
                Template::UnreadableSubmission,
            ) => Some(mail(ds).file(message).reason(reason)),
            (Event::JobApproved { job }, Template::JobApproved)
            | (Event::JobExecuted { job }, Template::JobExecuted) => {
                Some(mail(&job.ds).job_name(job))
            }
            (Event::JobFailed { job, return_code }, Template::JobFailed) => {
                Some(mail(&job.ds).job_name(job).exit_code(*return_code))
            }
            (Event::JobRejected { job, reason }, Template::JobRejected) => {
                let mail = mail(&job.ds).job_name(job);
                Some(match reason {
                    Some(reason) if !reason.trim().is_empty() => mail.reason(reason),
                    _ => mail,
                })
            }
            (Event::PeerRequested { ds }, Template::PeerRequest | Template::RequestSent)
            | (Event::PeerGranted { ds }, Template::PeerGranted) => Some(mail(ds)),
            _ => None,
        }
    }

    /// Returns the test of the mail settings.
    #[must_use]
    pub fn test(owner: &Email, to: &Email, date: Timestamp) -> Self {
        Self::new(Template::TestEmail, owner, to, None, date)
    }

    /// Returns the mail about several events, each with the moment it was noticed; those that
    /// are not for the data owner are left out.
    #[must_use]
    pub fn digest(events: &[(Event, Timestamp)], owner: &Email, date: Timestamp) -> Self {
        let mut mail = Self::new(Template::Digest, owner, owner, None, date);
        mail.facts.digest = Some(Digest::new(events));
        mail
    }

    /// Returns the mail that says that all is well.
    #[must_use]
    pub fn heartbeat(pulse: &heartbeat::Pulse, owner: &Email, date: Timestamp) -> Self {
        let mut mail = Self::new(Template::Heartbeat, owner, owner, None, date);
        mail.facts.pulse = Some(Pulse::new(pulse));
        mail
    }

    /// Gives the path of the data owner's Drive token, for the Python lines in mails to the
    /// data owner; without it they say that one may be needed.
    #[must_use]
    pub fn with_token_path(mut self, path: &str) -> Self {
        if is_for_owner(self.template) {
            self.facts.token_path = Some(display::python_literal(path));
        }
        self
    }

    /// Returns which mail it is.
    #[must_use]
    pub fn template(&self) -> Template {
        self.template
    }

    /// Returns whom it is for.
    #[must_use]
    pub fn to(&self) -> &Email {
        &self.to
    }

    pub(super) fn variables(&self) -> tera::Context {
        tera::Context::from_serialize(&self.facts)
            .expect("a struct with string keys is a template context")
    }

    #[cfg(test)]
    pub(super) fn facts_as_json(&self) -> serde_json::Value {
        serde_json::to_value(&self.facts).expect("the facts are plain data")
    }

    fn new(
        template: Template,
        owner: &Email,
        to: &Email,
        scientist: Option<&Email>,
        date: Timestamp,
    ) -> Self {
        Self {
            template,
            to: to.clone(),
            facts: Facts {
                owner: person(owner),
                scientist: scientist.map(person),
                to: to.to_string(),
                date: time(date),
                job: None,
                exit_code: None,
                stopped: false,
                reason: None,
                file_id: None,
                token_path: None,
                digest: None,
                pulse: None,
            },
        }
    }

    fn job(mut self, job: &JobKey, details: &JobDetails) -> Self {
        self.facts.job = Some(Job::new(job, details));
        self
    }

    /// The job's name is all of it that leaves the data owner's machine.
    fn job_name(self, job: &JobKey) -> Self {
        self.job(job, &JobDetails::default())
    }

    fn exit_code(mut self, code: Option<i32>) -> Self {
        self.facts.exit_code = code;
        self.facts.stopped = code.is_some_and(i32::is_negative);
        self
    }

    fn reason(mut self, reason: &str) -> Self {
        self.facts.reason = Some(display::shown(reason, MAX_REASON));
        self
    }

    fn file(mut self, message: &FileId) -> Self {
        self.facts.file_id = Some(display::shown(message.as_str(), MAX_ITEM));
        self
    }
}

/// Returns whether a mail goes to the data owner; the others go to the data scientist.
fn is_for_owner(template: Template) -> bool {
    match template {
        Template::NewJob
        | Template::EncryptedSubmission
        | Template::UnreadableSubmission
        | Template::PeerRequest
        | Template::TestEmail
        | Template::Digest
        | Template::Heartbeat => true,
        Template::JobApproved
        | Template::JobExecuted
        | Template::JobFailed
        | Template::JobRejected
        | Template::RequestSent
        | Template::PeerGranted => false,
    }
}

impl Job {
    fn new(job: &JobKey, details: &JobDetails) -> Self {
        let name: String = job.job.chars().take(MAX_LITERAL).collect();
        let files: Vec<File> = details
            .files
            .iter()
            .take(MAX_FILES)
            .map(File::new)
            .collect();
        let file_count = details.file_count.max(details.files.len());
        let (packages, packages_more) = names(&details.dependencies);
        let (datasets, datasets_more) = names(&details.datasets);
        Self {
            name: display::shown(&job.job, MAX_NAME),
            python: display::python_literal(&name),
            kind: optional(details.kind.as_deref()),
            entrypoint: optional(details.entrypoint.as_deref()),
            submitted: details.submitted.map(time),
            files_more: file_count - files.len(),
            file_count,
            files,
            packages,
            packages_more,
            datasets,
            datasets_more,
        }
    }
}

impl File {
    fn new((name, bytes): &(String, u64)) -> Self {
        Self {
            name: display::shown(name, MAX_ITEM),
            size: display::size(*bytes),
        }
    }
}

fn names(all: &[String]) -> (Vec<String>, usize) {
    let listed: Vec<String> = all
        .iter()
        .take(MAX_NAMES)
        .map(|name| display::shown(name, MAX_ITEM))
        .collect();
    let more = all.len() - listed.len();
    (listed, more)
}

fn optional(text: Option<&str>) -> Option<String> {
    text.map(|text| display::shown(text, MAX_ITEM))
}

fn person(email: &Email) -> Person {
    Person {
        email: email.to_string(),
        python: display::python_literal(email.as_str()),
        python_key: display::python_literal(&email.key()),
    }
}

fn time(time: Timestamp) -> String {
    time.to_utc().format("%-d %B %Y, %H:%M:%S UTC").to_string()
}
