//! The check that a message can be taken apart: messages within messages end somewhere.
//!
//! The parser and its results recurse per level of `message/rfc822`, so a stranger's mail of a
//! few hundred kilobytes could exhaust the stack. Multipart levels cost nothing.

use mail_parser::{HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// Messages within messages that are taken.
const MAX_LEVELS: usize = 32;

/// Types that open a new level, written out; more are refused before any parsing.
const MAX_MENTIONS: usize = 1000;

/// Refuses a message that nests too deeply, in words that follow "it".
pub(crate) fn check(raw: &[u8]) -> Result<(), &'static str> {
    const TOO_DEEP: &str = "nests messages too deeply";
    if mentions(raw) > MAX_MENTIONS {
        return Err(TOO_DEEP);
    }
    // Read as a content type, the encoding is known to us and ignored by the parser, which
    // therefore never decodes a message to parse it again.
    let parser = MessageParser::new()
        .with_mime_headers()
        .header_content_type(HeaderName::ContentTransferEncoding);
    let mut level: Vec<Message<'_>> = parser.parse(raw).into_iter().collect();
    let mut result = Ok(());
    let mut depth = 0;
    // Taken apart level by level to the end, since dropping it whole would recurse.
    while !level.is_empty() {
        if level.iter().any(hides_a_message) {
            // RFC 2046 §5.2.1 allows no encoding but 7bit, 8bit and binary.
            result = Err("encodes a message within it");
        } else if depth > MAX_LEVELS {
            result = Err(TOO_DEEP);
        }
        let parts = level.into_iter().flat_map(|message| message.parts);
        level = parts.filter_map(inner).collect();
        depth += 1;
    }
    result
}

fn inner<'a>(part: MessagePart<'a>) -> Option<Message<'a>> {
    match part.body {
        PartType::Message(message) => Some(message),
        _ => None,
    }
}

fn hides_a_message(message: &Message<'_>) -> bool {
    let digest = message
        .parts
        .iter()
        .any(|part| part.is_content_type("multipart", "digest"));
    message.parts.iter().any(|part| {
        let kind = part.content_type();
        let is_message = kind.map_or(digest, |kind| kind.ctype() == "message");
        is_message && is_encoded(part)
    })
}

fn is_encoded(part: &MessagePart<'_>) -> bool {
    let mut headers = part.headers.iter();
    let encoding = headers
        .find(|header| header.name == HeaderName::ContentTransferEncoding)
        .and_then(|header| header.value.as_content_type());
    encoding.is_some_and(|encoding| ["base64", "quoted-printable"].contains(&encoding.ctype()))
}

/// Counts `/rfc822`, `/global` and `/digest`, blanks allowed after the slash as in the parser.
fn mentions(raw: &[u8]) -> usize {
    let slashes = raw.iter().enumerate().filter(|&(_, &byte)| byte == b'/');
    let types = slashes.filter(|(at, _)| {
        let after = raw[at + 1..].trim_ascii_start();
        [b"rfc822", b"global", b"digest"].iter().any(|kind| {
            after
                .get(..6)
                .is_some_and(|word| word.eq_ignore_ascii_case(*kind))
        })
    });
    types.count()
}
