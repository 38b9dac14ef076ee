//! A SyftBox with peers who write into it as the Go client does.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::LazyLock,
    time::{Duration, Instant, SystemTime},
};

use syft_rpc_events::{
    Headers, Method, Router, Server, ServerOptions,
    config::ClientConfig,
    layout::Workspace,
    message::{Request, Response},
};
use syft_state::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const SERVER: &str = "alice@example.com";
pub(crate) const HONEST: &str = "bob@example.com";

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests decides")]
pub(crate) static IS_FULL: LazyLock<bool> =
    LazyLock::new(|| std::env::var("SYFT_RPC").is_ok_and(|value| value == "full"));

/// Prints a line that the test harness does not swallow: figures are the point of these tests.
pub(crate) fn say(line: &str) {
    let mut stderr = io::stderr();
    stderr.write_all(format!("{line}\n").as_bytes()).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "messages carry real times")]
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

#[expect(clippy::disallowed_methods, reason = "peers write in place, too")]
pub(crate) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(path, bytes)
}

/// A SyftBox; its files are gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Desk {
    directory: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join(".syft-tmp")).unwrap();
        Self { directory }
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.directory.path()
    }

    /// Returns a path for files that nobody watches, on the same disk.
    pub(crate) fn staging(&self, name: &str) -> PathBuf {
        self.data_dir().join(".syft-tmp").join(name)
    }

    /// Returns a path below `rpc/` of the app.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        let rpc = format!("datasites/{SERVER}/app_data/app/rpc");
        self.data_dir().join(rpc).join(path)
    }

    /// Starts a server in this process that echoes at `/echo`.
    pub(crate) async fn start(&self, options: ServerOptions) -> Server {
        let workspace = Workspace::new(&ClientConfig {
            data_dir: self.data_dir().to_owned(),
            email: SERVER.parse().unwrap(),
        });
        let app = workspace.app("app", workspace.email()).unwrap();
        let routes = Router::new()
            .on_request("/echo", async |body: String| body)
            .build()
            .unwrap();
        Server::start(&workspace, &app, routes, options)
            .await
            .unwrap()
    }

    /// Puts a file into its place as the Go client does with what comes by websocket.
    pub(crate) fn deliver(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.staging(&Uuid::new_v4().to_string());
        put(&temporary, bytes)?;
        std::fs::rename(temporary, path)
    }
}

/// A request of somebody, with its place.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) id: Uuid,
    pub(crate) directory: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn new(sender: &str, body: &str) -> Self {
        let created = now();
        let request = Request {
            id: Uuid::new_v4(),
            sender: sender.to_owned(),
            url: format!("syft://{SERVER}/app_data/app/rpc/echo")
                .parse()
                .unwrap(),
            body: Some(body.as_bytes().to_vec()),
            headers: Headers::default(),
            created,
            expires: created.after(Duration::from_secs(900)),
            method: Method::Post,
        };
        Self {
            id: request.id,
            directory: format!("echo/{sender}"),
            bytes: request.encode(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn path(&self, desk: &Desk, extension: &str) -> PathBuf {
        desk.path(&self.directory)
            .join(format!("{}.{extension}", self.id))
    }

    /// Returns the status if there is a response; one that is torn or wrong is a panic.
    pub(crate) fn answer(&self, desk: &Desk) -> Option<u16> {
        let bytes = std::fs::read(self.path(desk, "response")).ok()?;
        let response = Response::parse(&bytes, Uuid::nil(), Timestamp::EPOCH).unwrap();
        assert_eq!(response.id, self.id);
        if response.status.code() == 200 {
            assert_eq!(response.body.as_deref(), Some(self.body.as_bytes()));
        }
        Some(response.status.code())
    }

    /// Waits for the answer, and returns its status and how long it took.
    pub(crate) async fn wait(&self, desk: &Desk, patience: Duration) -> Option<(u16, Duration)> {
        let began = Instant::now();
        while began.elapsed() < patience {
            if let Some(status) = self.answer(desk) {
                return Some((status, began.elapsed()));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        None
    }
}

/// Times, of which shares are asked.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the time within which so many of a thousand were.
    pub(crate) fn at(&mut self, thousandth: usize) -> Duration {
        self.0.sort_unstable();
        let last = self.0.len() - 1;
        self.0[last * thousandth / 1_000]
    }

    pub(crate) fn line(&mut self) -> String {
        let (half, most, all) = (self.at(500), self.at(990), self.at(1_000));
        format!(
            "{} answers, p50 {half:.1?}, p99 {most:.1?}, max {all:.1?}",
            self.len()
        )
    }
}
