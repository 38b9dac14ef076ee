//! A mail server on loopback that fails where a test tells it to.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// Where a dialogue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Greeting,
    Ehlo,
    StartTls,
    /// The TLS handshake.
    Handshake,
    /// `EHLO` within TLS.
    SecureEhlo,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// After the first line of the mail.
    Content,
    /// After the last dot.
    Dot,
    Noop,
}

/// What the server does there, instead of what it should.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Say(&'static str),
    /// Ends the connection.
    Drop,
    /// Never answers.
    Hang,
    /// Answers with a line that never ends.
    Endless,
    /// Answers a letter every now and then.
    Drip,
}

/// A running server; it ends with this value.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) directory: TempDir,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    /// What `EHLO` offers, in the clear and within TLS.
    offers: [Vec<&'static str>; 2],
    tls_first: bool,
    tls: TlsAcceptor,
    acts: Mutex<Vec<(At, Act)>>,
    /// Each line of each client, but those of mails.
    said: Mutex<Vec<String>>,
    taken: Mutex<Vec<Vec<u8>>>,
    connections: Mutex<usize>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    pub(super) async fn start(tls_first: bool, offers: [Vec<&'static str>; 2]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            offers,
            tls_first,
            tls: acceptor(&directory),
            acts: Mutex::default(),
            said: Mutex::default(),
            taken: Mutex::default(),
            connections: Mutex::default(),
        });
        let serving = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *serving.connections.lock().unwrap() += 1;
                let serving = serving.clone();
                // A client that is gone ends its dialogue.
                tokio::spawn(async move { drop(serving.serve(stream).await) });
            }
        });
        Self {
            address,
            directory,
            shared,
            task,
        }
    }

    /// Makes the server do something else the next time.
    pub(super) fn once(&self, at: At, act: Act) {
        self.shared.acts.lock().unwrap().push((at, act));
    }

    pub(super) fn ca(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    pub(super) fn taken(&self) -> Vec<Vec<u8>> {
        self.shared.taken.lock().unwrap().clone()
    }

    pub(super) fn said(&self) -> Vec<String> {
        self.shared.said.lock().unwrap().clone()
    }

    pub(super) fn connections(&self) -> usize {
        *self.shared.connections.lock().unwrap()
    }
}

/// Makes an authority, leaves it in `ca.pem`, and returns a server of the name `localhost`.
fn acceptor(directory: &TempDir) -> TlsAcceptor {
    let ca_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).unwrap();
    let path = directory.path().join("ca.pem");
    syft_state::fs::write_atomic(&path, ca.pem().as_bytes(), 0o600).unwrap();
    let issuer = Issuer::new(params, ca_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A dialogue goes on as long as there is something to say.
type Said = std::io::Result<()>;

impl Shared {
    async fn serve(&self, mut stream: TcpStream) -> Said {
        if self.tls_first {
            let mut stream = BufReader::new(self.encrypt(stream).await?);
            self.answer(&mut stream, At::Greeting, "220 peer").await?;
            return self.talk(&mut stream, true).await.map(drop);
        }
        let mut clear = BufReader::new(&mut stream);
        self.answer(&mut clear, At::Greeting, "220 peer").await?;
        if self.talk(&mut clear, false).await? {
            let mut stream = BufReader::new(self.encrypt(stream).await?);
            self.talk(&mut stream, true).await?;
        }
        Ok(())
    }

    async fn encrypt(
        &self,
        mut stream: TcpStream,
    ) -> std::io::Result<tokio_rustls::server::TlsStream<TcpStream>> {
        if let Some(act) = self.act(At::Handshake) {
            carry_out(&mut stream, act).await?;
        }
        self.tls.accept(stream).await
    }

    /// Returns whether the client wants encryption.
    async fn talk<S>(&self, stream: &mut BufReader<S>, is_secure: bool) -> std::io::Result<bool>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let line = read_line(stream).await?;
            self.said.lock().unwrap().push(line.clone());
            let verb = line.split(' ').next().unwrap_or_default();
            match verb {
                "EHLO" => {
                    let at = [At::Ehlo, At::SecureEhlo][usize::from(is_secure)];
                    let mut lines = vec!["peer"];
                    lines.extend(&self.offers[usize::from(is_secure)]);
                    let last = lines.pop().unwrap();
                    let mut answer: String =
                        lines.iter().map(|line| format!("250-{line}\r\n")).collect();
                    answer += &format!("250 {last}");
                    self.answer(stream, at, &answer).await?;
                }
                "STARTTLS" => {
                    self.answer(stream, At::StartTls, "220 go on").await?;
                    return Ok(true);
                }
                "AUTH" => self.log_in(stream, &line).await?,
                "MAIL" => self.answer(stream, At::Mail, "250 2.1.0 ok").await?,
                "RCPT" => self.answer(stream, At::Rcpt, "250 2.1.5 ok").await?,
                "DATA" => self.take(stream).await?,
                "RSET" => say(stream, "250 ok").await?,
                "NOOP" => self.answer(stream, At::Noop, "250 ok").await?,
                "QUIT" => {
                    say(stream, "221 bye").await?;
                    return Ok(false);
                }
                _ => say(stream, "500 what?").await?,
            }
        }
    }

    async fn log_in<S>(&self, stream: &mut BufReader<S>, line: &str) -> Said
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if line == "AUTH LOGIN" {
            for question in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                say(stream, question).await?;
                let line = read_line(stream).await?;
                self.said.lock().unwrap().push(line);
            }
        }
        self.answer(stream, At::Auth, "235 2.7.0 welcome").await
    }

    async fn take<S>(&self, stream: &mut BufReader<S>) -> Said
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let act = self.act(At::Data);
        if let Some(act) = act {
            return carry_out(stream, act).await;
        }
        say(stream, "354 go on").await?;
        let mut mail = Vec::new();
        loop {
            let line = read_line(stream).await?;
            if line == "." {
                break;
            }
            // RFC 5321 §4.5.2.
            let line = line.strip_prefix('.').unwrap_or(&line);
            mail.extend_from_slice(format!("{line}\r\n").as_bytes());
            if let Some(act) = self.act(At::Content) {
                return carry_out(stream, act).await;
            }
        }
        let act = self.act(At::Dot);
        let is_refused = matches!(act, Some(Act::Say(text)) if text.starts_with(['4', '5']));
        if !is_refused {
            self.taken.lock().unwrap().push(mail);
        }
        match act {
            Some(act) => carry_out(stream, act).await,
            None => say(stream, "250 2.0.0 Ok: queued as 4ABC").await,
        }
    }

    async fn answer<S: AsyncWrite + Unpin>(&self, stream: &mut S, at: At, text: &str) -> Said {
        match self.act(at) {
            Some(act) => carry_out(stream, act).await,
            None => say(stream, text).await,
        }
    }

    fn act(&self, at: At) -> Option<Act> {
        let mut acts = self.acts.lock().unwrap();
        let index = acts.iter().position(|(other, _)| *other == at)?;
        Some(acts.remove(index).1)
    }
}

async fn carry_out<S: AsyncWrite + Unpin>(stream: &mut S, act: Act) -> Said {
    match act {
        Act::Say(text) => say(stream, text).await,
        Act::Drop => Err(std::io::ErrorKind::ConnectionAborted.into()),
        Act::Hang => std::future::pending().await,
        Act::Endless => loop {
            stream.write_all(&[b'2'; 4096]).await?;
        },
        Act::Drip => loop {
            stream.write_all(b"2").await?;
            stream.flush().await?;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        },
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, text: &str) -> Said {
    stream.write_all(format!("{text}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn read_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let end = line.strip_suffix("\r\n").expect("lines end with CRLF");
    Ok(end.to_owned())
}
