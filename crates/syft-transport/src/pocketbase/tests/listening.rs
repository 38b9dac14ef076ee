//! Streams of changes that end, hang or lie.

use super::*;
use crate::{
    Error,
    pocketbase::{Action, Notice},
};

const WELCOME: &str = "event:PB_CONNECT\ndata:{\"clientId\":\"c1\"}\n\n";
const CHANGE: &str = "event:things/*\ndata:{\"action\":\"create\",\"record\":{\"id\":\"x\"}}\n\n";

/// A server whose streams are these, one after the other and the last one again and again.
async fn streaming(streams: &[&str]) -> Script {
    let mut streams: Vec<Vec<u8>> = streams
        .iter()
        .rev()
        .map(|text| text.as_bytes().to_vec())
        .collect();
    server(move |seen| match (seen.method.as_str(), seen.path()) {
        ("GET", "/api/realtime") => {
            let stream = match streams.len() {
                1 => streams[0].clone(),
                _ => streams.pop().unwrap(),
            };
            Act::Answer(
                200,
                vec![("content-type", "text/event-stream".to_owned())],
                stream,
            )
        }
        ("POST", "/api/realtime") => answer(200, &json!({})),
        _ => answer(404, &json!({})),
    })
    .await
}

#[tokio::test]
async fn a_stream_that_ends_is_taken_up_again_with_its_topics() {
    let whole = [WELCOME, CHANGE].concat();
    let script = streaming(&[&whole]).await;
    let mut changes = client(&script).subscribe(&["things/*", "others/*"]);
    for _ in 0..2 {
        assert!(matches!(changes.next().await, Notice::Connected));
        let notice = changes.next().await;
        assert!(
            matches!(
                notice,
                Notice::Changed {
                    action: Action::Create,
                    ..
                }
            ),
            "{notice:?}"
        );
    }
    let seen = script.seen();
    let asked = seen
        .iter()
        .find(|seen| seen.method == "POST" && seen.path() == "/api/realtime");
    let asked: Value = serde_json::from_str(&asked.unwrap().text()).unwrap();
    assert_eq!(
        asked,
        json!({"clientId": "c1", "subscriptions": ["things/*", "others/*"]})
    );
}

#[tokio::test]
async fn streams_that_make_no_sense_are_told_and_left() {
    let endless = "x".repeat(5 << 20);
    let cases = [
        "",
        "data: nothing\n\n",
        "event:PB_CONNECT\ndata:{}\n\n",
        "event:PB_CONNECT\ndata:no json\n\n",
        endless.as_str(),
    ];
    let script = streaming(&[cases.as_slice(), &[WELCOME]].concat()).await;
    let mut changes = client(&script).subscribe(&["things/*"]);
    for case in cases {
        let notice = changes.next().await;
        let case = &case[..case.len().min(50)];
        assert!(
            matches!(notice, Notice::Lost(Error::Garbled { .. })),
            "{case}: {notice:?}"
        );
    }
    assert!(matches!(changes.next().await, Notice::Connected));
}

#[tokio::test]
async fn events_that_are_no_changes_are_left_alone() {
    let odd = "event:things/*\ndata:{\"action\":\"explode\",\"record\":{}}\n\nevent:x\ndata:1\n\n";
    let script = streaming(&[&[WELCOME, odd, CHANGE].concat()]).await;
    let mut changes = client(&script).subscribe(&["things/*"]);
    assert!(matches!(changes.next().await, Notice::Connected));
    assert!(matches!(changes.next().await, Notice::Changed { .. }));
}

#[tokio::test]
async fn nobody_is_called_when_nobody_listens() {
    let script = streaming(&[WELCOME]).await;
    let mut changes = client(&script).subscribe(&["things/*"]);
    assert!(matches!(changes.next().await, Notice::Connected));
    let task = changes.task.abort_handle();
    drop(changes);
    while !task.is_finished() {
        tokio::task::yield_now().await;
    }
}
