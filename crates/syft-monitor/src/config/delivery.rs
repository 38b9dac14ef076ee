//! What a config says about logs and about the ways that mails and events take.

use std::{fmt, path::PathBuf};

use syft_state::Email;
use url::Url;

use crate::event::Template;

/// A value that is one of a few words.
pub(super) trait Word: Copy + 'static {
    /// The words in the order of the documentation.
    const ALL: &'static [(&'static str, Self)];
}

/// Declares an enum whose variants are written as words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl Word for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)+];
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $word,)+
                })
            }
        }
    };
}

words! {
    /// Who carries the mails.
    MailBy {
        /// Gmail, by the Gmail token.
        Gmail = "gmail",
        /// A mail server.
        Smtp = "smtp",
        /// Files in the local hub.
        Local = "local",
    }
}

words! {
    /// How the connection to a mail server is protected.
    Encryption {
        /// It begins in the clear and must become encrypted before anything is said.
        StartTls = "starttls",
        /// It is encrypted from the beginning.
        Tls = "tls",
        /// It is not; only to this machine.
        None = "none",
    }
}

words! {
    /// The shape of what is posted to a webhook.
    WebhookFormat {
        /// The event as data.
        Json = "json",
        /// What Slack and its relatives show.
        Slack = "slack",
        /// What ntfy shows.
        Ntfy = "ntfy",
    }
}

words! {
    /// The shape of a line in the log file.
    LogFormat {
        /// `YYYY-MM-DD HH:MM:SS - name - LEVEL - message`.
        Text = "text",
        /// One JSON object in each line.
        Json = "json",
    }
}

words! {
    /// The least level that is logged.
    LogLevel {
        /// What a person must look at.
        Error = "error",
        /// What a person should know.
        Warning = "warning",
        /// What happens.
        Info = "info",
        /// What is looked at and decided.
        Debug = "debug",
    }
}

/// What is logged, how and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// The shape of a line.
    pub format: LogFormat,
    /// The least level.
    pub level: LogLevel,
    /// The file; its generations and the error log are beside it.
    pub path: PathBuf,
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpConfig {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// The account and the file with its password, if it wants one.
    pub login: Option<SmtpLogin>,
    /// The address that mails come from.
    pub from: Email,
}

/// An account at a mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpLogin {
    /// Its name.
    pub username: String,
    /// The file that holds its password.
    pub password_file: PathBuf,
}

/// An address that hears of events.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookConfig {
    /// What it is called: letters, digits and `-`; no two have the same name.
    pub name: String,
    /// Where events are posted. It may be a secret by itself: show [`Self::origin`] instead.
    pub url: Url,
    /// The templates whose events are posted.
    pub events: Vec<Template>,
    /// The file with the key that signs what is posted.
    pub secret_file: Option<PathBuf>,
    /// The shape of what is posted.
    pub format: WebhookFormat,
}

impl WebhookConfig {
    /// Returns the part of the address that is no secret, as `https://hooks.example.org`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// The path of many webhooks is their password.
impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            url: _,
            events,
            secret_file,
            format,
        } = self;
        f.debug_struct("WebhookConfig")
            .field("name", name)
            .field("url", &self.origin())
            .field("events", events)
            .field("secret_file", secret_file)
            .field("format", format)
            .finish()
    }
}
