//! MIME multipart bodies, as uploads (`multipart/related`) and batches (`multipart/mixed`) use them.

use bytes::Bytes;

use crate::error::ApiError;

/// More headers than this in one part are refused.
const MAX_HEADERS: usize = 50;

/// One part: its headers, names in lower case, and its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Part {
    /// Splits `headers, empty line, body` at the first empty line.
    pub(crate) fn parse(bytes: &Bytes) -> Result<Self, ApiError> {
        let mut headers = Vec::new();
        let mut at = 0;
        while let Some(length) = bytes[at..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&bytes[at..at + length]);
            let line = line.trim_end_matches('\r');
            at += length + 1;
            if line.is_empty() {
                let body = bytes.slice(at..);
                return Ok(Self { headers, body });
            }
            let Some((name, value)) = line.split_once(':') else {
                return Err(malformed("a header of a part has no colon"));
            };
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            if headers.len() > MAX_HEADERS {
                return Err(malformed("a part has too many headers"));
            }
        }
        Err(malformed("a part has no empty line after its headers"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Splits a body at the boundary that `content_type` names.
///
/// Lines may end in CRLF, or in a bare LF as Python's standard library writes them.
pub(crate) fn split(content_type: &str, body: &Bytes) -> Result<Vec<Part>, ApiError> {
    let boundary = boundary(content_type)
        .ok_or_else(|| malformed("the Content-Type header names no boundary"))?;
    let delimiter = format!("--{boundary}").into_bytes();
    let first =
        find_line(body, &delimiter, 0).ok_or_else(|| malformed("the boundary is missing"))?;
    let after = first + delimiter.len();
    let newline: &[u8] = if body[after..].starts_with(b"\r\n") {
        b"\r\n"
    } else {
        b"\n"
    };
    let mut separator = newline.to_vec();
    separator.extend_from_slice(&delimiter);
    let mut parts = Vec::new();
    let mut at = after;
    while !body[at..].starts_with(b"--") {
        let line_end = body[at..].iter().position(|byte| *byte == b'\n');
        let start = at + line_end.ok_or_else(|| malformed("a part is missing"))? + 1;
        // An empty part ends with the newline that its start has just eaten.
        let length = find(&body[start - newline.len()..], &separator)
            .ok_or_else(|| malformed("the closing boundary is missing"))?;
        let end = (start - newline.len() + length).max(start);
        parts.push(Part::parse(&body.slice(start..end))?);
        at = start - newline.len() + length + separator.len();
    }
    Ok(parts)
}

fn boundary(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1);
    let value = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim().trim_matches('"'))?;
    (!value.is_empty() && value.len() <= 200).then_some(value)
}

/// Finds `needle` at the start of a line.
fn find_line(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let found = at + find(&haystack[at..], needle)?;
        if found == 0 || haystack[found - 1] == b'\n' {
            return Some(found);
        }
        at = found + 1;
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = 0;
    while let Some(step) = haystack[at..].iter().position(|byte| *byte == first) {
        at += step;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn malformed(problem: &str) -> ApiError {
    ApiError::bad_request(format!("Malformed multipart body: {problem}."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bodies(content_type: &str, body: &'static [u8]) -> Vec<Vec<u8>> {
        let parts = split(content_type, &Bytes::from_static(body)).expect("well-formed");
        parts.into_iter().map(|part| part.body.to_vec()).collect()
    }

    #[test]
    fn preamble_and_quotes_and_bare_newlines() {
        let crlf = b"\r\n--b\r\nA: 1\r\n\r\n{}\r\n--b\r\n\r\nx\n\r\n--b--\r\n";
        let expected = vec![b"{}".to_vec(), b"x\n".to_vec()];
        assert_eq!(bodies("multipart/related;boundary=b", crlf), expected);
        let lf = b"--=b=\nA: 1\n\n{}\n--=b=\n\nx\n\n--=b=--";
        assert_eq!(bodies("multipart/mixed; boundary=\"=b=\"", lf), expected);
    }

    #[test]
    fn malformed_bodies_are_refused() {
        let check = |content_type: &str, body: &'static [u8]| {
            let error = split(content_type, &Bytes::from_static(body)).expect_err("malformed");
            assert_eq!(error.status.as_u16(), 400);
        };
        check("multipart/related", b"--b\r\n\r\n\r\n--b--");
        check("multipart/related; boundary=b", b"");
        check("multipart/related; boundary=b", b"--b");
        check("multipart/related; boundary=b", b"--b\r\n");
        check("multipart/related; boundary=b", b"--b\r\n\r\nunclosed");
        check(
            "multipart/related; boundary=b",
            b"--b\r\nno header\r\n--b--",
        );
        check("multipart/related; boundary=b", b"--b\r\n--b--");
    }

    proptest! {
        #[test]
        fn any_content_survives(content: Vec<u8>, crlf: bool) {
            let newline = if crlf { "\r\n" } else { "\n" };
            prop_assume!(find(&content, b"--boundary").is_none());
            let mut body = format!("--boundary{newline}A: b{newline}{newline}").into_bytes();
            body.extend_from_slice(&content);
            body.extend_from_slice(format!("{newline}--boundary--").as_bytes());
            let parts = split("multipart/related; boundary=boundary", &Bytes::from(body)).unwrap();
            prop_assert_eq!(parts.len(), 1);
            prop_assert_eq!(parts[0].header("a"), Some("b"));
            prop_assert_eq!(&parts[0].body[..], &content[..]);
        }

        #[test]
        fn garbage_never_panics(body: Vec<u8>) {
            drop(split("multipart/related; boundary=-", &Bytes::from(body)));
        }
    }
}
