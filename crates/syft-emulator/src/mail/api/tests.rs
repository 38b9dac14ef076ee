use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use http::{Method as Verb, StatusCode};
use serde_json::{Value, json};

use crate::mail::testing::{Client, DO, DS, FULL, app, raw};

mod discovery;
mod drafts;
mod lists;
mod scopes;

const MAIL: &str = "To: ds@example.org\nSubject: Job\nMessage-ID: <one@syft>\n\nhi";
const SCOPE: &str = "https://www.googleapis.com/auth/gmail.";

fn scope(name: &str) -> String {
    format!("{SCOPE}{name}")
}

#[tokio::test]
async fn a_sent_mail_is_in_both_mailboxes() {
    let app = app();
    let (owner, scientist) = (
        Client::new(&app, DO, &[FULL]),
        Client::new(&app, DS, &[FULL]),
    );
    let sent = owner.post("messages/send", raw(MAIL)).await;
    assert_eq!(sent["labelIds"], json!(["SENT"]));
    assert_eq!(sent["id"], sent["threadId"]);

    let found = scientist
        .get("messages?q=rfc822msgid%3A%3Cone%40syft%3E")
        .await;
    assert_eq!(found["resultSizeEstimate"], 1);
    let id = found["messages"][0]["id"].as_str().unwrap();
    let mail = scientist.get(&format!("messages/{id}")).await;
    assert_eq!(mail["labelIds"], json!(["UNREAD", "INBOX"]));
    assert_eq!(mail["snippet"], "hi");
    assert_eq!(mail["payload"]["body"]["data"], URL_SAFE.encode("hi"));
    let header = |name: &str| {
        let headers = mail["payload"]["headers"].as_array().unwrap().iter();
        let mut found = headers.filter(|header| header["name"] == name);
        found.next().map(|header| header["value"].clone())
    };
    assert_eq!(header("From"), Some(json!(DO)));
    assert_eq!(header("Message-ID"), Some(json!("<one@syft>")));
}

#[tokio::test]
async fn formats_show_more_and_less() {
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    let sent = client.post("messages/send", raw(MAIL)).await;
    let path = |query: &str| format!("messages/{}?{query}", sent["id"].as_str().unwrap());
    let minimal = client.get(&path("format=minimal")).await;
    assert_eq!(minimal.get("payload"), None);
    let metadata = client
        .get(&path("format=metadata&metadataHeaders=subject"))
        .await;
    let subject = json!([{ "name": "Subject", "value": "Job" }]);
    assert_eq!(metadata["payload"]["headers"], subject);
    assert_eq!(metadata["payload"].get("body"), None);
    let bytes = URL_SAFE.decode(
        client.get(&path("format=raw")).await["raw"]
            .as_str()
            .unwrap(),
    );
    assert!(
        String::from_utf8(bytes.unwrap())
            .unwrap()
            .ends_with("\r\n\r\nhi")
    );
    let (status, message) = client
        .refused(Verb::GET, &path("format=pdf"), Value::Null)
        .await;
    assert_eq!(status, 400);
    assert!(message.contains("format"), "{message}");
}

#[tokio::test]
async fn base64_is_read_as_google_reads_it() {
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    let mail = "To: ds@example.org\nSubject: \u{ff}\u{fe}?>\u{3ff}\n\nx";
    for text in [
        URL_SAFE.encode(mail),
        URL_SAFE_NO_PAD.encode(mail),
        STANDARD.encode(mail),
    ] {
        client.post("messages/send", json!({ "raw": text })).await;
    }
    let body = json!({ "raw": "!!" });
    let (status, message) = client.refused(Verb::POST, "messages/send", body).await;
    assert_eq!(status, 400);
    assert!(message.contains("Base64"), "{message}");
}

#[track_caller]
fn mails_to(app: &crate::state::App, account: &str) -> usize {
    app.read(|world| world.mail.inbox(account).len())
}

#[tokio::test]
async fn bad_mail_is_refused_in_gmails_words() {
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    for (body, expected) in [
        (raw("Subject: x\n\nhi"), "Recipient address required"),
        (raw("To: nobody\n\nhi"), "Invalid To header"),
        (raw("To: ds@example.org\nCc: @\n\n"), "Invalid Cc header"),
        (
            json!({}),
            "'raw' RFC822 payload message string or uploading message via /upload/* URL required",
        ),
        (
            json!({ "row": "" }),
            "Invalid JSON payload received. Unknown name \"row\": Cannot find field.",
        ),
    ] {
        let found = client.refused(Verb::POST, "messages/send", body).await;
        assert_eq!(found, (400, expected.to_owned()));
    }
    let mut body = raw(MAIL);
    body["threadId"] = json!("0000");
    let (status, _) = client.refused(Verb::POST, "messages/send", body).await;
    assert_eq!(status, 404);
    assert_eq!(mails_to(&app, DS), 0);
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_413() {
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    let large = vec![b'x'; super::body::MAX_MESSAGE + 1];
    let path = "/upload/gmail/v1/users/me/messages/send?uploadType=media";
    let (status, answer) = client
        .request(Verb::POST, path, "message/rfc822", large)
        .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{answer}");
    let huge = vec![b' '; 2 * super::body::MAX_MESSAGE];
    let path = "/gmail/v1/users/me/messages/send";
    let (status, _) = client
        .request(Verb::POST, path, "application/json", huge)
        .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn mail_comes_by_upload_too() {
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    let path = "/upload/gmail/v1/users/me/messages/send";
    let media = format!("{path}?uploadType=media");
    let (status, _) = client
        .request(Verb::POST, &media, "message/rfc822", MAIL)
        .await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = client.request(Verb::POST, &media, "text/plain", MAIL).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);

    let multipart = format!("{path}?uploadType=multipart&alt=json");
    let kind = "multipart/related; boundary=\"==b==\"";
    let body = format!(
        "--==b==\r\nContent-Type: application/json\r\n\r\n{{}}\r\n--==b==\r\n\
         Content-Type: message/rfc822\r\nContent-Transfer-Encoding: binary\r\n\r\n\
         {MAIL}\r\n--==b==--"
    );
    let (status, answer) = client.request(Verb::POST, &multipart, kind, body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let last = app.read(|world| world.mail.inbox(DS)).pop().unwrap();
    assert_eq!(last.text.as_deref(), Some("hi"));
    for (query, body) in [
        ("uploadType=multipart", "--x"),
        ("uploadType=resumable", ""),
        ("", ""),
    ] {
        let path = format!("{path}?{query}");
        let (status, _) = client.request(Verb::POST, &path, kind, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
    assert_eq!(mails_to(&app, DS), 2);
}

#[tokio::test]
async fn an_attachment_is_fetched_by_itself() {
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    let mail = "To: ds@example.org\nContent-Type: text/csv; name=a.csv\n\n1,2";
    let sent = client.post("messages/send", raw(mail)).await;
    let path = format!("messages/{}", sent["id"].as_str().unwrap());
    let body = client.get(&path).await["payload"]["body"].clone();
    assert_eq!(body.get("data"), None);
    let id = body["attachmentId"].as_str().unwrap();
    let found = client.get(&format!("{path}/attachments/{id}")).await;
    assert_eq!(found, json!({ "size": 3, "data": URL_SAFE.encode("1,2") }));
    let other = format!("{path}/attachments/part-7");
    assert_eq!(client.refused(Verb::GET, &other, Value::Null).await.0, 404);
}

#[tokio::test]
async fn an_answer_can_be_cut_down() {
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    let path = "messages/send?fields=id,labelIds";
    let sent = client.post(path, raw(MAIL)).await;
    assert_eq!(sent, json!({ "id": sent["id"], "labelIds": ["SENT"] }));
    let path = format!("messages/{}", sent["id"].as_str().unwrap());
    for (mask, expected) in [
        ("*", None),
        (
            "payload/mimeType",
            Some(json!({ "payload": { "mimeType": "text/plain" } })),
        ),
        (
            "payload(mimeType,body/size)",
            Some(json!({ "payload": { "mimeType": "text/plain", "body": { "size": 2 } } })),
        ),
    ] {
        let found = client.get(&format!("{path}?fields={mask}")).await;
        let whole = client.get(&path).await;
        assert_eq!(found, expected.unwrap_or(whole), "{mask}");
    }
    for mask in ["ids", "payload(mimeType", "payload/", "id)", ",id"] {
        let path = format!("messages/send?fields={mask}");
        let (status, message) = client.refused(Verb::POST, &path, raw(MAIL)).await;
        assert_eq!(status, 400);
        assert!(message.contains("fields"), "{message}");
    }
    assert_eq!(mails_to(&app, DS), 1, "a refused call sends nothing");
}
