//! Foreign text made harmless to look at and to paste.

/// The longest run of combining marks that is shown; more of them paint over other lines.
const MAX_MARKS: usize = 3;

/// Returns `text` as one line of about `max` characters in which nothing is hidden.
///
/// Control characters and those that reverse or hide text become visible escapes such as
/// `\n` and `\u{202e}`, runs of blanks become one, and the rest of a long text becomes `…`.
/// `://` becomes `[:]//` and `www.` becomes `www[.]`, so that no mail reader makes a link of it.
pub(super) fn shown(text: &str, max: usize) -> String {
    let mut line = String::new();
    let (mut length, mut marks) = (0, 0);
    for character in text.chars() {
        marks = if is_mark(character) { marks + 1 } else { 0 };
        let piece = visible(character);
        if marks > MAX_MARKS || (piece == " " && (line.is_empty() || line.ends_with(' '))) {
            continue;
        }
        length += piece.chars().count();
        if length > max {
            return unlinked(line.trim_end()) + "…";
        }
        line.push_str(&piece);
    }
    if line.is_empty() {
        return "(blank)".to_owned();
    }
    unlinked(line.trim_end())
}

fn unlinked(line: &str) -> String {
    break_links(line, "[:]//", "[.]")
}

fn visible(character: char) -> String {
    match character {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\u{2028}' | '\u{2029}' => escaped(character),
        _ if character.is_control() || is_deceptive(character) => escaped(character),
        _ if character.is_whitespace() => " ".to_owned(),
        _ => character.to_string(),
    }
}

fn escaped(character: char) -> String {
    character.escape_unicode().to_string()
}

/// Returns whether a character is not shown itself but changes how others are shown or read.
fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

fn is_mark(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Returns `text` as a Python string literal in double quotes, of printable characters only.
///
/// Letters of left-to-right scripts stay readable; everything else that is not printable
/// ASCII is escaped, so that what is pasted is what was read.
pub(super) fn python_literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    for character in text.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            ' '..='~' => literal.push(character),
            _ if is_plain_letter(character) => literal.push(character),
            _ => literal.push_str(&python_escape(u32::from(character))),
        }
    }
    format!("\"{}\"", break_links(&literal, ":\\x2f/", "\\x2e"))
}

fn python_escape(code: u32) -> String {
    match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
}

fn is_plain_letter(character: char) -> bool {
    let left_to_right = matches!(character,
        '\u{c0}'..='\u{2af}' | '\u{370}'..='\u{52f}' | '\u{1e00}'..='\u{1fff}'
        | '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}');
    left_to_right && character.is_alphabetic() && !is_mark(character)
}

/// Replaces what mail readers take for the beginning of a web address.
fn break_links(text: &str, colon: &str, dot: &str) -> String {
    let text = text.replace("://", colon);
    let mut broken = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = find_www(rest) {
        broken.push_str(&rest[..at + 3]);
        broken.push_str(dot);
        rest = &rest[at + 4..];
    }
    broken + rest
}

fn find_www(text: &str) -> Option<usize> {
    text.as_bytes()
        .windows(4)
        .position(|window| window.eq_ignore_ascii_case(b"www."))
}

/// Returns a length in bytes as people read it, as `2.1 kB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let tenths = bytes / (unit / 10);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_shown(text: &str, expected: &str) {
        assert_eq!(shown(text, 40), expected, "{text:?}");
    }

    #[test]
    fn t19_nothing_in_a_name_is_hidden() {
        for (text, expected) in [
            ("Survey of age", "Survey of age"),
            ("a\r\nBcc: x@y.z", "a\\r\\nBcc: x@y.z"),
            ("abc\u{202e}gpj.exe", "abc\\u{202e}gpj.exe"),
            ("a\u{200b}b\0", "a\\u{200b}b\\u{0}"),
            ("  a \u{a0}\u{3000} b  ", "a b"),
            ("   ", "(blank)"),
            ("", "(blank)"),
            ("Größe 年齢 🧪", "Größe 年齢 🧪"),
            ("see https://evil.example/x", "see https[:]//evil.example/x"),
            ("WWW.evil.example", "WWW[.]evil.example"),
            ("<b>&amp;", "<b>&amp;"),
        ] {
            check_shown(text, expected);
        }
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        check_shown(&"x".repeat(41), &("x".repeat(40) + "…"));
        check_shown(&"x".repeat(40), &"x".repeat(40));
        check_shown(
            &("a".to_owned() + &"\u{301}".repeat(500)),
            "a\u{301}\u{301}\u{301}",
        );
    }

    #[track_caller]
    fn check_literal(text: &str, expected: &str) {
        assert_eq!(python_literal(text), expected, "{text:?}");
    }

    #[test]
    fn a_literal_cannot_be_left() {
        for (text, expected) in [
            ("Survey of age", r#""Survey of age""#),
            ("a\"); evil(\"", r#""a\"); evil(\"""#),
            ("\\\"", r#""\\\"""#),
            ("a\nb\r\t", r#""a\nb\r\t""#),
            (
                "\u{202e}\u{e9}\u{1f9ea}\u{5d0}",
                r#""\u202eé\U0001f9ea\u05d0""#,
            ),
            ("{x} 'y' %s", r#""{x} 'y' %s""#),
            ("http://x www.y", r#""http:\x2f/x www\x2ey""#),
        ] {
            check_literal(text, expected);
        }
    }

    #[test]
    fn lengths_are_readable() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (2_149, "2.1 kB"),
            (5_000_000, "5.0 MB"),
            (u64::MAX, "18446744.0 TB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    proptest! {
        #[test]
        fn shown_text_is_one_bounded_line(text in "\\PC{0,80}|[\\s\\S]{0,300}", max in 1_usize..200) {
            let line = shown(&text, max);
            prop_assert!(!line.chars().any(|c| c.is_control() || is_deceptive(c)), "{line:?}");
            prop_assert!(!line.contains("://") && find_www(&line).is_none());
            prop_assert!(line.chars().count() <= 2 * max + 8);
        }

        #[test]
        fn a_literal_is_one_line_of_printable_text(text in "[\\s\\S]{0,300}") {
            let literal = python_literal(&text);
            prop_assert!(!literal.chars().any(|c| c.is_control() || is_deceptive(c)));
            let inner = literal[1..literal.len() - 1].replace("\\\\", "");
            prop_assert!(!inner.replace("\\\"", "").contains('"'));
        }
    }
}
