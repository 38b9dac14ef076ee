//! Connections: accepting, serving, tunnelling, stopping.

use std::{fmt, future::Future, io, sync::Arc, time::Duration};

use axum::{Router, body::Body, response::IntoResponse};
use http::{Method, Request, Response, StatusCode};
use hyper::{
    body::Incoming,
    rt::{Read, Write},
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{host, observe::Dropped};
use crate::{
    error::ApiError,
    state::{self, App},
};

/// Connections at once; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 1024;
/// Time for a request's head, and for an idle connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(300);
/// Time for a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// Time that open requests get to finish on shutdown.
const GRACE: Duration = Duration::from_secs(2);
/// Pause after a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Ends a connection without an answer, because a fault wants it so.
#[derive(Debug)]
struct Hangup;

impl fmt::Display for Hangup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection dropped by a fault")
    }
}

impl std::error::Error for Hangup {}

/// Answers connections until `stop`, and lets open requests finish for two seconds.
pub(crate) async fn serve(
    listener: TcpListener,
    app: App,
    router: Router,
    stop: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let tunnels = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let tasks = TaskTracker::new();
    let server = Server {
        app,
        router,
        stop: stop.clone(),
        tunnels,
        tasks,
    };
    let accept = async {
        loop {
            let slot = Arc::clone(&slots)
                .acquire_owned()
                .await
                .expect("it is never closed");
            match listener.accept().await {
                Ok((stream, _)) => {
                    let connection = server.clone().plain(stream);
                    server.tasks.spawn(async move {
                        connection.await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accept).await;
    drop(listener);
    server.tasks.close();
    server.tasks.wait().await;
}

#[derive(Clone)]
struct Server {
    app: App,
    router: Router,
    stop: CancellationToken,
    tunnels: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Server {
    async fn plain(self, stream: tokio::net::TcpStream) {
        // Small answers must not wait for the client's delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let stop = self.stop.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let server = self.clone();
            async move {
                if request.method() == Method::CONNECT {
                    return Ok(server.connect(request));
                }
                answer(&server.router, request).await
            }
        });
        run(TokioIo::new(stream), service, stop).await;
    }

    /// Agrees to a tunnel, or explains why not.
    fn connect(self, request: Request<Incoming>) -> Response<Body> {
        let target = request
            .uri()
            .authority()
            .map(|target| target.as_str().to_owned());
        let target = target.unwrap_or_default();
        let host = host::without_port(&target).to_owned();
        if !host::is_google(&host) {
            tracing::warn!(host, "refused a tunnel: only Google's hosts are played");
            let message = format!(
                "This proxy only plays Google's hosts; add {host} to no_proxy to reach it directly"
            );
            return ApiError::forbidden("forbidden", message).into_response();
        }
        let Ok(slot) = Arc::clone(&self.tunnels).try_acquire_owned() else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let tasks = self.tasks.clone();
        tasks.spawn(async move {
            let _slot = slot;
            let stop = self.stop.clone();
            if let Some(Err(error)) = stop.run_until_cancelled(self.tunnel(request, &host)).await {
                tracing::debug!(host, %error, "tunnel ended");
            }
        });
        Response::new(Body::empty())
    }

    async fn tunnel(self, request: Request<Incoming>, host: &str) -> io::Result<()> {
        let raw = hyper::upgrade::on(request)
            .await
            .map_err(io::Error::other)?;
        let config = self.app.authority.server_config(host, state::today());
        let acceptor = TlsAcceptor::from(config.map_err(io::Error::other)?);
        let stream = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(TokioIo::new(raw))).await??;
        let service = service_fn(move |request: Request<Incoming>| {
            let router = self.router.clone();
            async move { answer(&router, request).await }
        });
        run(TokioIo::new(stream), service, self.stop.clone()).await;
        Ok(())
    }
}

async fn answer(router: &Router, request: Request<Incoming>) -> Result<Response<Body>, Hangup> {
    let request = request.map(Body::new);
    let Ok(response) = TowerToHyperService::new(router.clone()).call(request).await;
    if response.extensions().get::<Dropped>().is_some() {
        return Err(Hangup);
    }
    Ok(response)
}

async fn run<I, S, F>(io: I, service: S, stop: CancellationToken)
where
    I: Read + Write + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Hangup, Future = F>,
    F: Future<Output = Result<Response<Body>, Hangup>> + Send,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(io, service)
        .with_upgrades();
    tokio::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match timeout(GRACE, connection).await {
                Ok(result) => result,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "connection ended");
    }
}
