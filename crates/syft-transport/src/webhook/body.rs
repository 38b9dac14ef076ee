//! What is said to each kind of receiver.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::Format;
use crate::{mail::Mail, mime::header_text};

/// The version of our own JSON, which rises when a program that reads it would have to change.
const VERSION: u32 = 1;
/// Slack advises no more than 4,000 characters.
const SLACK_TEXT: usize = 3_500;
/// ntfy makes a file of what is longer than 4,096 bytes.
const NTFY_TEXT: usize = 4_000;

/// The body of a call, and the headers that its format needs.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) media_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn content(format: Format, mail: &Mail) -> Content {
    let subject = header_text(&mail.subject);
    let (headers, bytes) = match format {
        Format::Json => (Vec::new(), own(mail, &subject).to_string().into_bytes()),
        Format::Slack => (Vec::new(), slack(mail, &subject).to_string().into_bytes()),
        Format::Ntfy => (
            vec![("title", encoded_word(&subject))],
            cut(mail.text.trim(), NTFY_TEXT).into_bytes(),
        ),
    };
    let media_type = match format {
        Format::Json | Format::Slack => "application/json; charset=utf-8",
        Format::Ntfy => "text/plain; charset=utf-8",
    };
    Content {
        media_type,
        headers,
        bytes,
    }
}

fn own(mail: &Mail, subject: &str) -> Value {
    let about = mail.about.as_ref();
    json!({
        "version": VERSION,
        "id": mail.message_id.as_str(),
        "event": about.map_or("mail", |about| &about.event),
        "subject": subject,
        "text": mail.text,
        "to": mail.to.as_str(),
        "at": mail.date,
        "data": about.map(|about| &about.data),
    })
}

/// Texts come from peers: none may mention a whole channel or hide a link.
fn slack(mail: &Mail, subject: &str) -> Value {
    let plain = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let text = cut(mail.text.trim(), SLACK_TEXT);
    json!({ "text": format!("*{}*\n{}", plain(subject), plain(&text)) })
}

/// Returns a text for a header, by RFC 2047 where it is not ASCII.
fn encoded_word(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    format!("=?UTF-8?B?{}?=", STANDARD.encode(text))
}

/// Returns at most `limit` bytes of a text, and a sign where there was more.
fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(limit - '…'.len_utf8());
    format!("{}…", text[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cut_text_is_a_beginning_and_short_enough(text in "\\PC{0,80}", limit in 3usize..60) {
            let short = cut(&text, limit);
            prop_assert!(short.len() <= limit.max(text.len().min(limit)));
            prop_assert!(text.starts_with(short.trim_end_matches('…')) || text.len() <= limit);
        }
    }

    #[test]
    fn a_title_is_ascii() {
        assert_eq!(encoded_word("New job: x"), "New job: x");
        assert_eq!(encoded_word("Ü"), "=?UTF-8?B?w5w=?=");
    }
}
