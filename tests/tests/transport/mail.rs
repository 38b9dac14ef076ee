//! What every mailer must do, with drafts and without.

use syft_emulator::{Effect, Fault, scopes};
use syft_state::Email;
use syft_transport::{
    Error, Mail, Mailer as _, MessageId, Promise,
    conformance::{self, Correspondents},
    google::{Gmail, Identity, SCOPE_EMAIL},
};

use crate::google::Google;

const DO: &str = "do@example.org";
const DS: &str = "o'brien_ds@example.org";

async fn check_conformance(scopes: &[&str], promise: Promise) {
    let google = Google::start().await;
    let gmail = google.gmail(DO, scopes).await;
    assert_eq!(gmail.promise(), promise);
    let who = Correspondents {
        from: DO.parse().unwrap(),
        to: DS.parse().unwrap(),
    };
    let delivered = async || {
        google
            .emulator
            .inbox(DS)
            .into_iter()
            .map(|mail| mail.raw)
            .collect::<Vec<_>>()
    };
    conformance::delivery(&gmail, &who, delivered).await;
    conformance::exactly_once(&gmail, &who, delivered).await;
    conformance::threading(&gmail, &who, delivered).await;
}

#[tokio::test]
async fn gmail_with_drafts_is_a_mailer() {
    check_conformance(&[scopes::GMAIL_COMPOSE], Promise::ExactlyOnce).await;
    check_conformance(&[scopes::GMAIL_MODIFY], Promise::ExactlyOnce).await;
}

#[tokio::test]
async fn gmail_without_drafts_is_a_mailer() {
    check_conformance(&[scopes::GMAIL_SEND], Promise::AtMostOnce).await;
}

fn mail(number: usize) -> Mail {
    let from: Email = DO.parse().unwrap();
    Mail {
        message_id: MessageId::new(&format!("n{number}"), &from),
        from,
        from_name: "SyftBox".into(),
        to: DS.parse().unwrap(),
        subject: format!("Job {number}"),
        date: "2026-11-21T10:26:53Z".parse().unwrap(),
        text: "text".into(),
        html: None,
        in_reply_to: None,
        references: Vec::new(),
        about: None,
    }
}

/// What can go wrong between us and Gmail.
fn effects() -> Vec<Effect> {
    let status = |code| Effect::Status {
        code,
        reason: None,
        retry_after: None,
    };
    let mut effects = vec![
        Effect::DropBefore,
        Effect::DropAfter,
        Effect::Truncate,
        Effect::Garbage,
    ];
    effects.extend([429, 500, 502, 503, 504].map(status));
    effects
}

/// Stages and sends until both are done, as a program that is started again and again.
async fn deliver(gmail: &Gmail, mail: &Mail) {
    let draft = loop {
        match gmail.find_staged(mail).await {
            Ok(Some(draft)) => break draft,
            Ok(None) => {}
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
        match gmail.stage(mail).await {
            Ok(draft) => break draft.unwrap(),
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    };
    while let Err(error) = gmail.send(mail, Some(&draft)).await {
        assert!(error.is_transient(), "{error}");
    }
}

#[tokio::test]
async fn with_drafts_every_mail_arrives_once_whatever_happens() {
    let google = Google::start().await;
    let gmail = google.gmail(DO, &[scopes::GMAIL_COMPOSE]).await;
    let mut number = 0;
    for effect in effects() {
        for (api, times) in [
            ("drafts.create", 1),
            ("drafts.send", 1),
            ("drafts.send", 7),
            ("drafts.list", 1),
        ] {
            let fault = Fault::new(effect.clone()).api(&format!("gmail.users.{api}"));
            google.emulator.inject(fault.times(times));
            deliver(&gmail, &mail(number)).await;
            google.emulator.clear_faults();
            let delivered = google.emulator.inbox(DS);
            let id = mail(number).message_id;
            let same = delivered
                .iter()
                .filter(|mail| mail.message_id == id.as_str())
                .count();
            assert_eq!(same, 1, "{effect:?} at {api}");
            number += 1;
        }
    }
    assert_eq!(google.emulator.inbox(DS).len(), number);
    assert!(google.emulator.drafts(DO).is_empty());
}

#[tokio::test]
async fn without_drafts_no_mail_arrives_twice_and_no_doubt_is_hidden() {
    let google = Google::start().await;
    let gmail = google.gmail(DO, &[scopes::GMAIL_SEND]).await;
    for (number, effect) in effects().into_iter().enumerate() {
        let fault = Fault::new(effect.clone()).api("gmail.users.messages.send");
        google.emulator.inject(fault.times(1));
        let result = gmail.send(&mail(number), None).await;
        google.emulator.clear_faults();
        let id = mail(number).message_id;
        let delivered = google.emulator.inbox(DS);
        let same = delivered
            .iter()
            .filter(|mail| mail.message_id == id.as_str())
            .count();
        match result {
            Ok(_) => assert_eq!(same, 1, "{effect:?}"),
            Err(Error::Ambiguous { .. }) => assert!(same <= 1, "{effect:?}"),
            Err(error) => panic!("{effect:?}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_token_tells_whose_it_is_if_it_may() {
    let google = Google::start().await;
    let me: Email = DO.parse().unwrap();
    for (scopes, expected) in [
        (vec![scopes::GMAIL_COMPOSE], Identity::Verified),
        (vec![scopes::GMAIL_SEND], Identity::Unverified),
        (vec![scopes::GMAIL_SEND, SCOPE_EMAIL], Identity::Verified),
    ] {
        let gmail = google.gmail(DO, &scopes).await;
        assert_eq!(
            gmail.check_account(&me).await.unwrap(),
            expected,
            "{scopes:?}"
        );
    }
    let gmail = google.gmail(DO, &[scopes::GMAIL_COMPOSE]).await;
    let error = gmail.check_account(&DS.parse().unwrap()).await.unwrap_err();
    assert!(
        error.to_string().contains("belongs to do@example.org"),
        "{error}"
    );
}
