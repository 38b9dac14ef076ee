//! The bytes of a mail: RFC 5322 and MIME, the same for the same [`Mail`], always.
//!
//! Nothing in a mail's texts can add a header or end a part, whoever wrote them (T19).

mod text;

use mail_builder::{
    MessageBuilder,
    headers::{
        address::Address, content_type::ContentType, date::Date, message_id, raw::Raw, text::Text,
    },
    mime::MimePart,
};
use syft_state::Email;

use crate::mail::{Mail, MessageId};

pub use text::header_text;

/// How many earlier mails of a thread are named; RFC 5322 §3.6.4 lets long lists be cut.
const MAX_REFERENCES: usize = 20;

/// Returns a mail as it goes over the wire.
///
/// Lines end with CRLF, header lines fold at 78 characters where they can, and no line is
/// longer than the 998 characters of RFC 5322 §2.1.1 while ids and addresses keep below
/// that. A mail with HTML is `multipart/alternative` with the plain text first. Control
/// characters in the texts are left out, and their line ends become CRLF.
#[must_use]
pub fn to_mime(mail: &Mail) -> Vec<u8> {
    to_mime_by(mail, &mail.from)
}

/// Returns a mail as [`to_mime`] does, sent by an address that need not be its author's; answers
/// go to the author.
#[must_use]
pub fn to_mime_by(mail: &Mail, sender: &Email) -> Vec<u8> {
    let mut message = MessageBuilder::new()
        .from(named(&mail.from_name, sender))
        .to(Address::new_address(None::<&str>, mail.to.as_str()))
        .subject(Text::new(header_text(&mail.subject)))
        .date(Date::new(mail.date.as_seconds()))
        .message_id(safe_id(&mail.message_id))
        .header("MIME-Version", Raw::new("1.0"))
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .header("X-Auto-Response-Suppress", Raw::new("All"));
    if let Some(earlier) = &mail.in_reply_to {
        message = message.in_reply_to(safe_id(earlier));
    }
    let references = references(mail);
    if !references.is_empty() {
        message = message.references(message_id::MessageId::new_list(references.into_iter()));
    }
    if *sender != mail.from {
        message = message.reply_to(Address::new_address(None::<&str>, mail.from.as_str()));
    }
    let mut bytes = Vec::new();
    message.body(body(mail)).serialize(&mut bytes);
    bytes
}

fn named<'a>(name: &str, address: &'a Email) -> Address<'a> {
    let name = Some(header_text(name)).filter(|name| !name.is_empty());
    Address::new_address(name, address.as_str())
}

/// Returns the thread's ids, oldest first: its first one and the latest, ending with the
/// mail that is answered.
fn references(mail: &Mail) -> Vec<String> {
    let answered = mail.in_reply_to.iter();
    let mut ids: Vec<&MessageId> = mail.references.iter().collect();
    ids.extend(answered.filter(|id| !mail.references.contains(id)));
    if ids.len() > MAX_REFERENCES {
        ids.drain(1..=ids.len() - MAX_REFERENCES);
    }
    ids.into_iter().map(safe_id).collect()
}

/// Ids may have been read from a file that somebody edited.
fn safe_id(id: &MessageId) -> String {
    MessageId::from_record(id.as_str()).as_str().to_owned()
}

fn body(mail: &Mail) -> MimePart<'static> {
    let text = text::body_text(&mail.text);
    let Some(html) = mail.html.as_deref().map(text::body_text) else {
        return MimePart::new("text/plain", text);
    };
    let boundary = boundary(&mail.message_id, &text, &html);
    MimePart::new(
        ContentType::new("multipart/alternative").attribute("boundary", boundary),
        vec![
            MimePart::new("text/plain", text),
            MimePart::new("text/html", html),
        ],
    )
}

/// Returns a boundary that no part can contain on purpose: it depends on every byte of both.
fn boundary(id: &MessageId, text: &str, html: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [id.as_str(), text, html] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    format!("syft_{}", &hasher.finalize().to_hex()[..32])
}

#[cfg(test)]
mod tests;
