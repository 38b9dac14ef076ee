use syft_state::Timestamp;

use super::*;
use crate::{
    conformance::Correspondents,
    mail::{Mail, MessageId, Promise},
};

fn mails(hub: &Hub) -> Vec<Vec<u8>> {
    let inbox = fs::read_dir(hub.path("mail/o'brien+lab@example.org"));
    let paths = inbox
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path());
    paths.map(|path| fs::read(path).unwrap()).collect()
}

fn mailer(hub: &Hub) -> LocalMailer {
    LocalMailer::open(hub.directory.path(), "do@example.org".parse().unwrap()).unwrap()
}

#[tokio::test]
async fn conforms() {
    let hub = Hub::new();
    let mailer = mailer(&hub);
    let who = Correspondents {
        from: "do@example.org".parse().unwrap(),
        to: "O'Brien+lab@Example.org".parse().unwrap(),
    };
    let delivered = async || mails(&hub);
    conformance::delivery(&mailer, &who, delivered).await;
    conformance::exactly_once(&mailer, &who, delivered).await;
    conformance::threading(&mailer, &who, delivered).await;
    assert_eq!(mailer.promise(), Promise::ExactlyOnce);
    assert_eq!(mails(&hub).len(), 4);
    assert_eq!(fs::read_dir(hub.path("tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_mail_is_never_overwritten_and_never_from_somebody_else() {
    let hub = Hub::new();
    let mailer = mailer(&hub);
    let from: Email = "do@example.org".parse().unwrap();
    let mut mail = Mail {
        message_id: MessageId::new("notice-1", &from),
        from,
        from_name: "SyftBox".into(),
        to: "o'brien+lab@example.org".parse().unwrap(),
        subject: "first".into(),
        date: Timestamp::EPOCH,
        text: "first".into(),
        html: None,
        in_reply_to: None,
        references: Vec::new(),
        about: None,
    };
    let id = mailer.send(&mail, None).await.unwrap();
    assert_eq!(
        id.as_str(),
        "o'brien+lab@example.org/notice-1@example.org.eml"
    );
    let before = mails(&hub);
    mail.text = "second".into();
    assert_eq!(mailer.send(&mail, None).await.unwrap(), id);
    assert_eq!(mails(&hub), before);

    mail.from = "eve@example.org".parse().unwrap();
    let forged = mailer.send(&mail, None).await;
    assert!(
        matches!(forged, Err(Error::PermissionDenied { .. })),
        "{forged:?}"
    );
}
