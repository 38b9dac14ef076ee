//! Mail through a mail server of one's own, for people without Gmail.

mod meaning;
mod session;
mod wire;

use std::{
    fmt,
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use rustls::ClientConfig;
use syft_state::Email;
use tokio::task::AbortHandle;

use self::{
    meaning::Affair,
    session::{Opening, Session},
};
use crate::{
    error::{Error, Result},
    mail::{DraftId, Mail, MailId, Mailer, Promise},
    mime::{header_text, to_mime_by},
    secret_file, tls,
};

/// A mail server and the way to it.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name, which its certificate must bear.
    pub host: String,
    /// Its port: 587 for [`Encryption::StartTls`] and 465 for [`Encryption::Tls`], as a rule.
    pub port: u16,
    /// How the connection is kept from others.
    pub encryption: Encryption,
    /// Who sends; without one the server must know us by our address.
    pub login: Option<Login>,
    /// Certificate authorities that are trusted besides the platform's, as PEM files.
    pub extra_roots: Vec<PathBuf>,
    /// How long it may take over what.
    pub patience: Patience,
}

/// How a connection is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// It begins in the clear, and nothing is sent before TLS is agreed on.
    StartTls,
    /// It is encrypted from the start.
    Tls,
    /// It is not, which is possible only within this machine, and only without a password.
    None,
}

/// A user of a mail server.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The file that holds the password, readable by its owner alone.
    pub password_file: PathBuf,
}

/// How long a mail server may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection to each of its addresses.
    pub connect: Duration,
    /// For each answer but the last.
    pub command: Duration,
    /// For taking a mail: an answer that is not waited for leaves everybody in doubt.
    pub acceptance: Duration,
    /// For an answer to our good-bye.
    pub farewell: Duration,
    /// How long we keep a connection that nobody uses.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            command: Duration::from_secs(60),
            acceptance: Duration::from_secs(300),
            farewell: Duration::from_secs(2),
            idle: Duration::from_secs(10),
        }
    }
}

/// Sends mail through a mail server (RFC 5321, RFC 6409).
///
/// It promises [`Promise::AtMostOnce`]: when the answer to a whole mail is lost, nobody knows
/// whether the server took it, and [`Mailer::send`] fails with [`Error::Ambiguous`]. Whatever
/// goes wrong before that has sent nothing. [`Mailer::stage`] connects and logs in, so that
/// most of what can go wrong does so before a mail is on its way. One connection is kept for
/// the next mail and closed when none follows.
#[derive(Clone)]
pub struct Smtp {
    server: Server,
    /// The server's name and port, for messages.
    place: String,
    from: Email,
    /// For encrypted connections.
    tls: Option<Arc<ClientConfig>>,
    idle: Arc<Mutex<Option<Idle>>>,
}

struct Idle {
    session: Session,
    closing: AbortHandle,
}

impl Smtp {
    /// Prepares to send as `from`; nothing is connected yet.
    ///
    /// # Errors
    /// [`Error::Rejected`] where an unencrypted connection would leave this machine or carry a
    /// password; [`Error::BadFile`] and [`Error::Local`] where the password file or a file of
    /// [`Server::extra_roots`] cannot be used.
    pub fn new(server: Server, from: Email) -> Result<Self> {
        let place = format!("{}:{}", server.host, server.port);
        if server.encryption == Encryption::None {
            check_plain(&server, &place)?;
        }
        if let Some(login) = &server.login {
            secret_file::read(&login.password_file)?;
        }
        let tls = match server.encryption {
            Encryption::None => None,
            Encryption::StartTls | Encryption::Tls => {
                Some(Arc::new(tls::config(&server.extra_roots)?))
            }
        };
        Ok(Self {
            server,
            tls,
            place,
            from,
            idle: Arc::default(),
        })
    }

    /// Connects and logs in, and sends nothing.
    ///
    /// # Errors
    /// Those of [`Mailer::send`] that are not a mail's own.
    pub async fn check(&self) -> Result<()> {
        let session = match self.take() {
            None => self.open().await?,
            Some(mut session) => match session.is_alive().await {
                true => session,
                false => self.open().await?,
            },
        };
        self.keep(session);
        Ok(())
    }

    /// Returns the server's name and port.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    async fn open(&self) -> Result<Session> {
        let opening = Opening {
            server: &self.server,
            tls: self.tls.as_ref(),
            affair: self.affair("nobody yet"),
            name: self.from.domain(),
        };
        opening.open().await
    }

    fn affair<'a>(&'a self, to: &'a str) -> Affair<'a> {
        Affair {
            server: &self.place,
            login: self.server.login.as_ref(),
            from: self.from.as_str(),
            to,
        }
    }

    fn take(&self) -> Option<Session> {
        let idle = take(&self.idle)?;
        idle.closing.abort();
        Some(idle.session)
    }

    /// Keeps a session for the next mail, and closes it when none comes.
    fn keep(&self, session: Session) {
        let slot = Arc::downgrade(&self.idle);
        let patience = self.server.patience.idle;
        let closing = tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            if let Some(idle) = slot.upgrade().and_then(|slot| take(&slot)) {
                idle.session.quit().await;
            }
        });
        let idle = Idle {
            session,
            closing: closing.abort_handle(),
        };
        let mut slot = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = slot.replace(idle) {
            other.closing.abort();
        }
    }
}

fn take(slot: &Mutex<Option<Idle>>) -> Option<Idle> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn check_plain(server: &Server, place: &str) -> Result<()> {
    let is_here = server.host.eq_ignore_ascii_case("localhost")
        || server.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let reason = match (is_here, &server.login) {
        (false, _) => "without encryption only a server on this machine may be used",
        (true, Some(_)) => "without encryption no password is sent",
        (true, None) => return Ok(()),
    };
    Err(Error::Rejected {
        what: format!("mail server {place}"),
        reason: reason.to_owned(),
    })
}

#[async_trait]
impl Mailer for Smtp {
    fn promise(&self) -> Promise {
        Promise::AtMostOnce
    }

    async fn stage(&self, _: &Mail) -> Result<Option<DraftId>> {
        self.check().await.map(|()| None)
    }

    async fn send(&self, mail: &Mail, _: Option<&DraftId>) -> Result<MailId> {
        let mut session = match self.take() {
            Some(session) => session,
            None => self.open().await?,
        };
        let bytes = to_mime_by(mail, &self.from);
        let outcome = session.deliver(&self.from, &mail.to, &bytes).await;
        if outcome.is_usable {
            self.keep(session);
        }
        match outcome.result {
            Ok(last_word) => Ok(MailId::new(header_text(&last_word))),
            Err((step, trouble)) => Err(self.affair(mail.to.as_str()).meaning(step, trouble)),
        }
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("server", &self.server)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
