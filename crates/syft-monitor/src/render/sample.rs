//! Invented facts, to try templates with.

use std::time::Duration;

use syft_state::{Email, Timestamp};
use syft_transport::FileId;

use super::MailContext;
use crate::{Event, JobDetails, JobKey, Template, heartbeat::Pulse};

impl MailContext {
    /// Returns a mail with invented facts, for previews.
    #[must_use]
    pub fn sample(template: Template) -> Self {
        of(template, true)
    }

    /// Returns mails with all the facts that a mail can have, and with as few.
    pub(super) fn samples(template: Template) -> [Self; 2] {
        [of(template, true), of(template, false)]
    }
}

fn of(template: Template, full: bool) -> MailContext {
    let owner = email("owner@clinic.example");
    let date = Timestamp::from_seconds(1_765_362_430);
    match template {
        Template::Digest => {
            let mail = MailContext::digest(&events(full, date), &owner, date);
            return with_token(mail, full);
        }
        Template::Heartbeat => return MailContext::heartbeat(&pulse(full, date), &owner, date),
        _ => {}
    }
    let Some(event) = event(template, full) else {
        return MailContext::test(&owner, &owner, date);
    };
    let mail = MailContext::for_event(&event, &owner, template, date)
        .expect("the sample event belongs to this mail");
    with_token(mail, full)
}

fn with_token(mail: MailContext, full: bool) -> MailContext {
    if full {
        mail.with_token_path("/home/owner/.syft-creds/token_do.json")
    } else {
        mail
    }
}

/// One event of each kind that a digest tells, or of one kind.
fn events(full: bool, date: Timestamp) -> Vec<(Event, Timestamp)> {
    let templates: &[Template] = if full {
        &[
            Template::NewJob,
            Template::EncryptedSubmission,
            Template::UnreadableSubmission,
            Template::PeerRequest,
        ]
    } else {
        &[Template::PeerRequest]
    };
    let events = templates
        .iter()
        .filter_map(|template| event(*template, full));
    events.map(|event| (event, date)).collect()
}

fn pulse(full: bool, date: Timestamp) -> Pulse {
    let mut pulse = Pulse::default();
    if full {
        pulse.running_since = Some(date.before(Duration::from_secs(86_400)));
        pulse.looks = 2_880;
        pulse.sent = 12;
        pulse.sent_total = 340;
        pulse.waiting = 2;
        pulse.dead = 1;
        pulse.folders = [("W3".to_owned(), 4), ("W4".to_owned(), 11)].into();
        pulse.trouble = Some("Drive could not be looked at: no answer in 60 seconds".to_owned());
    }
    pulse
}

fn event(template: Template, full: bool) -> Option<Event> {
    let ds = email("ada.lovelace@uni.example");
    let message = FileId::new("1hVx0Qe7kZr3mNfTbY2cWdLpSgJaUo9i");
    let job = JobKey {
        ds: ds.clone(),
        job: "Survey of age and income".to_owned(),
    };
    Some(match template {
        Template::NewJob => Event::JobSubmitted {
            job,
            message,
            details: if full {
                details()
            } else {
                JobDetails::default()
            },
        },
        Template::EncryptedSubmission => Event::EncryptedSubmission { ds, message },
        Template::UnreadableSubmission => Event::UnreadableSubmission {
            ds,
            message,
            reason: "the archive ends in the middle of a file".to_owned(),
        },
        Template::JobApproved => Event::JobApproved { job },
        Template::JobExecuted => Event::JobExecuted { job },
        Template::JobFailed => Event::JobFailed {
            job,
            return_code: full.then_some(1),
        },
        Template::JobRejected => Event::JobRejected {
            job,
            reason: full.then(|| "The job reads the column \"name\".".to_owned()),
        },
        Template::PeerRequest | Template::RequestSent => Event::PeerRequested { ds },
        Template::PeerGranted => Event::PeerGranted { ds },
        Template::TestEmail | Template::Digest | Template::Heartbeat => return None,
    })
}

fn details() -> JobDetails {
    JobDetails {
        kind: Some("python".to_owned()),
        entrypoint: Some("main.py".to_owned()),
        submitted: Some(Timestamp::from_seconds(1_765_362_413)),
        files: vec![
            ("code/main.py".to_owned(), 2_149),
            ("code/params.json".to_owned(), 87),
            ("run.sh".to_owned(), 412),
        ],
        file_count: 3,
        dependencies: vec!["numpy".to_owned(), "pandas==2.3.1".to_owned()],
        datasets: vec!["census-2025".to_owned()],
    }
}

fn email(text: &str) -> Email {
    text.parse().expect("the sample address is valid")
}
