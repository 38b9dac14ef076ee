//! Connections: few, short, and from this machine.

use std::{
    convert::Infallible, fs, future::Future, io, net::SocketAddr, sync::Arc, time::Duration,
    time::Instant,
};

use bytes::Bytes;
use http::Request;
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::{HttpService, service_fn},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Board, Error, answer::answer, impatient::Impatient};

/// Time for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// A request has no body worth reading, and its head is small.
const BUFFER: usize = 16 * 1024;
/// Time that open connections get to finish at the end.
const GRACE: Duration = Duration::from_secs(1);
/// Pause after a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// So many processes are asked whether the port is theirs.
const MAX_PROCESSES: usize = 10_000;

/// What connections may take of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// Time for a connection, which is one request.
    pub lifetime: Duration,
    /// Time for which a client may take nothing of what is written to it.
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16,
            lifetime: Duration::from_secs(10),
            stall: Duration::from_secs(10),
        }
    }
}

/// An address that is listened at.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

/// Listens at an address of this machine alone; port 0 is any that is free.
///
/// # Errors
///
/// [`Error`] says what is wrong with the address.
pub async fn bind(address: SocketAddr) -> Result<Listener, Error> {
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback { address });
    }
    bind_anywhere(address).await
}

/// Listens at an address that others may reach, too: whoever answers there must ask who they are.
///
/// # Errors
///
/// [`Error`] says what is wrong with the address.
pub async fn bind_anywhere(address: SocketAddr) -> Result<Listener, Error> {
    let listener = TcpListener::bind(address).await;
    let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
    match bound {
        Ok((address, listener)) => Ok(Listener { listener, address }),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(Error::InUse {
            address,
            holder: holder(address),
        }),
        Err(source) => Err(Error::Listen { address, source }),
    }
}

impl Listener {
    /// Returns where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers with what is on the board, until `shutdown` is over; then within a second.
    pub async fn serve(self, board: Board, shutdown: impl Future<Output = ()> + Send) {
        let service = service_fn(move |request: Request<Incoming>| {
            let (parts, _) = request.into_parts();
            let answer = answer(&parts, &board, Instant::now());
            async move { Ok::<_, Infallible>(answer) }
        });
        self.serve_with(service, Limits::default(), shutdown).await;
    }

    /// Answers with a service, such as a router, until `shutdown` is over; then within a second.
    ///
    /// A connection is one request, whose head has 16 KiB and five seconds.
    pub async fn serve_with<S, B>(
        self,
        service: S,
        limits: Limits,
        shutdown: impl Future<Output = ()> + Send,
    ) where
        S: HttpService<Incoming, ResBody = B, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut connections = JoinSet::new();
        let accept = async {
            let slots = Arc::new(Semaphore::new(limits.connections));
            loop {
                let slot = Arc::clone(&slots).acquire_owned().await;
                let slot = slot.expect("it is never closed");
                while connections.try_join_next().is_some() {}
                match self.listener.accept().await {
                    Ok((stream, _)) => {
                        connections.spawn(converse(stream, service.clone(), limits, slot));
                    }
                    Err(error) => {
                        tracing::debug!("a connection was not accepted: {error}");
                        sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        tokio::select! {
            () = accept => {}
            () = shutdown => {}
        }
        drop(self.listener);
        drop(
            timeout(GRACE, async {
                while connections.join_next().await.is_some() {}
            })
            .await,
        );
    }
}

/// Answers one request; what goes wrong with it is the asker's business.
async fn converse<S, B>(stream: TcpStream, service: S, limits: Limits, _slot: OwnedSemaphorePermit)
where
    S: HttpService<Incoming, ResBody = B, Error = Infallible>,
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .keep_alive(false)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Impatient::new(stream, limits.stall)), service);
    match timeout(limits.lifetime, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("a request at a page of this program: {error}"),
        Err(_) => tracing::debug!("a request at a page of this program took too long"),
    }
}

/// Returns which program listens at a port, if the system tells (proc(5)).
fn holder(address: SocketAddr) -> Option<String> {
    let table = if address.is_ipv4() { "tcp" } else { "tcp6" };
    let sockets = fs::read_to_string(format!("/proc/self/net/{table}")).ok()?;
    let socket = format!("socket:[{}]", listening_inode(&sockets, address.port())?);
    let processes = fs::read_dir("/proc").ok()?;
    processes.take(MAX_PROCESSES).flatten().find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let mut descriptors = fs::read_dir(process.path().join("fd")).ok()?.flatten();
        descriptors.find(|descriptor| {
            fs::read_link(descriptor.path()).is_ok_and(|target| target.as_os_str() == &*socket)
        })?;
        let name = fs::read_to_string(process.path().join("comm")).ok()?;
        Some(format!("{} (PID {pid})", name.trim_end().escape_debug()))
    })
}

/// Finds a listening socket (state 0A) by the hexadecimal port of its local address.
fn listening_inode(sockets: &str, port: u16) -> Option<&str> {
    sockets.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(local_port, 16) == Ok(port) && *fields.get(3)? == "0A";
        is_it.then(|| fields.get(9).copied())?
    })
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::oneshot,
        task::JoinHandle,
    };

    use super::*;

    const ANY_PORT: &str = "127.0.0.1:0";

    async fn start() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
        let listener = bind(ANY_PORT.parse().unwrap()).await.unwrap();
        let address = listener.address();
        let board = Board::new("syft_test", "1", Duration::from_secs(60));
        let (stop, stopped) = oneshot::channel();
        let serving = listener.serve(board, async { drop(stopped.await) });
        (address, stop, tokio::spawn(serving))
    }

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // What was sent and never read resets the connection, after the answer.
        drop(stream.read_to_string(&mut answer).await);
        answer
    }

    #[tokio::test]
    async fn addresses_that_others_can_reach_are_refused() {
        for address in [
            "0.0.0.0:0",
            "[::]:0",
            "10.0.0.1:0",
            "8.8.8.8:0",
            "[2001:db8::1]:0",
        ] {
            let outcome = bind(address.parse().unwrap()).await;
            assert!(
                matches!(outcome, Err(Error::NotLoopback { .. })),
                "{address}"
            );
        }
    }

    #[tokio::test]
    async fn a_port_in_use_names_who_uses_it() {
        let first = bind(ANY_PORT.parse().unwrap()).await.unwrap();
        let error = bind(first.address()).await.unwrap_err().to_string();
        let expected = format!("{} is in use by ", first.address());
        let holder = format!("(PID {})", std::process::id());
        assert!(
            error.starts_with(&expected) && error.ends_with(&holder),
            "{error}"
        );
    }

    #[test]
    fn a_listening_socket_is_found_by_its_port() {
        let sockets = "  sl  local_address rem_address st\n   \
            0: 0100007F:24F5 0100007F:1000 01 0:0 00:0 0 0 0 111 1\n   \
            1: 0100007F:24F5 00000000:0000 0A 0:0 00:0 0 0 0 222 1\n";
        assert_eq!(listening_inode(sockets, 9461), Some("222"));
        assert_eq!(listening_inode(sockets, 9462), None);
        assert_eq!(listening_inode("", 1), None);
    }

    #[tokio::test]
    async fn one_connection_is_one_request() {
        let (address, _stop, _server) = start().await;
        let request = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let answer = ask(address, &request.repeat(2)).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        assert!(answer.contains("\"alive\":true"), "{answer}");
        let without_host = ask(address, "GET /ready HTTP/1.0\r\n\r\n").await;
        assert!(without_host.starts_with("HTTP/1.0 503"), "{without_host}");
    }

    #[tokio::test]
    async fn nonsense_and_endless_heads_are_cut_off() {
        let (address, _stop, _server) = start().await;
        let endless = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(4 * BUFFER));
        for request in ["\0\r\n\r\n", endless.as_str()] {
            let answer = ask(address, request).await;
            assert!(!answer.contains(" 200 "), "{answer}");
        }
        let answer = ask(address, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert!(answer.contains("process_resident_memory_bytes"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_say_nothing_keep_nobody_out_for_long() {
        let (address, _stop, _server) = start().await;
        let mut silent = Vec::new();
        for _ in 0..2 * Limits::default().connections {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let answer = ask(address, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test]
    async fn the_end_frees_the_port() {
        let (address, stop, server) = start().await;
        drop(stop);
        server.await.unwrap();
        bind(address).await.unwrap();
    }
}
