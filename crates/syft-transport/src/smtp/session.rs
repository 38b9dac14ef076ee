//! One dialogue with a mail server, from the connection to the last dot.

use std::{future::Future, iter, net::SocketAddr, sync::Arc, time::Duration};

use lettre::{
    Address,
    transport::smtp::{
        self,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, AsyncTokioStream},
        commands::{Data, Mail, Noop, Rcpt, Rset, Starttls},
        extension::{ClientId, Extension},
        response::{Response, Severity},
    },
};
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret as _;
use syft_state::Email;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Encryption, Patience, Server,
    meaning::{Affair, Step, Trouble},
    wire::{Lent, Wire},
};
use crate::{
    error::{Error, Result},
    secret_file, tls,
};

/// The ways to log in that we know, in the order of preference; both need an encrypted stream.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A connection that is greeted, encrypted and logged in.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    patience: Patience,
}

/// What is needed to make one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'a> {
    pub(super) server: &'a Server,
    pub(super) tls: Option<&'a Arc<rustls::ClientConfig>>,
    pub(super) affair: Affair<'a>,
    /// How we introduce ourselves.
    pub(super) name: &'a str,
}

/// What became of a mail, and whether the session can take the next one.
pub(super) struct Outcome {
    pub(super) result: Result<String, (Step, Trouble)>,
    pub(super) is_usable: bool,
}

impl Opening<'_> {
    pub(super) async fn open(self) -> Result<Session> {
        let (stream, peer) = self.dial().await?;
        let connection = match self.server.encryption {
            Encryption::None => self.greet(Wire::new(stream, peer)).await?,
            Encryption::Tls => {
                let stream = self.encrypt(stream).await?;
                self.greet(Wire::new(stream, peer)).await?
            }
            Encryption::StartTls => {
                let stream = self.start_tls(stream, peer).await?;
                let stream = self.encrypt(stream).await?;
                self.greet(Wire::new(stream, peer).greeted()).await?
            }
        };
        let mut session = Session {
            connection,
            patience: self.server.patience,
        };
        self.log_in(&mut session).await?;
        Ok(session)
    }

    async fn dial(&self) -> Result<(TcpStream, SocketAddr)> {
        let patience = self.server.patience.connect;
        let target = (self.server.host.as_str(), self.server.port);
        let addresses = match timeout(patience, lookup_host(target)).await {
            Err(_) => {
                return Err(self
                    .affair
                    .unavailable("its name cannot be found".to_owned()));
            }
            Ok(addresses) => {
                addresses.map_err(|error| self.affair.unavailable(format!("{error}")))?
            }
        };
        let mut failure = "its name has no address that may be used".to_owned();
        for address in addresses {
            if self.server.encryption == Encryption::None && !address.ip().is_loopback() {
                continue;
            }
            match timeout(patience, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok((stream, address)),
                Ok(Err(error)) => failure = format!("the connection failed: {error}"),
                Err(_) => failure = "the connection failed: it took too long".to_owned(),
            }
        }
        Err(self.affair.unavailable(failure))
    }

    async fn greet<S: AsyncTokioStream + 'static>(&self, wire: S) -> Result<AsyncSmtpConnection> {
        let name = ClientId::Domain(self.name.to_owned());
        let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &name);
        let greeting = within(self.server.patience.command, greeting).await;
        greeting.map_err(|trouble| self.affair.meaning(Step::Greeting, trouble))
    }

    /// Asks for encryption in a dialogue of its own, so that nothing that was said in the clear
    /// is believed afterwards (RFC 3207 §4.2).
    async fn start_tls(&self, stream: TcpStream, peer: SocketAddr) -> Result<TcpStream> {
        let lent = Lent::new(stream);
        let mut connection = self.greet(Wire::new(lent.clone(), peer)).await?;
        if !connection
            .server_info()
            .supports_feature(Extension::StartTls)
        {
            return Err(Error::PermissionDenied {
                what: format!("the connection to mail server {}", self.affair.server),
                reason: "the server does not offer STARTTLS; set `encryption: tls` and the port \
                         for it, as 465, if it encrypts from the start"
                    .to_owned(),
            });
        }
        let answer = within(self.server.patience.command, connection.command(Starttls)).await;
        answer
            .and_then(completed)
            .map_err(|trouble| self.affair.meaning(Step::Encryption, trouble))?;
        drop(connection);
        Ok(lent.take_back())
    }

    async fn encrypt(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>> {
        let unavailable = |reason: String| self.affair.unavailable(reason);
        let name = ServerName::try_from(self.server.host.clone())
            .map_err(|_| unavailable("its name cannot be in a certificate".to_owned()))?;
        let tls = self.tls.expect("an encrypted connection has settings");
        let connector = TlsConnector::from(Arc::clone(tls));
        match timeout(
            self.server.patience.command,
            connector.connect(name, stream),
        )
        .await
        {
            Err(_) => Err(unavailable("TLS failed: it took too long".to_owned())),
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(unavailable(
                tls::cause::<rustls::Error>(&error)
                    .map_or_else(|| format!("TLS failed: {error}"), tls::reason),
            )),
        }
    }

    async fn log_in(&self, session: &mut Session) -> Result<()> {
        let Some(login) = &self.server.login else {
            return Ok(());
        };
        let password = secret_file::read(&login.password_file)?;
        let offered = session
            .connection
            .server_info()
            .get_auth_mechanism(&MECHANISMS);
        if offered.is_none() {
            let what = "the server offers neither AUTH PLAIN nor AUTH LOGIN";
            return Err(self.affair.unauthenticated(what.to_owned()));
        }
        let credentials =
            Credentials::new(login.username.clone(), password.expose_secret().to_owned());
        let answer = session.connection.auth(&MECHANISMS, &credentials);
        let answer = within(session.patience.command, answer).await;
        answer
            .and_then(completed)
            .map(drop)
            .map_err(|trouble| self.affair.meaning(Step::Login, trouble))
    }
}

impl Session {
    /// Makes sure that the server is still there.
    pub(super) async fn is_alive(&mut self) -> bool {
        let answer = within(self.patience.command, self.connection.command(Noop)).await;
        answer.and_then(completed).is_ok()
    }

    /// Hands a mail over; a result is the server's last word, which often names its own id.
    pub(super) async fn deliver(&mut self, from: &Email, to: &Email, mail: &[u8]) -> Outcome {
        let mut step = Step::Sender;
        let result = self.dialogue(from, to, mail, &mut step).await;
        let is_usable = match &result {
            Ok(_) => true,
            Err(Trouble::No(421, _) | Trouble::Nonsense(_) | Trouble::Silence(_)) => false,
            Err(Trouble::No(..)) => self.reset().await,
        };
        Outcome {
            result: result.map_err(|trouble| (step, trouble)),
            is_usable,
        }
    }

    async fn dialogue(
        &mut self,
        from: &Email,
        to: &Email,
        mail: &[u8],
        step: &mut Step,
    ) -> Result<String, Trouble> {
        let command = self.patience.command;
        let sender = Mail::new(Some(address(from)), Vec::new());
        completed(within(command, self.connection.command(sender)).await?)?;
        *step = Step::Recipient;
        let recipient = Rcpt::new(address(to), Vec::new());
        completed(within(command, self.connection.command(recipient)).await?)?;
        *step = Step::Data;
        let go_on = within(command, self.connection.command(Data)).await?;
        if go_on.code().severity != Severity::PositiveIntermediate {
            return Err(Trouble::Nonsense("the server does not wait for the mail"));
        }
        *step = Step::Content;
        // The second part is asked for when the first one is out, and before the dot.
        let end = iter::from_fn(|| {
            *step = Step::Dot;
            None
        });
        let parts = iter::once(mail).chain(end);
        let taken = within(
            self.patience.acceptance,
            self.connection.message_iter(parts),
        )
        .await?;
        let last_word = taken.first_line().unwrap_or_default().to_owned();
        completed(taken)?;
        Ok(last_word)
    }

    async fn reset(&mut self) -> bool {
        let answer = within(self.patience.command, self.connection.command(Rset)).await;
        answer.and_then(completed).is_ok()
    }

    /// Says good-bye, without waiting long for an answer.
    pub(super) async fn quit(mut self) {
        let _unimportant = timeout(self.patience.farewell, self.connection.quit()).await;
    }
}

async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, smtp::Error>>,
) -> Result<T, Trouble> {
    match timeout(limit, step).await {
        Ok(result) => result.map_err(Trouble::from),
        Err(_) => Err(Trouble::Silence("it took too long".to_owned())),
    }
}

fn completed(response: Response) -> Result<Response, Trouble> {
    match response.code().severity {
        Severity::PositiveCompletion => Ok(response),
        _ => Err(Trouble::Nonsense("the server wants more than there is")),
    }
}

/// Ours are a part of what SMTP allows.
fn address(email: &Email) -> Address {
    let (local, domain) = email.as_str().rsplit_once('@').unwrap_or_default();
    Address::new_dangerous(local, domain)
}
