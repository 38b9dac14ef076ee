//! Requests that unmodified clients really sent, played again in order.
//!
//! The format of `requests.jsonl` is described in `fixtures/recorded/distil.py`.

use std::collections::HashMap;

use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

use crate::support::{Account, Answer, emulator, text};

const RECORDED: &str = include_str!("../../fixtures/recorded/requests.jsonl");

/// Plays requests, with the recording's ids replaced by those of this emulator.
struct Player {
    accounts: HashMap<String, Account>,
    ids: HashMap<String, String>,
}

impl Player {
    fn renamed(&self, value: &str) -> String {
        let mut text = value.to_owned();
        for (recorded, ours) in &self.ids {
            text = text.replace(recorded, ours);
        }
        text
    }

    fn request(&self, entry: &Map<String, Value>) -> RequestBuilder {
        let account = &self.accounts[entry["user"].as_str().expect("a user")];
        let method: Method = text(&entry["method"]).parse().expect("a method");
        let path = self.renamed(&text(&entry["path"]));
        let pairs: Vec<(String, String)> = match entry.get("query") {
            None => Vec::new(),
            Some(query) => serde_json::from_value(query.clone()).expect("pairs"),
        };
        let query: Vec<(String, String)> = pairs
            .into_iter()
            .map(|(name, value)| (name, self.renamed(&value)))
            .collect();
        let continues = query.iter().any(|(name, _)| name == "upload_id");
        let request = if continues {
            account.anonymous(method, &path)
        } else {
            account.request(method, &path)
        };
        self.body(request.query(&query), entry)
    }

    fn body(&self, request: RequestBuilder, entry: &Map<String, Value>) -> RequestBuilder {
        let metadata = entry
            .get("metadata")
            .map(|body| self.renamed(&body.to_string()));
        let size = entry
            .get("size")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        let content = vec![b'x'; usize::try_from(size).expect("small")];
        let kind = entry
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let request = match entry.get("download").and_then(Value::as_str) {
            None => request,
            Some(range) => request.header("range", range),
        };
        if let Some(range) = entry.get("range") {
            return request.header("content-range", text(range)).body(content);
        }
        match (kind, metadata) {
            ("multipart/related", Some(metadata)) => {
                let mut body = format!("--b\r\nContent-Type: application/json\r\n\r\n{metadata}\r\n--b\r\nContent-Type: text/plain\r\n\r\n").into_bytes();
                body.extend(content);
                body.extend(b"\r\n--b--\r\n");
                request
                    .header("content-type", "multipart/related; boundary=b")
                    .body(body)
            }
            ("multipart/mixed", _) => request
                .header("content-type", "multipart/mixed; boundary=b")
                .body(self.batch(entry)),
            (_, Some(metadata)) => request
                .header("content-type", "application/json")
                .body(metadata),
            (_, None) => request.header("content-length", 0),
        }
    }

    fn batch(&self, entry: &Map<String, Value>) -> String {
        let calls = entry["calls"].as_array().expect("calls").iter().map(|call| {
            let (method, path) = (text(&call["method"]), self.renamed(&text(&call["path"])));
            let body = &call["metadata"];
            format!("--b\nContent-Type: application/http\n\n{method} {path} HTTP/1.1\nContent-Type: application/json\n\n{body}\n")
        });
        calls.collect::<String>() + "--b--"
    }

    /// Learns which of our ids stands for the recording's.
    fn learn(&mut self, entry: &Map<String, Value>, answer: &Answer, session: Option<String>) {
        if let (Some(recorded), Some(ours)) = (entry.get("made"), answer.body.get("id")) {
            self.ids.insert(text(recorded), text(ours));
        }
        if let (Some(recorded), Some(ours)) = (entry.get("session"), session) {
            self.ids.insert(text(recorded), ours);
        }
    }
}

#[tokio::test]
async fn recorded_requests_are_answered_alike() {
    let emulator = emulator().await;
    let mut player = Player {
        accounts: HashMap::new(),
        ids: HashMap::new(),
    };
    let mut played = 0;
    for line in RECORDED.lines() {
        let entry: Map<String, Value> = serde_json::from_str(line).expect("JSON");
        let user = text(&entry["user"]);
        player
            .accounts
            .entry(user.clone())
            .or_insert_with(|| Account::new(&emulator, &user));
        let response = player.request(&entry).send().await.expect("an answer");
        let session = response.headers().get("x-guploader-uploadid");
        let session = session.map(|id| id.to_str().expect("text").to_owned());
        let answer = Answer::read(response).await;
        assert_eq!(
            json!(answer.status.as_u16()),
            entry["status"],
            "{line}\n{answer:?}"
        );
        player.learn(&entry, &answer, session);
        played += 1;
    }
    assert!(played > 200, "{played}");
}
