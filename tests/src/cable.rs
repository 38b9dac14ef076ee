//! A network cable between a program and a server of this machine, which can be cut.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Carries connections to a server until it is cut; then those that there are break, and new ones
/// are closed at once.
#[derive(Debug)]
pub struct Cable {
    url: String,
    whole: watch::Sender<bool>,
}

impl Cable {
    /// Lays a cable to the server at `url`, as `http://127.0.0.1:8377`.
    pub async fn to(url: &str) -> Self {
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let server: SocketAddr = address.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (whole, state) = watch::channel(true);
        tokio::spawn(carry(listener, server, state));
        Self { url, whole }
    }

    /// Returns the server's address at this end, as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Breaks all connections and lets no new one through.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn carry(listener: TcpListener, server: SocketAddr, state: watch::Receiver<bool>) {
    while let Ok((near, _)) = listener.accept().await {
        if *state.borrow() {
            tokio::spawn(connect(near, server, state.clone()));
        }
    }
}

async fn connect(mut near: TcpStream, server: SocketAddr, mut state: watch::Receiver<bool>) {
    let Ok(mut far) = TcpStream::connect(server).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = state.wait_for(|whole| !whole) => {}
    }
}
