/// The longest header text, in characters.
const MAX_HEADER_CHARS: usize = 200;

/// Returns `text` as one line that is safe in a header, a subject or a log line (T19).
///
/// White space of any kind, line ends included, becomes single spaces; control characters
/// and the invisible ones that reverse or hide text are left out; `=?`, which readers
/// would decode, becomes `= ?`; and after 200 characters the rest becomes `…`. Doing it
/// twice changes nothing.
#[must_use]
pub fn header_text(text: &str) -> String {
    // A bound on the work: one name may be megabytes long and is cut to 200 characters.
    let visible: String = text
        .chars()
        .filter(|c| c.is_whitespace() || !is_deceptive(*c))
        .take(64 * MAX_HEADER_CHARS)
        .collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    cut(&words.join(" ").replace("=?", "= ?"))
}

fn cut(line: &str) -> String {
    if line.chars().count() <= MAX_HEADER_CHARS {
        return line.to_owned();
    }
    let kept: String = line.chars().take(MAX_HEADER_CHARS - 1).collect();
    format!("{}…", kept.trim_end())
}

/// Returns whether a character is not shown itself but changes how others are shown or read.
///
/// The zero-width joiners stay: emoji and several scripts need them.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' // soft hyphen
            | '\u{061C}' | '\u{200E}' | '\u{200F}' // direction marks
            | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' // overrides and isolates
            | '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' // annotations
            | '\u{E0000}'..='\u{E007F}' // tags
        )
}

/// Returns a text with CRLF line ends and without control characters other than tabs, as
/// RFC 2045 §2.7 and §2.8 want it.
pub(super) fn body_text(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 32);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' => {
                characters.next_if_eq(&'\n');
                lines.push_str("\r\n");
            }
            '\n' => lines.push_str("\r\n"),
            '\t' => lines.push(c),
            c if c.is_control() => {}
            c => lines.push(c),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(header_text(text), expected, "{text:?}");
    }

    #[test]
    fn t19_a_header_text_is_one_clean_line() {
        check("New job: analysis", "New job: analysis");
        check("job\r\nBcc: eve@evil.example", "job Bcc: eve@evil.example");
        check("a\nfoo", "a foo");
        check("a\n b\t\tc\u{2028}d\u{85}e", "a b c d e");
        check("  a\u{a0} b ", "a b");
        check("gpj\u{202e}exe.sh", "gpjexe.sh");
        check("a\0b\u{7f}c\u{1b}[31m", "abc[31m");
        check("=?utf-8?Q?=0D=0ABcc:?=", "= ?utf-8?Q?=0D=0ABcc:?=");
        check("=\u{200b}?", "= ?");
        check("👩\u{200d}🔬 ärger", "👩\u{200d}🔬 ärger");
        check("\u{feff}\r\n", "");
    }

    #[test]
    fn t19_a_header_text_is_capped() {
        check(&"x".repeat(200), &"x".repeat(200));
        check(&"x".repeat(201), &format!("{}…", "x".repeat(199)));
        check(&"ü ".repeat(1_000_000), &format!("{}ü…", "ü ".repeat(99)));
        check(&"\0".repeat(5_000_000), "");
    }

    proptest! {
        #[test]
        fn t19_no_text_breaks_out_of_its_line(text in "(?s).{0,300}") {
            let line = header_text(&text);
            prop_assert!(line.chars().count() <= MAX_HEADER_CHARS);
            prop_assert!(!line.chars().any(|c| is_deceptive(c) || (c.is_whitespace() && c != ' ')));
            prop_assert!(!line.contains("=?") && !line.contains("  "));
            prop_assert_eq!(header_text(&line), line);
        }

        #[test]
        fn body_lines_end_with_crlf_only(text in "[a\r\n\t\0ü]{0,60}") {
            let body = body_text(&text);
            let bare = body.replace("\r\n", "");
            prop_assert!(!bare.contains(['\r', '\n', '\0']));
            let line_ends = text.replace("\r\n", "\n").matches(['\r', '\n']).count();
            prop_assert_eq!(body.matches("\r\n").count(), line_ends);
        }
    }
}
