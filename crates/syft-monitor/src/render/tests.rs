use syft_state::{Email, Timestamp};
use syft_transport::FileId;

use super::*;
use crate::{Event, JobDetails, JobKey};

mod golden;
mod hostile;
mod overrides;
mod python;
mod variables;

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

fn owner() -> Email {
    email("owner@clinic.example")
}

fn key(job: &str) -> JobKey {
    JobKey {
        ds: email("Ada@uni.example"),
        job: job.to_owned(),
    }
}

/// One event of every kind, with `text` wherever a stranger's text can stand.
fn events(text: &str) -> Vec<Event> {
    let ds = email("Ada@uni.example");
    let message = FileId::new(text);
    let job = key(text);
    vec![
        Event::JobSubmitted {
            job: job.clone(),
            message: message.clone(),
            details: details(text),
        },
        Event::EncryptedSubmission {
            ds: ds.clone(),
            message: message.clone(),
        },
        Event::UnreadableSubmission {
            ds: ds.clone(),
            message,
            reason: text.to_owned(),
        },
        Event::JobApproved { job: job.clone() },
        Event::JobExecuted { job: job.clone() },
        Event::JobFailed {
            job: job.clone(),
            return_code: Some(-1),
        },
        Event::JobRejected {
            job,
            reason: Some(text.to_owned()),
        },
        Event::PeerRequested { ds: ds.clone() },
        Event::PeerGranted { ds },
    ]
}

fn details(text: &str) -> JobDetails {
    JobDetails {
        kind: Some(text.to_owned()),
        entrypoint: Some(text.to_owned()),
        submitted: Some(Timestamp::EPOCH),
        files: vec![(text.to_owned(), 1); 100],
        file_count: usize::MAX,
        dependencies: vec![text.to_owned(); 100],
        datasets: vec![text.to_owned(); 100],
    }
}

/// All mails about these events.
fn mails(events: &[Event]) -> Vec<MailContext> {
    let about = |event| {
        Template::ALL.into_iter().filter_map(move |template| {
            MailContext::for_event(event, &owner(), template, Timestamp::EPOCH)
        })
    };
    events.iter().flat_map(about).collect()
}

/// The mails about several of these events, as many as one mail tells.
fn digests(events: &[Event]) -> Vec<MailContext> {
    let digest = |events: &mut dyn Iterator<Item = &Event>| {
        let events: Vec<_> = events
            .map(|event| (event.clone(), Timestamp::EPOCH))
            .collect();
        MailContext::digest(&events, &owner(), Timestamp::EPOCH)
    };
    let mut all = vec![digest(&mut events.iter())];
    all.extend(events.iter().map(|event| {
        let same = std::iter::repeat_n(event, crate::digest::MAX_COVERED);
        digest(&mut same.into_iter())
    }));
    all
}

#[track_caller]
fn check_mails(event: &Event, expected: &[(Template, &str)]) {
    let found: Vec<(Template, String)> = mails(std::slice::from_ref(event))
        .iter()
        .map(|mail| (mail.template(), mail.to().to_string()))
        .collect();
    let expected: Vec<(Template, String)> = expected
        .iter()
        .map(|(template, to)| (*template, (*to).to_owned()))
        .collect();
    assert_eq!(found, expected, "{event:?}");
}

#[test]
fn each_event_has_its_mails_and_recipients() {
    let (owner, ds) = ("owner@clinic.example", "Ada@uni.example");
    let expected: [&[(Template, &str)]; 9] = [
        &[(Template::NewJob, owner)],
        &[(Template::EncryptedSubmission, owner)],
        &[(Template::UnreadableSubmission, owner)],
        &[(Template::JobApproved, ds)],
        &[(Template::JobExecuted, ds)],
        &[(Template::JobFailed, ds)],
        &[(Template::JobRejected, ds)],
        &[(Template::PeerRequest, owner), (Template::RequestSent, ds)],
        &[(Template::PeerGranted, ds)],
    ];
    for (event, expected) in events("x").iter().zip(expected) {
        check_mails(event, expected);
    }
}

#[test]
fn t18_a_failed_job_is_never_called_completed() {
    for (return_code, said) in [
        (Some(3), "Exit code   3\n"),
        (Some(-1), "Exit code   -1 (stopped from outside,"),
        (None, "Exit code   not recorded\n"),
    ] {
        let event = Event::JobFailed {
            job: key("x"),
            return_code,
        };
        let mail = Renderer::embedded().render(&mails(&[event])[0]);
        assert_eq!(mail.subject, "Job Failed: x");
        assert!(mail.text.contains(said), "{}", mail.text);
        assert!(mail.text.contains("did not succeed"));
        for wrong in ["Completed", "success", "without an error"] {
            assert!(!mail.text.contains(wrong) && !mail.html.contains(wrong));
        }
    }
}

#[test]
fn t9_mails_to_data_scientists_name_the_account_they_come_from() {
    for mail in mails(&events("x")) {
        if *mail.to() == owner() {
            continue;
        }
        let mail = Renderer::embedded().render(&mail);
        let from = "sent from the account of owner@clinic.example";
        assert!(mail.text.contains(from), "{}", mail.text);
        assert!(mail.html.contains(from));
    }
}

#[test]
fn the_same_input_gives_the_same_mail() {
    for mail in mails(&events("Survey")) {
        let (one, two) = (
            Renderer::embedded().render(&mail),
            Renderer::embedded().render(&mail),
        );
        assert_eq!(
            (one.subject, one.text, one.html),
            (two.subject, two.text, two.html)
        );
    }
}

#[test]
fn the_html_loads_nothing_and_links_nowhere() {
    for template in Template::ALL {
        let html = Renderer::embedded()
            .render(&MailContext::sample(template))
            .html;
        for forbidden in [
            "http:", "https:", "src=", "href=", "url(", "<img", "<script", "@import",
        ] {
            assert!(!html.contains(forbidden), "{template:?}: {forbidden}");
        }
    }
}

#[test]
fn code_is_divided_into_cells() {
    assert_eq!(
        cells("a = 1\n# %%\n\nb = 2\nc = 3\n# %%\n"),
        ["a = 1", "b = 2\nc = 3"]
    );
    assert_eq!(cells("x = '# %%'"), ["x = '# %%'"]);
    assert!(cells("").is_empty());
}

#[test]
fn gaps_of_template_tags_are_closed() {
    assert_eq!(without_gaps("\n \na  \n\n \n\nb\nc"), "a\n\nb\nc\n");
}
