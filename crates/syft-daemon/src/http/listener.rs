//! Connections: few, short, and from this machine.

use std::{
    convert::Infallible, fs, future::Future, io, net::SocketAddr, sync::Arc, time::Duration,
    time::Instant,
};

use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Board, Error, answer::answer};

/// Connections at once; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 16;
/// Time for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for a connection, which is one request.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// A request has no body worth reading, and its head is small.
const BUFFER: usize = 16 * 1024;
/// Time that open connections get to finish at the end.
const GRACE: Duration = Duration::from_secs(1);
/// Pause after a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// So many processes are asked whether the port is theirs.
const MAX_PROCESSES: usize = 10_000;

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
        let mut connections = JoinSet::new();
        let accept = async {
            let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
            loop {
                let slot = Arc::clone(&slots).acquire_owned().await;
                let slot = slot.expect("it is never closed");
                while connections.try_join_next().is_some() {}
                match self.listener.accept().await {
                    Ok((stream, _)) => {
                        connections.spawn(converse(stream, board.clone(), slot));
                    }
                    Err(error) => {
                        tracing::debug!("cannot accept a connection: {error}");
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
async fn converse(stream: TcpStream, board: Board, _slot: OwnedSemaphorePermit) {
    let service = service_fn(|request: Request<Incoming>| {
        let (parts, _) = request.into_parts();
        let answer = answer(&parts, &board, Instant::now());
        async move { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .keep_alive(false)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    match timeout(CONNECTION_TIMEOUT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("a request for health or metrics: {error}"),
        Err(_) => tracing::debug!("a request for health or metrics took too long"),
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
