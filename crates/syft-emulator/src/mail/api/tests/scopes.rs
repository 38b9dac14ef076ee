//! Who may call what.

use super::*;

#[tokio::test]
async fn only_the_own_mailbox_is_open() {
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    for user in ["me", "do@example.org", "DO@Example.org"] {
        let path = format!("/gmail/v1/users/{user}/profile");
        let (status, answer) = client.request(Verb::GET, &path, "", "").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["emailAddress"], DO);
    }
    let (status, answer) = client
        .request(Verb::GET, "/gmail/v1/users/ds@example.org/profile", "", "")
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(
        answer["error"]["message"],
        "Delegation denied for do@example.org"
    );
}

/// Calls that each scope allows, out of one of each kind.
#[tokio::test]
async fn scopes_allow_what_google_allows() {
    let send = (Verb::POST, "messages/send", raw(MAIL));
    let draft = (Verb::POST, "drafts", json!({ "message": raw(MAIL) }));
    let drafts = (Verb::GET, "drafts", Value::Null);
    let list = (Verb::GET, "messages", Value::Null);
    let profile = (Verb::GET, "profile", Value::Null);
    let labels = (Verb::GET, "labels", Value::Null);
    let trash = (Verb::POST, "messages/0/trash", Value::Null);
    let delete = (Verb::DELETE, "messages/0", Value::Null);
    let calls = [send, draft, drafts, list, profile, labels, trash, delete];
    for (scope, expected) in [
        (scope("send"), "send"),
        (scope("compose"), "send draft drafts profile"),
        (scope("readonly"), "drafts list profile labels"),
        (scope("metadata"), "list profile labels"),
        (scope("labels"), "labels"),
        (
            scope("modify"),
            "send draft drafts list profile labels trash",
        ),
        (
            FULL.to_owned(),
            "send draft drafts list profile labels trash delete",
        ),
        ("https://www.googleapis.com/auth/drive".to_owned(), ""),
    ] {
        let app = app();
        let client = Client::new(&app, DO, &[&scope]);
        let names = [
            "send", "draft", "drafts", "list", "profile", "labels", "trash", "delete",
        ];
        let mut allowed = Vec::new();
        for (name, (verb, path, body)) in names.iter().zip(&calls) {
            let (status, answer) = client.call(verb.clone(), path, body.clone()).await;
            if status == StatusCode::FORBIDDEN {
                let details = &answer["error"]["details"][0]["reason"];
                assert_eq!(details, "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
            } else {
                allowed.push(*name);
            }
        }
        assert_eq!(allowed.join(" "), expected, "{scope}");
    }
}

#[tokio::test]
async fn the_metadata_scope_sees_no_bodies() {
    let app = app();
    let sent = Client::new(&app, DO, &[FULL])
        .post("messages/send", raw(MAIL))
        .await;
    let client = Client::new(&app, DO, &[&scope("metadata")]);
    let path = format!("messages/{}", sent["id"].as_str().unwrap());
    client.get(&format!("{path}?format=metadata")).await;
    for query in [
        &*path,
        &format!("{path}?format=raw"),
        "messages?q=subject:Job",
        "threads?q=in:sent",
    ] {
        let (status, message) = client.refused(Verb::GET, query, Value::Null).await;
        assert_eq!(status, 403, "{query}");
        assert!(message.starts_with("Metadata scope"), "{message}");
    }
}
