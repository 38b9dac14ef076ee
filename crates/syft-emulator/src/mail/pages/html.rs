//! The frame of every page, and the one place where text becomes HTML.

use std::fmt::{self, Display, Write};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

const STYLE: &str = include_str!("style.css");

/// Characters that would end a path segment or need no trust.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'+')
    .add(b'/')
    .add(b'<')
    .add(b'=')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'`');

/// Text that shows as it is, in content and in quoted attributes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                '\0' => formatter.write_char('\u{fffd}')?,
                _ => formatter.write_char(char)?,
            }
        }
        Ok(())
    }
}

/// Returns the address of a mailbox.
pub(super) fn mailbox_path(account: &str) -> String {
    format!("/mailbox/{}", utf8_percent_encode(account, SEGMENT))
}

/// Returns the address of a mail.
pub(super) fn mail_path(account: &str, id: &str) -> String {
    let id = utf8_percent_encode(id, SEGMENT);
    format!("{}/{id}", mailbox_path(account))
}

/// Wraps the content of a page.
pub(super) fn page(title: &str, content: &str) -> String {
    let title = Escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\n\
         <header class=\"top\"><a class=\"brand\" href=\"/mailbox\">{MARK}Mailboxes</a>\
         <span class=\"note\">Emulated: nothing here left this computer</span></header>\n\
         <main id=\"content\">\n{content}\n</main>\n</body>\n</html>\n"
    )
}

const MARK: &str = "<svg viewBox=\"0 0 24 24\" width=\"22\" height=\"22\" aria-hidden=\"true\">\
<rect x=\"2.5\" y=\"5\" width=\"19\" height=\"14\" rx=\"3\" fill=\"none\" stroke=\"currentColor\" \
stroke-width=\"1.8\"/><path d=\"M4 7.5l8 6 8-6\" fill=\"none\" stroke=\"currentColor\" \
stroke-width=\"1.8\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>";

/// Returns a paragraph for a page that has nothing to list.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p class=\"empty\">{}</p>", Escaped(text))
}

/// Returns the round mark with the first letter of a name.
pub(super) fn avatar(name: &str) -> String {
    let letter = name.chars().find(|char| char.is_alphanumeric());
    let letter: String = letter
        .map(|char| char.to_uppercase().collect())
        .unwrap_or_default();
    let letter = Escaped(&letter);
    format!("<span class=\"avatar\" aria-hidden=\"true\">{letter}</span>")
}
