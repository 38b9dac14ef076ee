//! Notices for programs: a request to an address of the user's choice for each of them.

mod body;

use std::{fmt, path::PathBuf, time::Duration};

use async_trait::async_trait;
use hmac::{Hmac, Mac as _};
use reqwest::{Method, StatusCode, Url, header::HeaderMap};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::{
    error::{Error, Result},
    http::{Client, Operation, Request, retry_after},
    mail::{DraftId, Mail, MailId, Mailer, Promise},
    secret_file,
};

/// The header that says that a call is a repetition, for receivers that keep what they had.
pub const KEY_HEADER: &str = "idempotency-key";
/// The header of the signature: `sha256=` and the HMAC of the body in hexadecimal digits.
pub const SIGNATURE_HEADER: &str = "x-syft-signature";

/// How long a receiver may take; it should do its work after it has answered.
const LONGEST_CALL: Duration = Duration::from_secs(30);

const CALL: Operation = Operation::new("webhook", 1);

/// What a receiver understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Our own JSON: `version`, `id`, `event`, `subject`, `text`, `to`, `at` and `data`.
    #[default]
    Json,
    /// An incoming webhook of Slack, or of a program that takes the same, as Mattermost.
    Slack,
    /// A topic of ntfy.
    Ntfy,
}

/// Where a webhook goes.
#[derive(Clone)]
pub struct Options {
    /// How the user calls it.
    pub name: String,
    /// The address: `https`, or `http` on this machine. It may hold a secret and is never shown.
    pub url: Url,
    /// What is understood there.
    pub format: Format,
    /// The file that holds the key of the signature, readable by its owner alone.
    pub secret_file: Option<PathBuf>,
}

/// Calls an address for each notice.
///
/// It promises [`Promise::AtLeastOnce`]: a call whose answer is lost is made again, with the
/// same `Message-ID` in the body and in `Idempotency-Key`, by which the receiver can tell. The
/// receiver has taken a notice when it answers with a status from 200 to 299; what else it
/// answers is not read. Redirections are not followed, because they would take the notice and
/// its signature to somebody else.
pub struct Webhook {
    client: Client,
    options: Options,
    key: Option<SecretString>,
    /// `webhook ops at https://hooks.example.org`, for messages.
    place: String,
}

impl Webhook {
    /// Prepares to call an address; nothing is connected yet.
    ///
    /// # Errors
    /// [`Error::Rejected`] for an address that is neither `https` nor on this machine;
    /// [`Error::BadFile`] and [`Error::Local`] where the key's file cannot be used.
    pub fn new(client: Client, options: Options) -> Result<Self> {
        let place = format!("webhook {} at {}", options.name, origin(&options.url));
        let is_allowed = match options.url.scheme() {
            "https" => true,
            "http" => is_loopback(&options.url),
            _ => false,
        };
        if !is_allowed {
            return Err(Error::Rejected {
                what: place,
                reason: "its address must begin with https://, or with http:// on this machine"
                    .to_owned(),
            });
        }
        let key = options.secret_file.as_deref().map(secret_file::read);
        Ok(Self {
            client,
            key: key.transpose()?,
            options,
            place,
        })
    }

    /// Returns the name, and the address as far as it is not secret.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    fn request(&self, mail: &Mail) -> Request {
        let content = body::content(self.options.format, mail);
        let mut request = Request::new(CALL, Method::POST, self.options.url.clone())
            .about(&self.place)
            .header(KEY_HEADER, mail.message_id.as_str());
        for (name, value) in content.headers {
            request = request.header(name, &value);
        }
        if let Some(key) = &self.key {
            let signature = sign(key.expose_secret().as_bytes(), &content.bytes);
            request = request.header(SIGNATURE_HEADER, &format!("sha256={signature}"));
        }
        request.body(content.media_type, content.bytes)
    }

    fn meaning(&self, status: StatusCode, headers: &HeaderMap) -> Error {
        let what = self.place.clone();
        let reason = format!("it answers with status {}", status.as_u16());
        match status.as_u16() {
            401 => Error::Unauthenticated {
                what,
                reason: format!("{reason}: check its `url` and `secret_file`"),
            },
            403 | 407 => Error::PermissionDenied { what, reason },
            404 | 410 => Error::NotFound { what },
            429 => Error::RateLimited {
                what,
                retry_after: retry_after(headers),
            },
            300..=399 => Error::PermissionDenied {
                what,
                reason: format!("{reason}, a redirection: set `url` to where it leads"),
            },
            // A conflict is an earlier call of the same key that is not through yet.
            408 | 409 | 425 | 500.. => Error::Unavailable {
                what,
                reason,
                source: None,
            },
            _ => Error::Rejected { what, reason },
        }
    }
}

#[async_trait]
impl Mailer for Webhook {
    fn promise(&self) -> Promise {
        Promise::AtLeastOnce
    }

    async fn stage(&self, _: &Mail) -> Result<Option<DraftId>> {
        Ok(None)
    }

    async fn send(&self, mail: &Mail, _: Option<&DraftId>) -> Result<MailId> {
        let request = self.request(mail);
        let reply = tokio::time::timeout(LONGEST_CALL, self.client.send(&request, None)).await;
        let reply = reply.map_err(|_| Error::Unavailable {
            what: self.place.clone(),
            reason: "it took too long".to_owned(),
            source: None,
        })?;
        let reply = reply.map_err(|failure| failure.error)?;
        if reply.status().is_success() {
            return Ok(MailId::new(""));
        }
        Err(self.meaning(reply.status(), reply.headers()))
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("name", &self.name)
            .field("url", &origin(&self.url))
            .field("format", &self.format)
            .field("secret_file", &self.secret_file)
            .finish()
    }
}

/// Returns the part of an address that may be shown: scheme, host and port.
#[must_use]
pub fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// Returns whether an address is on this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn sign(key: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
