use futures_util::StreamExt as _;
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap},
};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    sync::Mutex,
};

use super::GoogleDrive;
use crate::{
    drive::{Drive as _, FileId},
    error::{Error, Result},
    http::{Failure, Operation, Reply, Request},
};

const MEDIA: Operation = Operation::new("drive.files.get.media", 200);

impl GoogleDrive {
    /// Writes the bytes of a file from `start` up to before `end`, and returns their number.
    ///
    /// After a broken connection it goes on where it stopped.
    pub(super) async fn download(
        &self,
        id: &FileId,
        start: u64,
        end: Option<u64>,
        limit: u64,
        into: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<u64> {
        // Uncompressed, so that the length is known and nothing can grow on arrival (T6).
        let mut request = self.file(MEDIA, Method::GET, id).query(&[("alt", "media")]);
        request = request.header("accept-encoding", "identity");
        request.download = limit;
        let transfer = Mutex::new(Transfer {
            request: request.clone(),
            start,
            end,
            limit,
            written: 0,
            size: None,
            into,
        });
        let attempt = || async { transfer.lock().await.attempt(self).await };
        self.api.repeat(&request, attempt).await?;
        let transfer = transfer.into_inner();
        if transfer.size.is_none() {
            // The connection may have ended early without a sign.
            let size = self.get(id).await?.size;
            transfer
                .check_length(size)
                .map_err(|failure| failure.error)?;
        }
        Ok(transfer.written)
    }
}

/// A download under way.
struct Transfer<'a> {
    request: Request,
    start: u64,
    end: Option<u64>,
    limit: u64,
    written: u64,
    /// The length of the whole file, once the server has told it.
    size: Option<u64>,
    into: &'a mut (dyn AsyncWrite + Send + Unpin),
}

impl Transfer<'_> {
    async fn attempt(&mut self, drive: &GoogleDrive) -> Result<(), Failure> {
        let from = self.start + self.written;
        let mut request = self.request.clone();
        if let Some(end) = self.end {
            request = request.header("range", &format!("bytes={from}-{}", end - 1));
        } else if from > 0 {
            request = request.header("range", &format!("bytes={from}-"));
        }
        let reply = drive.api.reply(&request).await?;
        if reply.status() == StatusCode::RANGE_NOT_SATISFIABLE && self.end.is_some() {
            // The file ends before the wanted range.
            self.size = total(reply.headers()).or(Some(from));
            return self.check_length(self.size);
        }
        let reply = drive.api.accept(&request, reply).await?;
        let skip = self.head(&reply, from)?;
        self.body(reply, skip).await?;
        self.check_length(self.size)
    }

    /// Looks at the head of an answer; returns how many bytes of its body are not wanted.
    fn head(&mut self, reply: &Reply, from: u64) -> Result<u64, Failure> {
        let headers = reply.headers();
        let (begins, size) = match reply.status() {
            StatusCode::PARTIAL_CONTENT => {
                let begins = first(headers)
                    .ok_or_else(|| self.broken("it does not say which bytes it holds"))?;
                (begins, total(headers))
            }
            _ => (0, number(headers, CONTENT_LENGTH.as_str())),
        };
        if begins > from {
            return Err(self.broken("it holds other bytes than were asked for"));
        }
        if self.size.is_some() && size.is_some() && self.size != size {
            return Err(Failure::refused(Error::Unavailable {
                what: self.request.what.clone(),
                reason: "it changed while it was read".to_owned(),
                source: None,
            }));
        }
        self.size = self.size.or(size);
        if self
            .wanted(self.size)
            .is_some_and(|wanted| wanted > self.limit)
        {
            return Err(self.too_large());
        }
        Ok(from - begins)
    }

    async fn body(&mut self, reply: Reply, mut skip: u64) -> Result<(), Failure> {
        let mut pieces = reply.stream();
        while let Some(piece) = pieces.next().await {
            let mut piece = piece?;
            let unwanted = usize::try_from(skip).map_or(piece.len(), |skip| skip.min(piece.len()));
            skip -= unwanted as u64;
            let mut piece = piece.split_off(unwanted);
            if let Some(end) = self.end {
                let left = end - self.start - self.written;
                piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            }
            if self.written + piece.len() as u64 > self.limit {
                return Err(self.too_large());
            }
            let written = self.into.write_all(&piece).await;
            written.map_err(|error| Failure::refused(self.unwritten(error)))?;
            self.written += piece.len() as u64;
        }
        let flushed = self.into.flush().await;
        flushed.map_err(|error| Failure::refused(self.unwritten(error)))
    }

    /// Returns how many bytes a file of this size has within the wanted range.
    fn wanted(&self, size: Option<u64>) -> Option<u64> {
        let end = size?.min(self.end.unwrap_or(u64::MAX));
        Some(end.saturating_sub(self.start))
    }

    fn check_length(&self, size: Option<u64>) -> Result<(), Failure> {
        match self.wanted(size) {
            Some(wanted) if wanted != self.written => {
                Err(self.broken(&format!("{} of {wanted} bytes came", self.written)))
            }
            _ => Ok(()),
        }
    }

    fn broken(&self, reason: &str) -> Failure {
        Failure::unclear(Error::Unavailable {
            what: self.request.what.clone(),
            reason: reason.to_owned(),
            source: None,
        })
    }

    fn too_large(&self) -> Failure {
        Failure::refused(Error::TooLarge {
            what: self.request.what.clone(),
            limit: self.limit,
        })
    }

    /// The place that is written to belongs to the caller, who knows its path.
    fn unwritten(&self, source: std::io::Error) -> Error {
        Error::Local {
            path: format!("the place for {}", self.request.what).into(),
            source,
        }
    }
}

/// Returns the first byte's number of `bytes 0-99/1234`.
fn first(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    range
        .strip_prefix("bytes ")?
        .split('-')
        .next()?
        .parse()
        .ok()
}

/// Returns the length of the whole in `bytes 0-99/1234` or `bytes */1234`.
fn total(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    range.rsplit_once('/')?.1.parse().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}
