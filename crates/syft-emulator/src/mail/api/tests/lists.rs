//! Lists, threads and labels.

use super::*;

#[tokio::test]
async fn lists_come_in_pages_and_filtered() {
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    let mut sent = Vec::new();
    for number in 0..5 {
        let mail = format!("To: ds@example.org\nSubject: n{number}\n\n");
        sent.insert(
            0,
            client.post("messages/send", raw(&mail)).await["id"].clone(),
        );
    }
    let mut found = Vec::new();
    let mut path = "messages?maxResults=2".to_owned();
    loop {
        let page = client.get(&path).await;
        assert_eq!(page["resultSizeEstimate"], 5);
        let ids = page["messages"].as_array().unwrap().iter();
        found.extend(ids.map(|message| message["id"].clone()));
        let Some(next) = page["nextPageToken"].as_str() else {
            break;
        };
        path = format!("messages?maxResults=2&pageToken={next}");
    }
    assert_eq!(found, sent);
    let one = client.get("messages?q=subject:n3").await;
    assert_eq!(one["messages"][0]["id"], sent[1]);
    let none = client.get("messages?labelIds=INBOX").await;
    assert_eq!(none, json!({ "resultSizeEstimate": 0 }));
    for (query, named) in [
        ("q=has:attachment", "has:attachment"),
        ("pageToken=x", "pageToken"),
        ("labelIds=MINE", "MINE"),
        ("maxResults=x", "maxResults"),
        ("pagesize=3", "pagesize"),
        ("includeSpamTrash=maybe", "includeSpamTrash"),
        ("alt=media", "alt"),
    ] {
        let (status, message) = client
            .refused(Verb::GET, &format!("messages?{query}"), Value::Null)
            .await;
        assert_eq!(status, 400);
        assert!(message.contains(named), "{message}");
    }
}

#[tokio::test]
async fn a_conversation_is_one_thread() {
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    let first = client.post("messages/send", raw(MAIL)).await;
    let answer = "To: ds@example.org\nSubject: Re: Job\nIn-Reply-To: <one@syft>\n\n2";
    client.post("messages/send", raw(answer)).await;
    let mut third = raw("To: ds@example.org\nSubject: Job\n\n3");
    third["threadId"] = first["threadId"].clone();
    client.post("messages/send", third).await;
    let threads = client.get("threads").await;
    assert_eq!(threads["resultSizeEstimate"], 1);
    let id = threads["threads"][0]["id"].as_str().unwrap();
    let thread = client.get(&format!("threads/{id}?format=minimal")).await;
    let snippets = thread["messages"].as_array().unwrap().iter();
    let snippets: Vec<_> = snippets.map(|message| message["snippet"].clone()).collect();
    assert_eq!(snippets, ["hi", "2", "3"]);
    let raw_form = format!("threads/{id}?format=raw");
    assert_eq!(
        client.refused(Verb::GET, &raw_form, Value::Null).await.0,
        400
    );
    assert_eq!(
        client.refused(Verb::GET, "threads/00", Value::Null).await.0,
        404
    );
}

#[tokio::test]
async fn mail_is_thrown_away_and_fetched_back() {
    let app = app();
    let client = Client::new(&app, DS, &[FULL]);
    Client::new(&app, DO, &[FULL])
        .post("messages/send", raw(MAIL))
        .await;
    let list = client.get("messages?labelIds=INBOX&labelIds=UNREAD").await;
    let id = list["messages"][0]["id"].as_str().unwrap().to_owned();
    let labels = json!({ "removeLabelIds": ["UNREAD"], "addLabelIds": ["STARRED"] });
    let changed = client.post(&format!("messages/{id}/modify"), labels).await;
    assert_eq!(changed["labelIds"], json!(["INBOX", "STARRED"]));
    client
        .post(&format!("messages/{id}/trash"), Value::Null)
        .await;
    assert_eq!(client.get("messages").await["resultSizeEstimate"], 0);
    assert_eq!(
        client.get("messages?q=in:trash").await["resultSizeEstimate"],
        1
    );
    assert_eq!(
        client.get("messages?labelIds=TRASH").await["resultSizeEstimate"],
        1
    );
    client
        .post(&format!("messages/{id}/untrash"), Value::Null)
        .await;
    assert_eq!(client.get("messages").await["resultSizeEstimate"], 1);
    let path = format!("messages/{id}");
    let (status, _) = client.call(Verb::DELETE, &path, Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(client.refused(Verb::GET, &path, Value::Null).await.0, 404);
}
