//! What a reader sees of a stored message: texts, header values, parts.
//!
//! MIME (RFC 2045–2047) is decoded by `mail-parser`; this module decides what Gmail shows of it.

pub(super) mod nesting;

use base64::{Engine, engine::general_purpose::URL_SAFE};
use mail_parser::{
    Header, HeaderForm, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};
use serde_json::{Value, json};

/// Characters of a message's text that lists show.
const SNIPPET_CHARS: usize = 180;

/// Levels of parts within parts that are shown; a hostile mail may have thousands.
const MAX_DEPTH: usize = 32;

/// Parses stored bytes; whatever they are, something can be shown.
pub(crate) fn parse(raw: &[u8]) -> Message<'_> {
    let parsed = MessageParser::default().parse(raw);
    // The parser's accessors count on at least one part.
    parsed.unwrap_or_else(|| Message {
        parts: vec![MessagePart::default()],
        ..Message::default()
    })
}

/// Returns the first `text/plain` body, if the sender wrote one.
pub(crate) fn text(message: &Message<'_>) -> Option<String> {
    message.text_bodies().find_map(|part| match &part.body {
        PartType::Text(text) => Some(text.clone().into_owned()),
        _ => None,
    })
}

/// Returns the first `text/html` body, if the sender wrote one.
pub(crate) fn html(message: &Message<'_>) -> Option<String> {
    message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.clone().into_owned()),
        _ => None,
    })
}

/// Returns the beginning of the text in one line.
pub(crate) fn snippet(message: &Message<'_>) -> String {
    let text = message.body_text(0).unwrap_or_default();
    let mut words = text.split_whitespace();
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        if line.chars().count() + word.chars().count() >= SNIPPET_CHARS {
            break;
        }
        line.push(' ');
        line.push_str(word);
    }
    line.chars().take(SNIPPET_CHARS).collect()
}

/// Returns every header field of the message as `(name, value)`, unfolded and decoded.
pub(crate) fn headers(message: &Message<'_>) -> Vec<(String, String)> {
    match message.parts.first() {
        Some(part) => read_headers(message, &part.headers),
        None => Vec::new(),
    }
}

/// Returns one header field, unfolded and decoded.
pub(crate) fn header(message: &Message<'_>, name: &str) -> Option<String> {
    headers(message)
        .into_iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Returns the addresses of a field, without names.
pub(crate) fn addresses(message: &Message<'_>, name: &'static str) -> Vec<String> {
    let values = message.header_as(name, HeaderForm::Addresses);
    let lists = values.iter().filter_map(HeaderValue::as_address);
    lists
        .flat_map(|list| list.iter())
        .filter_map(|entry| entry.address())
        .map(str::to_owned)
        .collect()
}

/// Returns the message ids of a field, without angle brackets.
pub(crate) fn ids(message: &Message<'_>, name: &'static str) -> Vec<String> {
    let values = message.header_as(name, HeaderForm::MessageIds);
    let lists = values.into_iter().map(|value| match value {
        HeaderValue::Text(id) => vec![id.into_owned()],
        HeaderValue::TextList(ids) => ids.into_iter().map(|id| id.into_owned()).collect(),
        _ => Vec::new(),
    });
    lists.flatten().collect()
}

/// Returns the `payload` of Gmail's `format=full`: the tree of parts with headers and bodies.
pub(crate) fn payload(message: &Message<'_>) -> Value {
    part(message, 0, String::new())
}

/// Returns the `payload` of `format=metadata`: the wanted headers, or all when none is named.
pub(crate) fn metadata(message: &Message<'_>, wanted: &[&str]) -> Value {
    let kept = headers(message).into_iter().filter(|(name, _)| {
        wanted.is_empty()
            || wanted
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(name))
    });
    json!({ "mimeType": mime_type(message, 0), "headers": header_list(kept) })
}

/// Returns the decoded bytes of the attachment that [`payload`] called `id`.
pub(crate) fn attachment(message: &Message<'_>, id: &str) -> Option<Vec<u8>> {
    let index = id.strip_prefix("part-")?.parse().ok()?;
    let part = message.part(index)?;
    is_attachment(part).then(|| part.contents().to_vec())
}

fn part(message: &Message<'_>, index: u32, part_id: String) -> Value {
    let Some(found) = message.part(index) else {
        return json!({ "partId": part_id, "mimeType": "text/plain", "filename": "" });
    };
    let mut answer = json!({
        "partId": part_id,
        "mimeType": mime_type(message, index),
        "filename": found.attachment_name().unwrap_or_default(),
        "headers": header_list(read_headers(message, &found.headers)),
        "body": body(found, index),
    });
    let depth = part_id.matches('.').count();
    if let Some(children) = found.sub_parts().filter(|_| depth < MAX_DEPTH) {
        let ids = children.iter().enumerate();
        let parts = ids.map(|(place, &child)| {
            let id = match &*part_id {
                "" => place.to_string(),
                parent => format!("{parent}.{place}"),
            };
            part(message, child, id)
        });
        answer["parts"] = parts.collect();
    }
    answer
}

fn body(part: &MessagePart<'_>, index: u32) -> Value {
    let bytes = part.contents();
    if part.sub_parts().is_some() {
        json!({ "size": 0 })
    } else if is_attachment(part) {
        json!({ "attachmentId": format!("part-{index}"), "size": bytes.len() })
    } else {
        json!({ "size": bytes.len(), "data": URL_SAFE.encode(bytes) })
    }
}

/// Gmail sends a body along only if it is text that nobody named.
fn is_attachment(part: &MessagePart<'_>) -> bool {
    part.sub_parts().is_none() && (part.attachment_name().is_some() || !part.is_text())
}

fn mime_type(message: &Message<'_>, index: u32) -> String {
    let kind = message.part(index).and_then(|part| part.content_type());
    match kind {
        Some(kind) => match kind.subtype() {
            Some(subtype) => format!("{}/{subtype}", kind.ctype()).to_lowercase(),
            None => kind.ctype().to_lowercase(),
        },
        None => "text/plain".to_owned(),
    }
}

fn header_list(headers: impl IntoIterator<Item = (String, String)>) -> Value {
    headers
        .into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect()
}

fn read_headers(message: &Message<'_>, headers: &[Header<'_>]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|header| {
            let name = message.raw_message.get(
                header.offset_field as usize..(header.offset_start as usize).saturating_sub(1),
            );
            let value = message
                .raw_message
                .get(header.offset_start as usize..header.offset_end as usize);
            (
                name.map_or_else(
                    || header.name().to_owned(),
                    |name| String::from_utf8_lossy(name).trim().to_owned(),
                ),
                value.map(unfold).unwrap_or_default(),
            )
        })
        .collect()
}

/// Decodes RFC 2047 words and joins folded lines; other text keeps its inner spaces.
fn unfold(value: &[u8]) -> String {
    if !value.windows(2).any(|pair| pair == b"=?") {
        let text = String::from_utf8_lossy(value);
        return text.replace(['\r', '\n'], "").trim().to_owned();
    }
    let mut line = value.to_vec();
    if !line.ends_with(b"\n") {
        line.push(b'\n');
    }
    match mail_parser::parsers::MessageStream::new(&line).parse_unstructured() {
        HeaderValue::Text(text) => text.into_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
