use mail_builder::MessageBuilder;
use proptest::prelude::*;

use super::*;

fn built(subject: &str, text: &str, html: &str) -> Vec<u8> {
    MessageBuilder::new()
        .from(("The \u{d6}wner", "do@example.org"))
        .to(vec![("Ann", "ann@example.org"), ("", "bob@example.org")])
        .subject(subject)
        .text_body(text)
        .html_body(html)
        .write_to_vec()
        .unwrap()
}

/// Line ends are CRLF on the wire, whatever the author wrote.
fn lines(text: &str) -> Vec<&str> {
    text.split('\n')
        .map(|line| line.trim_end_matches('\r'))
        .collect()
}

proptest! {
    #[test]
    fn what_was_written_is_what_is_read(
        subject in "[^\\p{C}\\s]{1,20}( [^\\p{C}\\s]{1,20}){0,5}",
        text in "([^\\p{C}]|\n){0,200}",
        html in "<p>[^\\p{C}]{0,200}</p>",
    ) {
        let raw = built(&subject, &text, &html);
        let message = parse(&raw);
        prop_assert_eq!(header(&message, "subject"), Some(subject));
        let read = super::text(&message).unwrap_or_default();
        prop_assert_eq!(lines(&read), lines(&text));
        prop_assert_eq!(super::html(&message), Some(html));
    }

    #[test]
    fn hostile_bytes_are_shown_somehow(raw in prop::collection::vec(any::<u8>(), 0..400)) {
        let message = parse(&raw);
        payload(&message);
        snippet(&message);
        ids(&message, "References");
        addresses(&message, "To");
    }

    #[test]
    fn hostile_html_has_a_snippet(html in "(<|>|&|;|#|!--|script|style|\\PC){0,60}") {
        let raw = format!("Content-Type: text/html; charset=utf-8\r\n\r\n{html}");
        prop_assert!(snippet(&parse(raw.as_bytes())).len() <= 4 * SNIPPET_CHARS);
    }
}

#[test]
fn addresses_and_ids_lose_their_decoration() {
    let raw = built("s", "t", "<p>h</p>");
    let message = parse(&raw);
    assert_eq!(addresses(&message, "From"), ["do@example.org"]);
    assert_eq!(
        addresses(&message, "To"),
        ["ann@example.org", "bob@example.org"]
    );
    assert_eq!(
        header(&message, "From").unwrap(),
        "The \u{d6}wner <do@example.org>"
    );
    let threaded = parse(b"References: <a@x>\r\n <b@x>\r\nIn-Reply-To: <b@x>\r\n\r\n");
    assert_eq!(ids(&threaded, "References"), ["a@x", "b@x"]);
    assert_eq!(ids(&threaded, "In-Reply-To"), ["b@x"]);
    assert_eq!(ids(&threaded, "Message-ID"), [""; 0]);
}

#[test]
fn a_payload_is_the_tree_of_parts() {
    let raw = MessageBuilder::new()
        .to("ann@example.org")
        .text_body("plain")
        .html_body("<b>bold</b>")
        .attachment("text/csv", "age.csv", "1,2")
        .write_to_vec()
        .unwrap();
    let message = parse(&raw);
    let payload = payload(&message);
    assert_eq!(payload["mimeType"], "multipart/mixed");
    let alternative = &payload["parts"][0];
    assert_eq!(alternative["mimeType"], "multipart/alternative");
    assert_eq!(
        alternative["parts"][0]["body"]["data"],
        URL_SAFE.encode("plain")
    );
    assert_eq!(alternative["parts"][1]["partId"], "0.1");
    let file = &payload["parts"][1];
    assert_eq!(file["filename"], "age.csv");
    assert_eq!(file["body"]["size"], 3);
    let id = file["body"]["attachmentId"].as_str().unwrap();
    assert_eq!(attachment(&message, id).unwrap(), b"1,2");
    assert_eq!(attachment(&message, "part-0"), None);
    assert_eq!(attachment(&message, "part-99"), None);
}

#[test]
fn nesting_ends_somewhere() {
    let mut raw = String::new();
    for level in 0..200 {
        raw += &format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
    }
    let message = parse(raw.as_bytes());
    let mut depth = 0;
    let payload = payload(&message);
    let mut level = &payload;
    while let Some(child) = level["parts"].get(0) {
        level = child;
        depth += 1;
    }
    assert!((1..=MAX_DEPTH + 2).contains(&depth), "{depth}");
}
