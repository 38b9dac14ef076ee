//! The streams below a dialogue.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A server that says more than this without being asked is none.
const MAX_UNASKED: usize = 64 << 10;

/// A stream to a mail server, with its answers made safe to read.
///
/// Its end is an error, because no dialogue ends by itself. Answers are ASCII, whatever
/// character set the server speaks, and have a limit even if their line never ends.
pub(super) struct Wire<S> {
    stream: S,
    peer: SocketAddr,
    /// What is read before anything comes over the stream.
    preface: &'static [u8],
    unasked: usize,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, peer: SocketAddr) -> Self {
        Self {
            stream,
            peer,
            preface: b"",
            unasked: 0,
        }
    }

    /// Takes up a dialogue that had its greeting before the stream was encrypted.
    pub(super) fn greeted(mut self) -> Self {
        self.preface = b"220 encrypted\r\n";
        self
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.preface.is_empty() {
            let length = self.preface.len().min(buffer.remaining());
            let (now, later) = self.preface.split_at(length);
            buffer.put_slice(now);
            self.preface = later;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let answer = &mut buffer.filled_mut()[before..];
        self.unasked += answer.len();
        if answer.is_empty() {
            let end = "the server ended the connection";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, end)));
        }
        if self.unasked > MAX_UNASKED {
            buffer.set_filled(before);
            let endless = "the server's answer does not end";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, endless)));
        }
        for byte in answer.iter_mut().filter(|byte| !byte.is_ascii()) {
            *byte = b'?';
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.unasked = 0;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S> AsyncTokioStream for Wire<S>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S> fmt::Debug for Wire<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// A stream that is lent to a dialogue and taken back when the dialogue is over.
#[derive(Clone, Debug)]
pub(super) struct Lent(Arc<Mutex<TcpStream>>);

impl Lent {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    /// Takes the stream back; everything else that has it must be gone.
    pub(super) fn take_back(self) -> TcpStream {
        let stream = Arc::into_inner(self.0).expect("the dialogue is over");
        stream.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, poll: impl FnOnce(Pin<&mut TcpStream>) -> T) -> T {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        poll(Pin::new(&mut stream))
    }
}

impl AsyncRead for Lent {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for Lent {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn wire(stream: tokio::io::DuplexStream) -> Wire<tokio::io::DuplexStream> {
        Wire::new(stream, "127.0.0.1:25".parse().unwrap())
    }

    #[tokio::test]
    async fn an_answer_is_ascii_and_its_end_is_an_error() {
        let (ours, mut theirs) = tokio::io::duplex(100);
        theirs.write_all(b"250 gr\xfc\xdfe\r\n").await.unwrap();
        drop(theirs);
        let mut answer = [0; 11];
        let mut wire = wire(ours).greeted();
        let mut greeting = [0; 15];
        wire.read_exact(&mut greeting).await.unwrap();
        assert_eq!(&greeting, b"220 encrypted\r\n");
        wire.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"250 gr??e\r\n");
        let end = wire.read(&mut answer).await.unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_cut_off() {
        let (ours, theirs) = tokio::io::duplex(1000);
        let talking = tokio::spawn(async move {
            let mut theirs = theirs;
            while theirs.write_all(&[b'x'; 1000]).await.is_ok() {}
        });
        let mut answer = Vec::new();
        let error = wire(ours).read_to_end(&mut answer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(answer.len() <= MAX_UNASKED);
        talking.await.unwrap();
    }
}
