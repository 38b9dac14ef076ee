//! A SyftBox with a server, and peers who write files into it.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use serde_json::json;
use syft_rpc_events::{
    Endpoint, Headers, Method, Router, Server, ServerOptions,
    config::ClientConfig,
    layout::{AppPaths, Workspace},
    message::{Request, Response},
    server::StartError,
};
use syft_state::{Email, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const ME: &str = "alice@example.com";
pub(crate) const BOB: &str = "bob@example.com";
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Desk {
    pub(crate) dir: TempDir,
    pub(crate) workspace: Workspace,
    pub(crate) app: AppPaths,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let email: Email = ME.parse().unwrap();
        let workspace = Workspace::new(&ClientConfig {
            data_dir: dir.path().join("SyftBox"),
            email: email.clone(),
        });
        let app = workspace.app("app", &email).unwrap();
        Self {
            dir,
            workspace,
            app,
        }
    }

    pub(crate) async fn start(&self, router: Router) -> Server {
        self.try_start(router, ServerOptions::default())
            .await
            .unwrap()
    }

    pub(crate) async fn try_start(
        &self,
        router: Router,
        options: ServerOptions,
    ) -> Result<Server, StartError> {
        let routes = router.build().unwrap();
        Server::start(&self.workspace, &self.app, routes, options).await
    }

    /// Returns a path below `rpc/`.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.app.rpc().join(path)
    }

    /// Writes a file as a Python caller does: in place, after making its directory.
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "Python writes in place, too")]
        std::fs::write(path, bytes).unwrap();
    }

    /// Puts a request of Bob's into its place.
    pub(crate) fn ask(&self, request: &Request) {
        self.write(&place(request), &request.encode());
    }

    /// Returns the response to a request as soon as it is there.
    pub(crate) async fn answer(&self, request: &Request) -> Response {
        self.response_at(&place(request).replace(".request", ".response"))
            .await
    }

    pub(crate) async fn response_at(&self, path: &str) -> Response {
        let file = self.path(path);
        let bytes = until(path, || std::fs::read(&file).ok()).await;
        Response::parse(&bytes, Uuid::nil(), Timestamp::EPOCH).unwrap()
    }

    /// Lets Bob ask, and returns the status and the text of the answer.
    pub(crate) async fn call(&self, endpoint: &str, body: &str) -> (u16, String) {
        let request = request(endpoint, body);
        self.ask(&request);
        seen(&self.answer(&request).await)
    }
}

/// Waits until there is what is waited for.
pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "no {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub(crate) fn seen(response: &Response) -> (u16, String) {
    let body = response.body.clone().unwrap_or_default();
    (response.status.code(), String::from_utf8(body).unwrap())
}

fn place(request: &Request) -> String {
    let (_, endpoint) = request.url.endpoint().unwrap();
    format!("{endpoint}/{}/{}.request", request.sender, request.id)
        .trim_start_matches('/')
        .to_owned()
}

pub(crate) fn request(endpoint: &str, body: &str) -> Request {
    let now = now();
    Request {
        id: Uuid::new_v4(),
        sender: BOB.to_owned(),
        url: format!("syft://{ME}/app_data/app/rpc/{endpoint}")
            .parse()
            .unwrap(),
        body: Some(body.as_bytes().to_vec()),
        headers: Headers::default(),
        created: now,
        expires: now.after(Duration::from_secs(900)),
        method: Method::Post,
    }
}

/// Returns a request as JSON, to be spoiled.
pub(crate) fn fields(request: &Request) -> serde_json::Value {
    serde_json::from_slice(&request.encode()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "messages carry real times")]
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

async fn shout(body: String) -> String {
    body.to_uppercase()
}

/// Answers at `/shout`, `/a` and `/a/b`, each with its own word.
pub(crate) fn router() -> Router {
    Router::new()
        .on_request("/shout", shout)
        .endpoint("/small", Endpoint::new(shout).max_body(8))
        .on_request("/a", || "a")
        .on_request("/a/b", || "a/b")
        .on_request("/fails", || -> Result<(), syft_rpc_events::Failure> {
            Err(json!({"secret": 1}).to_string().into())
        })
}

/// After whatever happened, an honest peer is served.
pub(crate) async fn still_serves(desk: &Desk) {
    assert_eq!(desk.call("shout", "still").await, (200, "STILL".to_owned()));
}
