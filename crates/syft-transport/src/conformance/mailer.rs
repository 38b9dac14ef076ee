use mail_parser::MessageParser;
use syft_state::{Email, Timestamp};

use crate::mail::{Mail, Mailer, MessageId, Promise};

/// Who writes to whom in a run.
#[derive(Clone, Debug)]
pub struct Correspondents {
    /// The account of the mailer.
    pub from: Email,
    /// The account whose mailbox is looked at.
    pub to: Email,
}

impl Correspondents {
    fn mail(&self, in_reply_to: Option<&Mail>) -> Mail {
        let token = uuid::Uuid::new_v4().simple().to_string();
        Mail {
            message_id: MessageId::new(&token, &self.from),
            from: self.from.clone(),
            from_name: "SyftBox".into(),
            to: self.to.clone(),
            subject: format!("Ärger, job “{token}”\r\nBcc: eve@example.org"),
            date: Timestamp::from_seconds(1_765_362_413),
            text: "Line one\n.\nFrom here on: ünïcode\n".into(),
            html: Some("<p>ünïcode</p>".into()),
            in_reply_to: in_reply_to.map(|mail| mail.message_id.clone()),
            references: Vec::from_iter(in_reply_to.map(|mail| mail.message_id.clone())),
            about: None,
        }
    }
}

/// A mail that is sent is in the mailbox of its one recipient, as it was written (T19).
///
/// `delivered` returns the raw mails of [`Correspondents::to`], other mails included.
pub async fn delivery(
    mailer: &dyn Mailer,
    who: &Correspondents,
    delivered: impl AsyncFn() -> Vec<Vec<u8>>,
) {
    let mail = who.mail(None);
    mailer.send(&mail, None).await.expect("it can be sent");
    let mails = delivered().await;
    let [raw] = with_id(&mail.message_id, &mails)[..]
        .try_into()
        .expect("one mail");
    let message = MessageParser::new().parse(raw).expect("it is a mail");
    let to = message.to().and_then(|to| to.first());
    assert_eq!(to.and_then(|to| to.address()), Some(who.to.as_str()));
    let from = message.from().and_then(|from| from.first());
    assert_eq!(
        from.and_then(|from| from.address()),
        Some(who.from.as_str())
    );
    assert!(message.bcc().is_none() && message.cc().is_none());
    let subject = crate::mime::header_text(&mail.subject);
    assert_eq!(message.subject(), Some(subject.as_str()));
    let date = message.date().map(mail_parser::DateTime::to_timestamp);
    assert_eq!(date, Some(mail.date.as_seconds()));
    let text = message.body_text(0).map(|text| text.replace("\r\n", "\n"));
    assert_eq!(
        text.as_deref().map(str::trim_end),
        Some(mail.text.trim_end())
    );
    let html = message.body_html(0);
    assert_eq!(html.as_deref().map(str::trim_end), mail.html.as_deref());
}

/// Where a mailer promises it, a mail whose sending is repeated arrives once.
pub async fn exactly_once(
    mailer: &dyn Mailer,
    who: &Correspondents,
    delivered: impl AsyncFn() -> Vec<Vec<u8>>,
) {
    let mail = who.mail(None);
    let draft = mailer.stage(&mail).await.expect("it can be staged");
    assert!(
        with_id(&mail.message_id, &delivered().await).is_empty(),
        "a draft was delivered"
    );
    if let Some(found) = mailer
        .find_staged(&mail)
        .await
        .expect("drafts can be searched")
    {
        assert_eq!(Some(found), draft);
    }
    let times = match mailer.promise() {
        Promise::ExactlyOnce => 3,
        Promise::AtMostOnce | Promise::AtLeastOnce => 1,
    };
    for _ in 0..times {
        let sent = mailer.send(&mail, draft.as_ref()).await;
        sent.expect("it can be sent again");
    }
    assert_eq!(with_id(&mail.message_id, &delivered().await).len(), 1);
}

/// A follow-up names the mail that it follows.
pub async fn threading(
    mailer: &dyn Mailer,
    who: &Correspondents,
    delivered: impl AsyncFn() -> Vec<Vec<u8>>,
) {
    let first = who.mail(None);
    let second = who.mail(Some(&first));
    for mail in [&first, &second] {
        mailer.send(mail, None).await.expect("it can be sent");
    }
    let mails = delivered().await;
    let [raw] = with_id(&second.message_id, &mails)[..]
        .try_into()
        .expect("one mail");
    let message = MessageParser::new().parse(raw).expect("it is a mail");
    let id = Some(first.message_id.as_str());
    assert_eq!(message.in_reply_to().as_text(), id);
    assert_eq!(message.references().as_text(), id);
}

fn with_id<'a>(id: &MessageId, mails: &'a [Vec<u8>]) -> Vec<&'a [u8]> {
    let has_id = |mail: &&[u8]| {
        let message = MessageParser::new().parse(*mail);
        message.is_some_and(|message| message.message_id() == Some(id.as_str()))
    };
    mails.iter().map(Vec::as_slice).filter(has_id).collect()
}
