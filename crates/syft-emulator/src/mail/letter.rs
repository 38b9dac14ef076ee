//! A message as its sender hands it in: header fields and body, checked as Gmail checks them.
//!
//! The format is RFC 5322. Fields keep their bytes, so that a mail arrives as it was sent.

use chrono::{DateTime, Utc};
use mail_parser::{Address, HeaderValue, parsers::MessageStream};

use super::{error::MailError, mime::nesting};

/// Gmail's limit for the recipients of one message.
const MAX_RECIPIENTS: usize = 500;

/// Fields that RFC 5322 §3.6 allows once; a second one is how an injected header shows.
const ONCE: [&str; 10] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
];

/// A message under way: its header fields in order, and its body with CRLF line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    fields: Vec<Field>,
    body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: String,
    /// What follows the colon, folds included, without the last line end.
    value: String,
}

impl Letter {
    /// Splits a message into fields and body; every line ends in CRLF or every line in LF.
    pub(crate) fn parse(raw: &[u8]) -> Result<Self, MailError> {
        let mut fields: Vec<Field> = Vec::new();
        let mut rest = raw;
        let mut crlf = None;
        let mut number = 0;
        while !rest.is_empty() {
            number += 1;
            let malformed = |problem| MailError::Malformed {
                line: number,
                problem,
            };
            let (line, after) = split_line(rest);
            rest = after.unwrap_or_default();
            let (line, ending) = match line.strip_suffix(b"\r") {
                Some(line) => (line, true),
                None => (line, false),
            };
            if after.is_some() && *crlf.get_or_insert(ending) != ending {
                return Err(malformed("ends unlike the lines before it"));
            }
            if line.is_empty() {
                break;
            }
            if line.iter().any(|byte| matches!(byte, b'\r' | 0)) {
                return Err(malformed("has a bare carriage return or a NUL"));
            }
            let line = str::from_utf8(line).map_err(|_| malformed("is not UTF-8"))?;
            take_line(&mut fields, line).map_err(malformed)?;
        }
        nesting::check(raw).map_err(MailError::Unreadable)?;
        let letter = Self {
            fields,
            body: with_crlf(rest),
        };
        letter.check()?;
        Ok(letter)
    }

    /// Returns the value of a field as it was typed, unfolded.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let field = self.fields.iter().find(|field| field.is(name))?;
        Some(field.value.replace("\r\n", "").trim().to_owned())
    }

    /// Replaces a field, or adds it at the end of the header.
    fn set(&mut self, name: &str, value: &str) {
        let value = format!(" {value}");
        match self.fields.iter_mut().find(|field| field.is(name)) {
            Some(field) => field.value = value,
            None => self.fields.push(Field {
                name: name.to_owned(),
                value,
            }),
        }
    }

    /// Removes `Bcc`, which only the sender may see.
    pub(crate) fn without_bcc(&self) -> Self {
        let mut letter = self.clone();
        letter.fields.retain(|field| !field.is("Bcc"));
        letter
    }

    /// Fills in what Gmail fills in: the sender, the date, a message id, the MIME version.
    ///
    /// A sender other than the account is replaced, for nobody may send as somebody else.
    pub(crate) fn complete(&mut self, account: &str, now: DateTime<Utc>, id: &str) {
        if !self.is_from(account) {
            self.set("From", account);
        }
        if self.field("Date").is_none_or(|date| date.is_empty()) {
            self.set("Date", &now.to_rfc2822());
        }
        if self.field("Message-ID").is_none_or(|id| id.is_empty()) {
            self.set("Message-ID", &format!("<{id}@mail.gmail.com>"));
        }
        if self.field("MIME-Version").is_none() {
            self.set("MIME-Version", "1.0");
        }
    }

    /// Returns every address of `To`, `Cc` and `Bcc`, each once, as first typed.
    pub(crate) fn recipients(&self) -> Result<Vec<String>, MailError> {
        let mut found: Vec<String> = Vec::new();
        for name in ["To", "Cc", "Bcc"] {
            for address in self.addresses(name)? {
                let lower = address.to_lowercase();
                if !found.iter().any(|known| known.to_lowercase() == lower) {
                    found.push(address);
                }
            }
        }
        match found.len() {
            0 => Err(MailError::NoRecipient),
            len if len > MAX_RECIPIENTS => Err(MailError::TooManyRecipients {
                found: len,
                limit: MAX_RECIPIENTS,
            }),
            _ => Ok(found),
        }
    }

    /// Returns the bytes that are stored and delivered.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.body.len() + 64 * self.fields.len());
        for field in &self.fields {
            bytes.extend_from_slice(field.name.as_bytes());
            bytes.push(b':');
            bytes.extend_from_slice(field.value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn check(&self) -> Result<(), MailError> {
        for name in ONCE {
            if self.fields.iter().filter(|field| field.is(name)).count() > 1 {
                return Err(MailError::InvalidHeader(name));
            }
        }
        for name in ["From", "Sender", "Reply-To", "To", "Cc", "Bcc"] {
            self.addresses(name)?;
        }
        match self.field("Message-ID") {
            Some(id) if !id.is_empty() && !is_message_id(&id) => {
                Err(MailError::InvalidHeader("Message-ID"))
            }
            _ => Ok(()),
        }
    }

    fn is_from(&self, account: &str) -> bool {
        match self.addresses("From").as_deref() {
            Ok([from]) => from.eq_ignore_ascii_case(account),
            _ => false,
        }
    }

    fn addresses(&self, name: &'static str) -> Result<Vec<String>, MailError> {
        match self.field(name) {
            None => Ok(Vec::new()),
            Some(value) => addresses(&value).ok_or(MailError::InvalidHeader(name)),
        }
    }
}

impl Field {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Returns the bytes before the first line feed, and those after it if there is one.
fn split_line(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    match bytes.iter().position(|&byte| byte == b'\n') {
        Some(at) => (&bytes[..at], Some(&bytes[at + 1..])),
        None => (bytes, None),
    }
}

fn take_line(fields: &mut Vec<Field>, line: &str) -> Result<(), &'static str> {
    if line.starts_with([' ', '\t']) {
        let last = fields.last_mut().ok_or("continues a field before any")?;
        last.value.push_str("\r\n");
        last.value.push_str(line);
        return Ok(());
    }
    let (name, value) = line.split_once(':').ok_or("has no colon")?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("has no valid field name");
    }
    fields.push(Field {
        name: name.to_owned(),
        value: value.to_owned(),
    });
    Ok(())
}

fn with_crlf(body: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(body.len());
    let mut before = 0;
    for &byte in body {
        if byte == b'\n' && before != b'\r' {
            result.push(b'\r');
        }
        result.push(byte);
        before = byte;
    }
    result
}

/// Returns the addresses of a field, or `None` when one of them is none.
fn addresses(value: &str) -> Option<Vec<String>> {
    let line = format!("{value}\n");
    let list = match MessageStream::new(line.as_bytes()).parse_address() {
        HeaderValue::Empty => return value.trim().is_empty().then(Vec::new),
        HeaderValue::Address(Address::List(list)) => list,
        HeaderValue::Address(Address::Group(groups)) => groups
            .into_iter()
            .flat_map(|group| group.addresses)
            .collect(),
        _ => return None,
    };
    list.into_iter()
        .map(|entry| entry.address.map(|address| address.into_owned()))
        .map(|address| address.filter(|address| is_address(address)))
        .collect()
}

/// Decides whether `text` is `local@domain` in the form that Gmail delivers to.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local.split('.').all(|atom| !atom.is_empty())
        && local.chars().all(is_local_char);
    let domain_ok = domain.len() <= 255 && domain.split('.').all(is_domain_label);
    local_ok && domain_ok
}

/// RFC 5322 `atext`, RFC 6532's letters, and the dot.
fn is_local_char(char: char) -> bool {
    !char.is_ascii() && !char.is_control() && !char.is_whitespace()
        || char.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~.".contains(char)
}

fn is_domain_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .chars()
            .all(|char| char == '-' || char.is_alphanumeric())
}

fn is_message_id(value: &str) -> bool {
    value
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .and_then(|inner| inner.split_once('@'))
        .is_some_and(|(left, right)| {
            let good = |part: &str| {
                !part.is_empty()
                    && part
                        .chars()
                        .all(|char| !char.is_whitespace() && !"<>@".contains(char))
            };
            good(left) && good(right)
        })
}

#[cfg(test)]
mod tests;
