//! Messages in the JSON of Gmail's API.

use base64::{Engine, engine::general_purpose::URL_SAFE};
use serde_json::{Value, json};

use super::{call::Format, paging::Page};
use crate::mail::{mime, pages::html::Escaped, store::Message};

/// Returns a message as `users.messages.get` does.
pub(super) fn message(message: &Message, format: Format, headers: &[&str]) -> Value {
    let mut answer = reference(message);
    // Gmail escapes snippets for HTML, whatever shows them.
    answer["snippet"] = json!(Escaped(&message.summary.snippet).to_string());
    answer["historyId"] = json!(message.history.to_string());
    answer["internalDate"] = json!(message.at.timestamp_millis().to_string());
    answer["sizeEstimate"] = json!(message.raw.len());
    match format {
        Format::Minimal => {}
        Format::Raw => answer["raw"] = json!(URL_SAFE.encode(&message.raw)),
        Format::Metadata => {
            answer["payload"] = mime::metadata(&mime::parse(&message.raw), headers);
        }
        Format::Full => answer["payload"] = mime::payload(&mime::parse(&message.raw)),
    }
    answer
}

/// Returns what a send answers: ids and labels.
pub(super) fn reference(message: &Message) -> Value {
    let labels: Vec<_> = message.labels.iter().map(|label| label.name()).collect();
    json!({ "id": message.id, "threadId": message.thread, "labelIds": labels })
}

/// Returns a page of a list under `name`, which Gmail leaves out when there is nothing.
pub(super) fn list(name: &str, page: Page<Value>) -> Value {
    let mut answer = json!({});
    if !page.items.is_empty() {
        answer[name] = json!(page.items);
    }
    if let Some(next) = page.next {
        answer["nextPageToken"] = json!(next);
    }
    answer["resultSizeEstimate"] = json!(page.total);
    answer
}
