//! Calls endpoints of other people's apps, and of one's own.

mod error;
mod outgoing;
mod reply;
mod waiters;

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::join_all;
use serde::{Serialize, de::DeserializeOwned};
use syft_state::{Email, Timestamp};
use tokio::time::Instant;
use uuid::Uuid;

pub use error::CallError;
pub use outgoing::{Outgoing, Pending};
pub use reply::Reply;

use self::{reply::State, waiters::Waiters};
use crate::{
    layout::{AppPaths, REQUEST, Workspace},
    message,
    router::EndpointPath,
    tree::{Replace, Tree, join, touch},
    url::SyftUrl,
};

/// The waits between two looks for an answer; the last one repeats. Events come before them.
const WAITS: [u64; 7] = [2, 5, 10, 20, 50, 100, 100];
/// An answer that cannot be read is waited for this long: somebody may be writing it.
const PATIENCE: Duration = Duration::from_secs(1);
/// The Go client sees a new directory this much later (rpc.md §3.7).
const SECOND_TOUCH: Duration = Duration::from_millis(200);
/// The longest request file that is written, in bytes.
const MAX_FILE: usize = 8 * 1024 * 1024;

/// Whoever calls endpoints in the name of this SyftBox's owner.
#[derive(Clone, Debug)]
pub struct Client {
    workspace: Workspace,
    waiters: Arc<Waiters>,
}

/// Where the files of a call are.
#[derive(Clone, Debug)]
struct Desk {
    tree: Tree,
    /// The directory of the sender below `rpc/`.
    directory: String,
}

impl Client {
    /// Calls from this SyftBox.
    #[must_use]
    pub fn new(workspace: Workspace) -> Self {
        Self {
            workspace,
            waiters: Arc::default(),
        }
    }

    /// Returns the address of an endpoint.
    ///
    /// # Errors
    /// [`CallError::BadAddress`].
    pub fn url(&self, datasite: &Email, app: &str, endpoint: &str) -> Result<SyftUrl, CallError> {
        let url = SyftUrl::of_endpoint(datasite.as_str(), app, endpoint);
        url.map_err(|_| CallError::BadAddress(format!("{datasite}/{app}/{endpoint}")))
    }

    /// Calls an endpoint with a JSON body, waits for the answer, and reads it as JSON.
    ///
    /// # Errors
    /// [`CallError`]; an answer that is no success is [`CallError::Refused`].
    pub async fn call<Req, Resp>(&self, url: &SyftUrl, body: &Req) -> Result<Resp, CallError>
    where
        Req: Serialize + ?Sized,
        Resp: DeserializeOwned,
    {
        let outgoing = Outgoing::post(url.clone()).json(body)?;
        let patience = outgoing.expires_in;
        let pending = self.send(outgoing).await?;
        let reply = self.wait(&pending, Some(patience)).await?;
        reply.success()?.json()
    }

    /// Puts a request on its way; [`Self::wait`] brings the answer.
    ///
    /// # Errors
    /// [`CallError::BadAddress`], [`CallError::TooLarge`] and [`CallError::Files`].
    #[expect(clippy::unused_async, reason = "callers must not depend on that")]
    pub async fn send(&self, outgoing: Outgoing) -> Result<Pending, CallError> {
        let (app, endpoint) = self.place(&outgoing.url)?;
        let desk = self.desk(&app, &endpoint);
        let now = now();
        let expires = now.after(outgoing.expires_in);
        let coalesces = outgoing.coalesces;
        let mut request = message::Request {
            id: Uuid::new_v4(),
            sender: self.workspace.email().to_string(),
            url: outgoing.url,
            body: outgoing.body,
            headers: outgoing.headers,
            created: now,
            expires,
            method: outgoing.method,
        };
        if coalesces {
            request.id = request.coalesced_id();
            if let Some(earlier) = desk.unexpired(request.id, now) {
                return Ok(desk.pending(request.id, earlier));
            }
        }
        let bytes = request.encode();
        if bytes.len() > MAX_FILE {
            return Err(CallError::TooLarge { limit: MAX_FILE });
        }
        self.waiters.watch(desk.tree.root());
        let replace = if coalesces { Replace::Yes } else { Replace::No };
        desk.write(request.id, bytes, replace)?;
        Ok(desk.pending(request.id, expires))
    }

    /// Waits for the answer to a request, and takes it: both files are removed.
    ///
    /// Without a patience it waits until the request expires. A request that is given up stays
    /// where it is, and waiting can be resumed.
    ///
    /// # Errors
    /// [`CallError`], by what became of the request.
    pub async fn wait(
        &self,
        pending: &Pending,
        patience: Option<Duration>,
    ) -> Result<Reply, CallError> {
        let desk = self.desk_of(pending)?;
        let deadline = patience.map(|patience| Instant::now() + patience);
        let ticket = self.waiters.enter(&desk.path(pending.id));
        self.waiters.watch(desk.tree.root());
        let mut unreadable_since = None;
        for look in 0_usize.. {
            match desk.look(pending, now())? {
                State::Answered(reply) => return Ok(reply),
                State::Pending => unreadable_since = None,
                State::Unreadable(error) => {
                    let since = *unreadable_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= PATIENCE {
                        return Err(CallError::Malformed(error));
                    }
                }
            }
            let wait = Duration::from_millis(WAITS[look.min(WAITS.len() - 1)]);
            let until = Instant::now() + wait;
            let until = deadline.map_or(until, |deadline| deadline.min(until));
            // An event or the next look, whichever is first.
            tokio::time::timeout_at(until, ticket.news()).await.ok();
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return match desk.look(pending, now())? {
                    State::Answered(reply) => Ok(reply),
                    _ => Err(CallError::Timeout),
                };
            }
        }
        Err(CallError::Timeout)
    }

    /// Sends the same call to many addresses and waits for all, each in its own time.
    pub async fn broadcast(
        &self,
        urls: impl IntoIterator<Item = SyftUrl>,
        outgoing: &Outgoing,
        patience: Option<Duration>,
    ) -> Vec<(SyftUrl, Result<Reply, CallError>)> {
        let calls = urls.into_iter().map(|url| async {
            let copy = Outgoing {
                url: url.clone(),
                ..outgoing.clone()
            };
            let reply = match self.send(copy).await {
                Ok(pending) => self.wait(&pending, patience).await,
                Err(error) => Err(error),
            };
            (url, reply)
        });
        join_all(calls).await
    }

    fn place(&self, url: &SyftUrl) -> Result<(AppPaths, EndpointPath), CallError> {
        let bad = || CallError::BadAddress(url.to_string());
        let (app, endpoint) = url.endpoint().ok_or_else(bad)?;
        let datasite: Email = url.host().parse().map_err(|_| bad())?;
        let app = self.workspace.app(app, &datasite).map_err(|_| bad())?;
        let endpoint = EndpointPath::new(endpoint).map_err(|_| bad())?;
        Ok((app, endpoint))
    }

    fn desk(&self, app: &AppPaths, endpoint: &EndpointPath) -> Desk {
        let me = self.workspace.email().as_str();
        Desk {
            tree: Tree::new(app.rpc(), self.workspace.staging()),
            directory: join(endpoint.as_str(), me),
        }
    }

    /// Finds the files of a call again, also after a restart.
    fn desk_of(&self, pending: &Pending) -> Result<Desk, CallError> {
        let bad = || CallError::BadAddress(pending.path.display().to_string());
        let below = pending.path.strip_prefix(self.workspace.datasites());
        let below = below.ok().and_then(|path| path.to_str()).ok_or_else(bad)?;
        let url: SyftUrl = format!("syft://{below}").parse().map_err(|_| bad())?;
        let (app, endpoint) = url.endpoint().ok_or_else(bad)?;
        let (endpoint, sender) = endpoint.rsplit_once('/').unwrap_or(("", endpoint));
        if sender != self.workspace.email().as_str() {
            return Err(bad());
        }
        let datasite: Email = url.host().parse().map_err(|_| bad())?;
        let app = self.workspace.app(app, &datasite).map_err(|_| bad())?;
        let endpoint = EndpointPath::new(endpoint).map_err(|_| bad())?;
        Ok(self.desk(&app, &endpoint))
    }
}

impl Desk {
    fn name(&self, id: Uuid, extension: &str) -> String {
        join(&self.directory, &format!("{id}{extension}"))
    }

    /// Returns the absolute path of a call's files, without their extension.
    fn path(&self, id: Uuid) -> PathBuf {
        self.tree.root().join(self.name(id, ""))
    }

    fn pending(&self, id: Uuid, expires: Timestamp) -> Pending {
        Pending {
            id,
            path: self.tree.root().join(&self.directory),
            expires,
        }
    }

    /// Returns when the same call that is under way already expires.
    fn unexpired(&self, id: Uuid, now: Timestamp) -> Option<Timestamp> {
        let content = self
            .tree
            .read(&self.name(id, REQUEST), MAX_FILE as u64)
            .ok()?;
        let request = message::Request::parse(&content.bytes?, id, now).ok()?;
        (!request.is_expired(now, Duration::ZERO)).then_some(request.expires)
    }

    fn write(&self, id: Uuid, bytes: Vec<u8>, replace: Replace) -> Result<(), CallError> {
        let name = self.name(id, REQUEST);
        let failed = |source| CallError::Files {
            path: self.tree.root().join(&name),
            source,
        };
        let is_new = match self.tree.list(&self.directory) {
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(failed(error)),
        };
        if is_new {
            self.tree.make_directory(&self.directory).map_err(failed)?;
        }
        let file = self.tree.write(&name, &bytes, replace).map_err(failed)?;
        if is_new {
            tokio::spawn(async move {
                tokio::time::sleep(SECOND_TOUCH).await;
                // Nobody depends on it: the full sync finds the file, too.
                touch(&file, &bytes).ok();
            });
        }
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the client is the shell that reads the clock"
)]
fn now() -> Timestamp {
    SystemTime::now().into()
}
