use super::*;

const DO: &str = "Do@example.org";
const DS: &str = "ds@example.org";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn letter(raw: &str) -> Letter {
    Letter::parse(raw.as_bytes()).unwrap()
}

fn labels(message: &Message) -> Vec<&str> {
    message.labels.iter().map(|label| label.name()).collect()
}

#[test]
fn every_recipient_gets_a_message_of_their_own() {
    let mut store = Store::default();
    let raw = "To: ds@example.org\nCc: b@example.org\nBcc: c@example.org\n\nhi";
    let sent = store.send(DO, letter(raw), None, at(0)).unwrap();
    assert_eq!(labels(&sent), ["SENT"]);
    assert!(String::from_utf8_lossy(&sent.raw).contains("c@example.org"));
    let mut ids = vec![sent.id];
    for to in [DS, "B@EXAMPLE.org", "c@example.org"] {
        let inbox: Vec<_> = store.messages(to).collect();
        assert_eq!(labels(inbox[0]), ["UNREAD", "INBOX"]);
        assert!(!String::from_utf8_lossy(&inbox[0].raw).contains("c@example.org"));
        ids.push(inbox[0].id.clone());
    }
    assert_eq!(store.messages(DO).count(), 1);
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), 4);
}

#[test]
fn a_mail_to_oneself_is_one_message() {
    let mut store = Store::default();
    let raw = letter("To: DO@example.org, ds@example.org\n\nhi");
    let sent = store.send(DO, raw, None, at(0)).unwrap();
    assert_eq!(labels(&sent), ["UNREAD", "INBOX", "SENT"]);
    assert_eq!(store.messages(DO).count(), 1);
    assert_eq!(store.inbox(DO).len(), 1);
    assert_eq!(store.inbox(DS).len(), 1);
}

#[test]
fn a_draft_is_sent_once_and_with_the_same_bytes() {
    let mut store = Store::default();
    let raw = letter("To: ds@example.org\nSubject: once\n\nhi");
    let draft = store.create_draft(DO, raw, None, at(0)).unwrap();
    let kept = store.draft(DO, &draft).unwrap().clone();
    assert_eq!(labels(&kept), ["DRAFT"]);
    assert_eq!(store.inbox(DS), []);

    let sent = store.send_draft(DO, &draft, at(60)).unwrap();
    assert_eq!(sent.raw, kept.raw);
    assert_eq!(sent.thread, kept.thread);
    assert_ne!(sent.id, kept.id);
    assert_eq!(store.drafts(DO), []);
    assert_eq!(store.messages(DO).count(), 1);
    assert_eq!(
        store.send_draft(DO, &draft, at(61)),
        Err(MailError::NotFound)
    );
    assert_eq!(store.inbox(DS).len(), 1);
}

#[test]
fn a_draft_without_recipients_can_be_kept_but_not_sent() {
    let mut store = Store::default();
    let draft = store
        .create_draft(DO, letter("Subject: x\n\n"), None, at(0))
        .unwrap();
    assert_eq!(
        store.send_draft(DO, &draft, at(1)),
        Err(MailError::NoRecipient)
    );
    assert!(
        store.draft(DO, &draft).is_ok(),
        "a refused send keeps the draft"
    );
    let update = letter("To: ds@example.org\n\n");
    store.update_draft(DO, &draft, update, None, at(2)).unwrap();
    assert!(store.send_draft(DO, &draft, at(3)).is_ok());
    assert_eq!(store.messages(DO).count(), 1);
}

#[test]
fn drafts_belong_to_their_account() {
    let mut store = Store::default();
    let draft = store
        .create_draft(DO, letter("To: a@x.org\n\n"), None, at(0))
        .unwrap();
    assert_eq!(
        store.send_draft(DS, &draft, at(1)),
        Err(MailError::NotFound)
    );
    assert_eq!(store.delete_draft(DS, &draft), Err(MailError::NotFound));
    assert_eq!(store.delete_draft(DO, &draft), Ok(()));
    assert_eq!(store.messages(DO).count(), 0);
}

#[track_caller]
fn joins(first: &str, second: &str, expected: bool) {
    let mut store = Store::default();
    let first = format!("To: ds@example.org\nMessage-ID: <one@syft>\n{first}\n\n");
    let second = format!("To: ds@example.org\n{second}\n\n");
    let one = store.send(DO, letter(&first), None, at(0)).unwrap();
    let two = store.send(DO, letter(&second), None, at(1)).unwrap();
    assert_eq!(one.thread == two.thread, expected, "{first:?} {second:?}");
    let threads: BTreeSet<_> = store.messages(DS).map(|message| &message.thread).collect();
    assert_eq!(threads.len() == 1, expected, "the recipient's threads");
}

#[test]
fn an_answer_joins_the_conversation() {
    joins(
        "Subject: Job",
        "Subject: Job\nIn-Reply-To: <one@syft>",
        true,
    );
    joins(
        "Subject: Job",
        "Subject: Re: job\nReferences: <zero@x>\n <one@syft>",
        true,
    );
    joins(
        "Subject: Job",
        "Subject: Other\nIn-Reply-To: <one@syft>",
        false,
    );
    joins(
        "Subject: Job",
        "Subject: Job\nIn-Reply-To: <two@syft>",
        false,
    );
    joins("Subject: Job", "Subject: Job", false);
}

#[test]
fn a_named_thread_is_joined_and_must_exist() {
    let mut store = Store::default();
    let raw = "To: ds@example.org\n\n";
    let one = store.send(DO, letter(raw), None, at(0)).unwrap();
    let two = store
        .send(DO, letter(raw), Some(&one.thread), at(1))
        .unwrap();
    assert_eq!(two.thread, one.id);
    let lost = store.send(DO, letter(raw), Some("00"), at(2));
    assert_eq!(lost, Err(MailError::NotFound));
    assert_eq!(store.inbox(DS).len(), 2, "a refused send delivers nothing");
}

#[test]
fn ids_grow_although_the_clock_goes_back() {
    let mut store = Store::default();
    for second in [0, 0, 5, -5] {
        store
            .send(DO, letter("To: ds@example.org\n\n"), None, at(second))
            .unwrap();
    }
    let mails = store.inbox(DS);
    assert_eq!(mails.len(), 4);
    assert!(mails.is_sorted_by(|left, right| left.id < right.id));
}

#[test]
fn a_snapshot_keeps_everything() {
    let mut store = Store::default();
    store
        .send(
            DO,
            letter("To: ds@example.org\nSubject: \u{e9}\n\n\u{e9}"),
            None,
            at(0),
        )
        .unwrap();
    store
        .create_draft(DO, letter("To: ds@example.org\n\n"), None, at(1))
        .unwrap();
    let json = serde_json::to_string(&store).unwrap();
    let again: Store = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), json);
    assert_eq!(again.mails(None, Some(DO)), store.mails(None, Some(DO)));
    assert_eq!(again.mails(Some(DS), None).len(), 1);
}
