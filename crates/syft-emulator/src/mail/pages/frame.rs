//! The document inside the frame that shows an HTML mail.

use super::reading::Colours;

/// Says again, from inside, what the page's own policy says: nothing is loaded, nothing runs.
const HEAD: &str = "<!doctype html><meta charset=\"utf-8\">\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
style-src 'unsafe-inline'; img-src data:\">\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
<base target=\"_blank\">";

/// Returns the mail's HTML behind our head; a `html` or `head` tag of its own is merged by the
/// browser.
pub(super) fn document(html: &str, colours: Colours) -> String {
    match colours {
        Colours::System => format!("{HEAD}{html}"),
        Colours::Light => format!("{HEAD}{}", prefer(html, "light")),
        Colours::Dark => format!("{HEAD}{}", prefer(html, "dark")),
    }
}

/// Answers the mail's question which colour scheme its reader prefers.
///
/// A frame cannot be given a preference of its own, so the media feature is replaced by one
/// that always or never holds.
fn prefer(html: &str, scheme: &str) -> String {
    const FEATURE: &str = "prefers-color-scheme";
    let mut result = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = find_ignoring_case(rest, FEATURE) {
        let after = &rest[at + FEATURE.len()..];
        let value = after.trim_start().strip_prefix(':').map(str::trim_start);
        let Some((value, end)) = value.and_then(word) else {
            result.push_str(&rest[..at + FEATURE.len()]);
            rest = after;
            continue;
        };
        result.push_str(&rest[..at]);
        result.push_str(if value.eq_ignore_ascii_case(scheme) {
            "min-width:0"
        } else {
            "max-width:0"
        });
        rest = end;
    }
    result + rest
}

/// Splits off the letters at the beginning.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|char: char| !char.is_ascii_alphabetic());
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    (!word.is_empty()).then_some((word, rest))
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    let windows = text.as_bytes().windows(wanted.len());
    let mut places = windows.enumerate();
    places
        .find(|(_, window)| window.eq_ignore_ascii_case(wanted.as_bytes()))
        .map(|(at, _)| at)
}
