//! One mail as its reader sees it, and the same mail from behind.

use std::fmt::Write;

use mail_parser::{Message as Parsed, MimeHeaders};

use super::{
    frame,
    html::{Escaped, avatar, mail_path, mailbox_path, paragraph},
    lists,
};
use crate::{
    error::ApiError,
    mail::{mime, store::Message},
    oauth::Person,
    params::Params,
};

/// Bytes of source that are shown; the download has them all.
const MAX_SOURCE: usize = 1 << 20;

/// What is shown of a mail, and how; every choice is a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct View {
    body: Option<Side>,
    width: Width,
    colours: Colours,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Html,
    Text,
    Headers,
    Source,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Width {
    #[default]
    Desktop,
    Phone,
}

/// The colour scheme that the mail is told its reader prefers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Colours {
    #[default]
    System,
    Light,
    Dark,
}

impl View {
    pub(super) fn parse(params: &Params) -> Result<Self, ApiError> {
        Ok(Self {
            body: choice(params, "view", &SIDES)?,
            width: choice(params, "width", &WIDTHS)?.unwrap_or_default(),
            colours: choice(params, "colours", &COLOURS)?.unwrap_or_default(),
        })
    }

    fn query(self) -> String {
        let mut query = format!("?width={}", name_of(&WIDTHS, self.width));
        if let Some(side) = self.body {
            query = format!("{query}&amp;view={}", name_of(&SIDES, side));
        }
        format!("{query}&amp;colours={}", name_of(&COLOURS, self.colours))
    }
}

/// A choice: its value, its name in the query, its label on the page.
type Choice<T> = (T, &'static str, &'static str);

const SIDES: [Choice<Side>; 4] = [
    (Side::Html, "html", "HTML"),
    (Side::Text, "text", "Plain text"),
    (Side::Headers, "headers", "Headers"),
    (Side::Source, "source", "Source"),
];
const WIDTHS: [Choice<Width>; 2] = [
    (Width::Desktop, "desktop", "Desktop"),
    (Width::Phone, "phone", "Phone"),
];
const COLOURS: [Choice<Colours>; 3] = [
    (Colours::System, "system", "Auto"),
    (Colours::Light, "light", "Light"),
    (Colours::Dark, "dark", "Dark"),
];

fn choice<T: Copy>(
    params: &Params,
    name: &str,
    choices: &[Choice<T>],
) -> Result<Option<T>, ApiError> {
    let Some(value) = params.get(name) else {
        return Ok(None);
    };
    match choices.iter().find(|(_, known, _)| *known == value) {
        Some((choice, ..)) => Ok(Some(*choice)),
        None => {
            let known: Vec<_> = choices.iter().map(|(_, known, _)| *known).collect();
            let problem = format!("expected {}", known.join(", "));
            Err(ApiError::parameter(name, &problem))
        }
    }
}

fn name_of<T: PartialEq>(choices: &[Choice<T>], value: T) -> &'static str {
    let found = choices.iter().find(|(choice, ..)| *choice == value);
    found.map_or("", |(_, name, _)| name)
}

/// Returns the page of a mail.
pub(super) fn mail(person: &Person, message: &Message, view: &View) -> String {
    let parsed = mime::parse(&message.raw);
    let html = mime::html(&parsed);
    let text = mime::text(&parsed);
    let side = view.body.unwrap_or(match html {
        Some(_) => Side::Html,
        None => Side::Text,
    });
    let mut content = head(person, message, &parsed);
    content += &tools(person, message, view, side);
    content += &match side {
        Side::Html => match &html {
            Some(html) => rendered(html, view),
            None => paragraph("This mail has no HTML part."),
        },
        Side::Text => match &text {
            Some(text) => written(text, view.width),
            None => paragraph("This mail has no plain text part."),
        },
        Side::Headers => headers(&parsed),
        Side::Source => source(&message.raw),
    };
    content += &attachments(&parsed);
    content
}

fn head(person: &Person, message: &Message, parsed: &Parsed<'_>) -> String {
    let summary = &message.summary;
    let back = mailbox_path(&person.email);
    let email = Escaped(&person.email);
    let subject = Escaped(lists::subject(&summary.subject));
    let avatar = avatar(summary.sender());
    let name = Escaped(summary.sender());
    let address = match &*summary.from_name {
        "" => String::new(),
        _ => format!(
            "<div>From <bdi>{}</bdi></div>",
            Escaped(&summary.from_address)
        ),
    };
    let to = match summary.to.is_empty() {
        true => "nobody yet".to_owned(),
        false => summary.to.join(", "),
    };
    let to = Escaped(&to);
    let exact = summary.date.to_rfc3339();
    let date = summary.date.format("%A, %-d %B %Y, %H:%M UTC");
    let mut labels = String::new();
    for label in &message.labels {
        let _infallible = write!(labels, "<span class=\"chip\">{}</span>", label.name());
    }
    let copies = mime::addresses(parsed, "Cc").join(", ");
    let copies = match &*copies {
        "" => String::new(),
        copies => format!("<div>Cc <bdi>{}</bdi></div>", Escaped(copies)),
    };
    format!(
        "<p class=\"crumb\"><a href=\"/mailbox\">Mailboxes</a> \
         <span aria-hidden=\"true\">/</span> <a href=\"{back}\">{email}</a></p>\n\
         <h1><bdi>{subject}</bdi></h1>\n\
         <div class=\"meta\">{avatar}<div class=\"who\"><div><b><bdi>{name}</bdi></b></div>\
         <div class=\"muted\">{address}<div>To <bdi>{to}</bdi></div>{copies}\
         <time datetime=\"{exact}\">{date}</time></div></div>\
         <div class=\"chips\">{labels}</div></div>\n"
    )
}

fn tools(person: &Person, message: &Message, view: &View, side: Side) -> String {
    let path = mail_path(&person.email, &message.id);
    let sides = switch(&path, "View", &SIDES, side, |side| View {
        body: Some(side),
        ..*view
    });
    let widths = match side {
        Side::Html | Side::Text => switch(&path, "Width", &WIDTHS, view.width, |width| View {
            width,
            ..*view
        }),
        Side::Headers | Side::Source => String::new(),
    };
    let colours = match side {
        Side::Html => switch(&path, "Colours", &COLOURS, view.colours, |colours| View {
            colours,
            ..*view
        }),
        _ => String::new(),
    };
    format!(
        "<div class=\"tools\">{sides}{widths}{colours}\
         <a class=\"button\" href=\"{path}/mail.eml\" download>Download .eml</a></div>\n"
    )
}

fn switch<T: Copy + PartialEq>(
    path: &str,
    label: &str,
    choices: &[Choice<T>],
    current: T,
    with: impl Fn(T) -> View,
) -> String {
    let mut links = String::new();
    for (choice, _, title) in choices {
        let mark = if *choice == current {
            " aria-current=\"true\""
        } else {
            ""
        };
        let query = with(*choice).query();
        let _infallible = write!(links, "<a href=\"{path}{query}\"{mark}>{title}</a>");
    }
    let class = label.to_lowercase();
    format!("<div class=\"switch {class}\" role=\"group\" aria-label=\"{label}\">{links}</div>")
}

fn rendered(html: &str, view: &View) -> String {
    let width = name_of(&WIDTHS, view.width);
    let colours = name_of(&COLOURS, view.colours);
    let document = frame::document(html, view.colours);
    let document = Escaped(&document);
    // No allow-scripts, no allow-same-origin: the mail is a stranger's page.
    format!(
        "<div class=\"stage {width}\"><iframe class=\"{colours}\" title=\"The mail as HTML\" \
         sandbox=\"allow-popups allow-popups-to-escape-sandbox\" \
         referrerpolicy=\"no-referrer\" srcdoc=\"{document}\"></iframe></div>\n\
         <p class=\"muted aside\">Scripts and remote images of a mail are never loaded here.</p>\n"
    )
}

fn written(text: &str, width: Width) -> String {
    let width = name_of(&WIDTHS, width);
    let text = Escaped(text);
    format!("<div class=\"stage {width}\"><pre class=\"text\">{text}</pre></div>\n")
}

fn headers(parsed: &Parsed<'_>) -> String {
    let mut rows = String::new();
    for (name, value) in mime::headers(parsed) {
        let (name, value) = (Escaped(&name), Escaped(&value));
        let _infallible = write!(
            rows,
            "<tr><th scope=\"row\">{name}</th><td><bdi>{value}</bdi></td></tr>"
        );
    }
    format!("<div class=\"card\"><table class=\"headers\"><tbody>{rows}</tbody></table></div>\n")
}

fn source(raw: &[u8]) -> String {
    let shown = &raw[..raw.len().min(MAX_SOURCE)];
    let text = String::from_utf8_lossy(shown);
    let text = Escaped(&text);
    let note = match raw.len() - shown.len() {
        0 => String::new(),
        more => paragraph(&format!("{more} more bytes are in the download.")),
    };
    format!("<pre class=\"card source\" tabindex=\"0\">{text}</pre>{note}\n")
}

fn attachments(parsed: &Parsed<'_>) -> String {
    let mut items = String::new();
    for part in parsed.attachments() {
        let name = Escaped(part.attachment_name().unwrap_or("unnamed part"));
        let bytes = part.contents().len();
        let _infallible = write!(
            items,
            "<li><bdi>{name}</bdi> <span class=\"muted\">{bytes} bytes</span></li>"
        );
    }
    if items.is_empty() {
        return items;
    }
    format!("<h2>Attachments</h2>\n<ul class=\"card attachments\">{items}</ul>\n")
}
