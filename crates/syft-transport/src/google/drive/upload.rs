//! Resumable uploads: a session, chunks, and going on after a broken connection.

use reqwest::{
    Method, StatusCode, Url,
    header::{LOCATION, RANGE},
};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    super::{
        endpoints::below,
        entry::{FIELDS, File},
    },
    GoogleDrive,
    create::{CREATE, OCTETS, Source},
};
use crate::{
    error::{Error, Result},
    http::{Answer, Failure, Operation, Request, check},
};

/// A chunk; all but the last must be multiples of 256 KiB. One is held in memory at a time.
const CHUNK: u64 = 4 << 20;
/// How often an upload begins anew because the server has forgotten it.
const MAX_SESSIONS: u32 = 4;
const SEND: Operation = Operation::new("drive.files.create.chunk", 0);

/// An upload in several requests.
#[derive(Debug)]
pub(super) struct Upload<'a> {
    drive: &'a GoogleDrive,
    metadata: &'a Value,
    source: &'a Source,
}

#[derive(Debug, Default)]
struct Progress {
    session: Option<Url>,
    sessions: u32,
    /// How many bytes the server has.
    offset: u64,
    /// Whether the server must be asked first how many bytes it has.
    unsure: bool,
}

enum Step {
    /// The server has so many bytes.
    At(u64),
    Done(File),
    /// The server no longer knows the session.
    Lost,
}

impl<'a> Upload<'a> {
    pub(super) fn new(drive: &'a GoogleDrive, metadata: &'a Value, source: &'a Source) -> Self {
        Self {
            drive,
            metadata,
            source,
        }
    }

    /// Uploads everything; every step must bring the upload forward, or be repeated and then fail.
    pub(super) async fn run(&self) -> Result<File> {
        let progress = Mutex::new(Progress::default());
        let attempt = || async { self.advance(&mut *progress.lock().await).await };
        let begin = self.begin_request();
        loop {
            if let Some(file) = self.drive.api.repeat(&begin, attempt).await? {
                return Ok(file);
            }
        }
    }

    async fn advance(&self, progress: &mut Progress) -> Result<Option<File>, Failure> {
        let session = match &progress.session {
            Some(session) => session.clone(),
            None => self.begin(progress).await?,
        };
        let step = if std::mem::replace(&mut progress.unsure, true) {
            self.ask(&session).await?
        } else {
            self.send_chunk(&session, progress.offset).await?
        };
        match step {
            Step::Done(file) => Ok(Some(file)),
            Step::At(offset) => {
                let moved = offset > progress.offset;
                // The answer tells for sure, even if it tells that nothing arrived.
                (progress.offset, progress.unsure) = (offset, false);
                if moved {
                    Ok(None)
                } else {
                    Err(trouble("the server took no bytes"))
                }
            }
            Step::Lost => {
                progress.session = None;
                Err(trouble("the server has forgotten the upload"))
            }
        }
    }

    fn begin_request(&self) -> Request {
        let url = below(&self.drive.upload, &["files"]);
        Request::new(CREATE, Method::POST, url)
            .query(&[("uploadType", "resumable"), ("fields", FIELDS)])
            .header("x-upload-content-type", OCTETS)
            .header("x-upload-content-length", &self.source.length().to_string())
            .json(self.metadata)
    }

    async fn begin(&self, progress: &mut Progress) -> Result<Url, Failure> {
        progress.sessions += 1;
        if progress.sessions > MAX_SESSIONS {
            return Err(Failure::refused(Error::Rejected {
                what: CREATE.name.to_owned(),
                reason: "the server forgets every upload".to_owned(),
            }));
        }
        let answer = self.drive.api.answer(&self.begin_request()).await?;
        let location = answer
            .headers
            .get(LOCATION)
            .and_then(|value| value.to_str().ok());
        let session = location.and_then(|text| self.drive.upload.join(text).ok());
        let session = session.filter(|session| self.is_trusted(session));
        let session = session.ok_or_else(|| {
            Failure::refused(Error::Rejected {
                what: CREATE.name.to_owned(),
                reason: "the answer does not say where to upload to".to_owned(),
            })
        })?;
        *progress = Progress {
            session: Some(session.clone()),
            sessions: progress.sessions,
            ..Progress::default()
        };
        Ok(session)
    }

    /// Content goes nowhere but to the service that was asked.
    fn is_trusted(&self, session: &Url) -> bool {
        let google = |host: &str| host.ends_with(".googleapis.com");
        session.origin() == self.drive.upload.origin()
            || self.drive.upload.host_str().is_some_and(google)
                && session.scheme() == "https"
                && session.host_str().is_some_and(google)
    }

    async fn send_chunk(&self, session: &Url, offset: u64) -> Result<Step, Failure> {
        let total = self.source.length();
        let length = CHUNK.min(total - offset);
        let chunk = self
            .source
            .slice(offset, length)
            .await
            .map_err(Failure::refused)?;
        let range = format!("bytes {offset}-{}/{total}", offset + length - 1);
        let request = Request::new(SEND, Method::PUT, session.clone()).about(CREATE.name);
        let request = request.body(OCTETS, chunk).header("content-range", &range);
        self.put(&request, Some(offset)).await
    }

    async fn ask(&self, session: &Url) -> Result<Step, Failure> {
        let request = Request::new(SEND, Method::PUT, session.clone()).about(CREATE.name);
        let range = format!("bytes */{}", self.source.length());
        let request = request.body(OCTETS, "").header("content-range", &range);
        self.put(&request, None).await
    }

    /// The session's address is its own authorisation.
    async fn put(&self, request: &Request, sent_from: Option<u64>) -> Result<Step, Failure> {
        let answer = self
            .drive
            .api
            .client
            .send(request, None)
            .await?
            .collect()
            .await?;
        match answer.status {
            StatusCode::OK | StatusCode::CREATED => answer.json(&request.what).map(Step::Done),
            StatusCode::PERMANENT_REDIRECT if received(&answer) >= self.source.length() => {
                Err(trouble("the server has everything and does not say so"))
            }
            StatusCode::PERMANENT_REDIRECT => Ok(Step::At(received(&answer))),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Step::Lost),
            // Google answers so now and then for no reason (notify.md §1.5).
            StatusCode::BAD_REQUEST if sent_from.is_some() => Err(trouble(
                "the server did not understand a part of the upload",
            )),
            _ => {
                check(&request.what, answer)?;
                Err(trouble("the server's answer belongs to no upload"))
            }
        }
    }
}

/// Returns how many bytes the server has, as in `Range: bytes=0-1048575`; none without it.
fn received(answer: &Answer) -> u64 {
    let range = answer
        .headers
        .get(RANGE)
        .and_then(|value| value.to_str().ok());
    let last = range.and_then(|range| range.rsplit_once('-')?.1.parse::<u64>().ok());
    last.map_or(0, |last| last + 1)
}

fn trouble(reason: &str) -> Failure {
    Failure::unclear(Error::Unavailable {
        what: CREATE.name.to_owned(),
        reason: reason.to_owned(),
        source: None,
    })
}
