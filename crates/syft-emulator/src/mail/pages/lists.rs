//! The list of mailboxes, and the list of mails in one of them.

use std::fmt::Write;

use super::html::{Escaped, avatar, mail_path, mailbox_path, paragraph};
use crate::{
    error::ApiError,
    mail::{Label, Store, store::Message},
    oauth::Person,
};

/// Mails on one page; a mailbox with more says so.
const MAX_ROWS: usize = 500;

/// The part of a mailbox that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folder {
    Inbox,
    Sent,
    Drafts,
    All,
}

impl Folder {
    const ALL: [Self; 4] = [Self::Inbox, Self::Sent, Self::Drafts, Self::All];

    pub(super) fn parse(name: Option<&str>) -> Result<Self, ApiError> {
        let Some(name) = name else {
            return Ok(Self::Inbox);
        };
        let found = Self::ALL.into_iter().find(|folder| folder.name() == name);
        found.ok_or_else(|| ApiError::parameter("folder", "expected inbox, sent, drafts or all"))
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Inbox => "Inbox",
            Self::Sent => "Sent",
            Self::Drafts => "Drafts",
            Self::All => "All",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Sent => "sent",
            Self::Drafts => "drafts",
            Self::All => "all",
        }
    }

    fn holds(self, message: &Message) -> bool {
        match self {
            Self::Inbox => message.labels.contains(&Label::Inbox),
            Self::Sent => message.labels.contains(&Label::Sent),
            Self::Drafts => message.labels.contains(&Label::Draft),
            Self::All => true,
        }
    }
}

/// Returns the list of mailboxes.
pub(super) fn mailboxes(people: &[Person], store: &Store) -> String {
    let mut content = "<h1>Mailboxes</h1>\n".to_owned();
    if people.is_empty() {
        content += &paragraph(
            "No account exists yet. The first token, share or mail for an address makes one.",
        );
        return content;
    }
    content += "<ul class=\"card list\">\n";
    for person in people {
        content += &mailbox_row(person, store);
    }
    content += "</ul>";
    content
}

fn mailbox_row(person: &Person, store: &Store) -> String {
    let inbox = count(store, &person.email, |message| Folder::Inbox.holds(message));
    let unread = count(store, &person.email, |message| {
        Folder::Inbox.holds(message) && message.labels.contains(&Label::Unread)
    });
    let sent = count(store, &person.email, |message| Folder::Sent.holds(message));
    let href = mailbox_path(&person.email);
    let avatar = avatar(&person.email);
    let email = Escaped(&person.email);
    let badge = match unread {
        0 => String::new(),
        _ => format!("<span class=\"badge\">{unread} unread</span>"),
    };
    format!(
        "<li><a class=\"box\" href=\"{href}\">{avatar}<span class=\"who\"><b>{email}</b>\
         <span class=\"muted\">{inbox} received, {sent} sent</span></span>{badge}</a></li>\n"
    )
}

fn count(store: &Store, account: &str, wanted: impl Fn(&Message) -> bool) -> usize {
    store
        .messages(account)
        .filter(|message| wanted(message))
        .count()
}

/// Returns the list of mails in a folder, newest first.
pub(super) fn mailbox(person: &Person, store: &Store, folder: Folder) -> String {
    let email = Escaped(&person.email);
    let mut content = format!(
        "<p class=\"crumb\"><a href=\"/mailbox\">Mailboxes</a></p>\n<h1 class=\"address\">{email}</h1>\n"
    );
    content += &folders(person, store, folder);
    let messages: Vec<_> = store
        .messages(&person.email)
        .filter(|message| folder.holds(message))
        .collect();
    if messages.is_empty() {
        content += &paragraph("Nothing here yet. Reload the page to look again.");
        return content;
    }
    content += "<ul class=\"card list\">\n";
    for message in messages.iter().take(MAX_ROWS) {
        content += &row(person, message, folder);
    }
    content += "</ul>";
    if messages.len() > MAX_ROWS {
        let hidden = messages.len() - MAX_ROWS;
        content += &paragraph(&format!("{hidden} older mails are not shown."));
    }
    content
}

fn folders(person: &Person, store: &Store, current: Folder) -> String {
    let mut tabs = "<nav class=\"tabs\" aria-label=\"Folders\">".to_owned();
    for folder in Folder::ALL {
        let path = mailbox_path(&person.email);
        let (name, title) = (folder.name(), folder.title());
        let number = count(store, &person.email, |message| folder.holds(message));
        let mark = if folder == current {
            " aria-current=\"page\""
        } else {
            ""
        };
        // Writing to a string cannot fail.
        let _infallible = write!(
            tabs,
            "<a href=\"{path}?folder={name}\"{mark}>{title} <span>{number}</span></a>"
        );
    }
    tabs + "</nav>\n"
}

fn row(person: &Person, message: &Message, folder: Folder) -> String {
    let summary = &message.summary;
    let href = mail_path(&person.email, &message.id);
    let unread = message.labels.contains(&Label::Unread);
    let (class, dot) = if unread {
        (" class=\"unread\"", "<span class=\"dot\">Unread</span>")
    } else {
        ("", "")
    };
    let who = match folder {
        Folder::Sent | Folder::Drafts => format!("To: {}", summary.to.join(", ")),
        Folder::Inbox | Folder::All => summary.sender().to_owned(),
    };
    let (who, subject) = (Escaped(&who), Escaped(subject(&summary.subject)));
    let snippet = Escaped(&summary.snippet);
    let exact = message.at.to_rfc3339();
    let time = message.at.format("%-d %b, %H:%M");
    format!(
        "<li{class}><a class=\"mail\" href=\"{href}\">\
         <span class=\"from\">{dot}<bdi>{who}</bdi></span>\
         <span class=\"line\"><span class=\"subject\"><bdi>{subject}</bdi></span> \
         <span class=\"snippet\"><bdi>{snippet}</bdi></span></span>\
         <time datetime=\"{exact}\">{time}</time></a></li>\n"
    )
}

/// Returns the subject, or what stands in for an empty one.
pub(super) fn subject(subject: &str) -> &str {
    if subject.trim().is_empty() {
        "(no subject)"
    } else {
        subject
    }
}
