mod guard;
mod listeners;
mod monitors;

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};
use syft_jobs::JobId;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    backend::{Command, Refusal},
    client::{Access, Control},
    *,
};
use crate::telemetry::{Metrics, Options};

/// A daemon that does nothing but write down what was wanted of it.
#[derive(Debug, Default)]
struct Desk {
    wanted: Mutex<Vec<Command>>,
    ills: Mutex<Vec<String>>,
}

#[async_trait]
impl Backend for Desk {
    fn ills(&self) -> Vec<String> {
        self.ills.lock().unwrap().clone()
    }

    fn lacks(&self) -> Vec<String> {
        vec!["it is starting".to_owned()]
    }

    fn status(&self) -> Value {
        json!({ "jobs": [] })
    }

    fn jobs(&self) -> Value {
        json!([{ "id": "documents" }])
    }

    fn queue(&self) -> Value {
        json!([])
    }

    fn config(&self) -> Value {
        json!({ "pocketbase": { "admin_password": "…" } })
    }

    async fn runs(&self, job: Option<&JobId>, limit: usize) -> Result<Value, Refusal> {
        Ok(json!({ "job": job.map(JobId::as_str), "limit": limit }))
    }

    async fn run(&self, id: &str) -> Result<Option<Value>, Refusal> {
        Ok((id == "run1").then(|| json!({ "run_id": id })))
    }

    async fn command(&self, command: Command) -> Result<Option<String>, Refusal> {
        if let Command::Trigger { job, .. } = &command
            && job.as_str() != "documents"
        {
            return Err(Refusal::Unknown(format!("there is no job {job}")));
        }
        self.wanted.lock().unwrap().push(command);
        Ok(Some("run1".to_owned()))
    }
}

struct Bench {
    directory: tempfile::TempDir,
    desk: Arc<Desk>,
    events: Events,
    serving: Serving,
}

fn setup(directory: &Path) -> Setup {
    Setup {
        control: "127.0.0.1:0".parse().unwrap(),
        token_file: directory.join("http.token"),
        metrics: Some(Page {
            address: "127.0.0.1:0".parse().unwrap(),
            path: "/metrics".to_owned(),
            token_file: directory.join("metrics.token"),
        }),
        paths: Paths::new(directory, "sync-daemon"),
        version: "1.2.3",
        started: "2026-01-31T12:00:00Z".parse().unwrap(),
    }
}

fn numbers() -> Arc<Metrics> {
    let options = Options {
        buckets: vec![1.0],
        collection_interval: Duration::from_secs(15),
        has_process: true,
    };
    Arc::new(Metrics::new(&options, "1.2.3", std::time::Instant::now()))
}

impl Bench {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut setup = setup(directory.path());
        change(&mut setup);
        let (desk, events) = (Arc::<Desk>::default(), Events::default());
        let backend: Arc<dyn Backend> = desk.clone();
        let serving = serve(setup, backend, numbers(), events.clone());
        Self {
            serving: serving.await.unwrap(),
            directory,
            desk,
            events,
        }
    }

    fn control(&self) -> Control {
        let record = self.directory.path().join("sync-daemon.http.json");
        let access: Access = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
        Control::with(access).unwrap()
    }

    fn token(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("http.token")).unwrap()
    }

    /// Sends a head with the token and returns the status of the answer.
    async fn status(&self, head: &str) -> u16 {
        let token = format!("Authorization: Bearer {}\r\n", self.token());
        let request = format!("{head}\r\n{token}Content-Length: 0\r\n\r\n");
        status(&ask(self.serving.control, &request).await)
    }

    fn wanted(&self) -> Vec<Command> {
        std::mem::take(&mut self.desk.wanted.lock().unwrap())
    }
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // What was sent and never read resets the connection, after the answer.
    drop(stream.read_to_string(&mut answer).await);
    answer
}

fn status(answer: &str) -> u16 {
    let word = answer.split(' ').nth(1);
    word.and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn commands_ask_and_want() {
    let bench = Bench::new().await;
    let control = bench.control();
    assert_eq!(control.get("/jobs").await.unwrap()[0]["id"], "documents");
    let info = control.get("/syft/info").await.unwrap();
    assert_eq!(info["pid"], std::process::id());
    assert_eq!(info["start_time"], "2026-01-31T12:00:00Z");
    let runs = control.get("/runs?job=documents&limit=5000").await.unwrap();
    assert_eq!(runs, json!({ "job": "documents", "limit": 1000 }));
    assert_eq!(control.get("/runs/run1").await.unwrap()["run_id"], "run1");
    let manner = json!({ "dry_run": true });
    let answer = control.post("/jobs/documents/trigger", Some(&manner));
    let answer = answer.await.unwrap();
    assert_eq!(answer["run_id"], "run1");
    assert_eq!(answer["request_id"].as_str().unwrap().len(), 32);
    let page = control.text("/metrics").await.unwrap();
    assert!(page.contains("# TYPE log_buffer_size gauge"));
    for word in ["pause", "resume", "reload", "stop"] {
        control.post(&format!("/{word}"), None).await.unwrap();
    }
    let documents = "documents".parse().unwrap();
    let tried = Command::Trigger {
        job: documents,
        dry_run: true,
        force: false,
    };
    let expected = [
        tried,
        Command::Pause,
        Command::Resume,
        Command::Reload,
        Command::Stop,
    ];
    assert_eq!(bench.wanted(), expected);
}

#[tokio::test]
async fn refusals_come_with_words() {
    let bench = Bench::new().await;
    let control = bench.control();
    for (path, expected, words) in [
        ("/jobs/nothing/trigger", 404, "there is no job nothing"),
        ("/jobs/..%2Fetc/trigger", 404, "there is no such job"),
        (
            "/jobs/documents/trigger?dryrun=true",
            400,
            "unknown field `dryrun`",
        ),
    ] {
        let Err(client::Error::Refused { status, message }) = control.post(path, None).await else {
            panic!("{path}");
        };
        assert!(
            status == expected && message.contains(words),
            "{path}: {status} {message}"
        );
    }
    let unclear = json!({ "dryrun": true });
    let error = control
        .post("/jobs/documents/trigger", Some(&unclear))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("unknown field"), "{error}");
    let error = control.get("/runs?limit=-1").await.unwrap_err();
    assert!(matches!(error, client::Error::Refused { status: 400, .. }));
    assert_eq!(bench.wanted(), []);
}

#[tokio::test]
async fn get_changes_nothing() {
    let bench = Bench::new().await;
    for path in [
        "/pause",
        "/resume",
        "/stop",
        "/reload",
        "/jobs/documents/trigger",
    ] {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
            let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost");
            assert_eq!(bench.status(&head).await, 405, "{method} {path}");
        }
    }
    for path in ["/status", "/jobs", "/config", "/metrics", "/health"] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost");
        assert_eq!(bench.status(&head).await, 405, "{path}");
    }
    assert_eq!(bench.wanted(), []);
}
