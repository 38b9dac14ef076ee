//! Mail that is written now and sent later.

use super::*;

#[tokio::test]
async fn a_draft_is_sent_exactly_once() {
    let app = app();
    let client = Client::new(&app, DO, &[&scope("compose")]);
    let draft = client.post("drafts", json!({ "message": raw(MAIL) })).await;
    assert_eq!(draft["message"]["labelIds"], json!(["DRAFT"]));
    let id = draft["id"].as_str().unwrap();

    let listed = client.get("drafts?q=rfc822msgid:one@syft").await;
    assert_eq!(listed["drafts"][0]["id"], id);
    assert_eq!(
        client.get("drafts?q=rfc822msgid:two@syft").await,
        json!({ "resultSizeEstimate": 0 })
    );
    let shown = client.get(&format!("drafts/{id}?format=metadata")).await;
    assert_eq!(shown["message"]["id"], draft["message"]["id"]);

    let sent = client.post("drafts/send", json!({ "id": id })).await;
    assert_ne!(sent["id"], draft["message"]["id"]);
    assert_eq!(sent["threadId"], draft["message"]["threadId"]);
    assert_eq!(sent["labelIds"], json!(["SENT"]));
    assert_eq!(mails_to(&app, DS), 1);
    let again = client
        .refused(Verb::POST, "drafts/send", json!({ "id": id }))
        .await;
    assert_eq!(again, (404, "Requested entity was not found.".to_owned()));
    let (status, _) = client
        .refused(Verb::GET, &format!("drafts/{id}"), Value::Null)
        .await;
    assert_eq!(status, 404);
    assert_eq!(mails_to(&app, DS), 1);
}

#[tokio::test]
async fn a_draft_can_change_until_it_is_sent() {
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    let refused = client.refused(Verb::POST, "drafts", json!({})).await;
    assert_eq!(refused, (400, "Missing draft message".to_owned()));
    let draft = client
        .post("drafts", json!({ "message": raw("Subject: a\n\n") }))
        .await;
    let id = draft["id"].as_str().unwrap();
    let unsendable = client
        .refused(Verb::POST, "drafts/send", json!({ "id": id }))
        .await;
    assert_eq!(unsendable, (400, "Recipient address required".to_owned()));
    let path = format!("drafts/{id}");
    let body = json!({ "message": raw(MAIL) });
    let (status, changed) = client.call(Verb::PUT, &path, body).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(changed["id"], draft["id"]);
    assert_ne!(changed["message"]["id"], draft["message"]["id"]);
    let last = raw("To: ds@example.org\nSubject: last\n\n");
    client
        .post("drafts/send", json!({ "id": id, "message": last }))
        .await;
    let inbox = app.read(|world| world.mail.inbox(DS));
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].subject, "last");

    let other = client.post("drafts", json!({ "message": raw(MAIL) })).await;
    let path = format!("drafts/{}", other["id"].as_str().unwrap());
    let (status, _) = client.call(Verb::DELETE, &path, Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(
        client.get("drafts").await,
        json!({ "resultSizeEstimate": 0 })
    );
}
