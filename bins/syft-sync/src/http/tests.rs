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
    assert_eq!(control.address(), bench.serving.control);
    assert_eq!(control.metrics_address(), bench.serving.metrics);
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

#[tokio::test]
async fn web_pages_of_strangers_are_refused() {
    let bench = Bench::new().await;
    for (headers, expected) in [
        ("Host: localhost", 202),
        ("Host: 127.0.0.1:9", 202),
        ("Host: [::1]:9", 202),
        ("Host: evil.example", 421),
        ("Host: localhost.evil.example", 421),
        ("Host: 127.0.0.1.nip.io", 421),
        ("Host: 10.0.0.1", 421),
        ("Host: localhost\r\nHost: evil.example", 421),
        ("Host: localhost\r\nOrigin: http://localhost:3000", 202),
        ("Host: localhost\r\nOrigin: http://127.0.0.1", 202),
        ("Host: localhost\r\nOrigin: http://evil.example", 403),
        ("Host: localhost\r\nOrigin: null", 403),
        (
            "Host: localhost\r\nOrigin: http://localhost.evil.example",
            403,
        ),
        ("Host: localhost\r\nSec-Fetch-Site: cross-site", 403),
        ("Host: localhost\r\nSec-Fetch-Site: same-site", 403),
    ] {
        let head = format!("POST /pause HTTP/1.1\r\n{headers}");
        assert_eq!(bench.status(&head).await, expected, "{headers}");
        let done = usize::from(expected == 202);
        assert_eq!(bench.wanted().len(), done, "{headers}");
    }
    let absolute = "POST http://evil.example/pause HTTP/1.1\r\nHost: localhost";
    assert_eq!(bench.status(absolute).await, 421);
}

#[tokio::test]
async fn no_answer_lets_other_pages_read_it() {
    let bench = Bench::new().await;
    let token = bench.token();
    let request = format!(
        "GET /status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Origin: http://localhost\r\n\r\n"
    );
    let answer = ask(bench.serving.control, &request).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    assert!(answer.contains("cache-control: no-store"), "{answer}");
    assert!(!answer.contains("access-control"), "{answer}");
}

#[tokio::test]
async fn only_those_who_know_the_token_are_answered() {
    let bench = Bench::new().await;
    let token = bench.token();
    let half = &token[..32];
    for (header, expected) in [
        (String::new(), 401),
        ("Authorization: Bearer \r\n".to_owned(), 401),
        (format!("Authorization: Bearer {half}\r\n"), 401),
        (format!("Authorization: Basic {token}\r\n"), 401),
        (format!("Authorization: {token}\r\n"), 401),
        (
            format!("Authorization: Bearer {token}\r\nAuthorization: Bearer x\r\n"),
            401,
        ),
        (format!("Authorization: Bearer {token}\r\n"), 200),
        (format!("authorization: bearer {token}\r\n"), 200),
    ] {
        for path in ["/status", "/nowhere", "/events", "/metrics"] {
            if expected == 200 && path != "/status" {
                continue;
            }
            let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
            let answer = ask(bench.serving.control, &request).await;
            assert_eq!(status(&answer), expected, "{path} {header}");
            assert!(!answer.contains(&token));
        }
    }
    let request = "POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(status(&ask(bench.serving.control, request).await), 401);
    assert_eq!(bench.wanted(), []);
    let health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(status(&ask(bench.serving.control, health).await), 200);
}

#[tokio::test]
async fn files_of_the_api_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let bench = Bench::new().await;
    for name in ["http.token", "sync-daemon.http.json"] {
        let metadata = bench.directory.path().join(name).metadata().unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let debugged = format!("{:?}", bench.serving);
    assert!(!debugged.contains(&bench.token()));
    bench.serving.stop().await;
    assert!(
        !bench
            .directory
            .path()
            .join("sync-daemon.http.json")
            .exists()
    );
}

#[tokio::test]
async fn large_bodies_heads_and_nonsense_are_cut_off() {
    let bench = Bench::new().await;
    let token = bench.token();
    let head = format!("Host: localhost\r\nAuthorization: Bearer {token}\r\n");
    let large = 1024 * 1024;
    let body = " ".repeat(large);
    let requests = [
        format!(
            "POST /jobs/documents/trigger HTTP/1.1\r\n{head}Content-Length: {large}\r\n\r\n{body}"
        ),
        format!("GET /status HTTP/1.1\r\n{head}X: {body}\r\n\r\n"),
        "\0\r\n\r\n".to_owned(),
    ];
    for request in requests {
        let answer = status(&ask(bench.serving.control, &request).await);
        assert!(matches!(answer, 0 | 400..=499), "{answer}");
    }
    assert_eq!(bench.wanted(), []);
    assert!(bench.control().get("/status").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn those_who_say_nothing_keep_nobody_out_for_long() {
    let bench = Bench::new().await;
    let mut silent = Vec::new();
    for _ in 0..2 * LIMITS.connections {
        silent.push(TcpStream::connect(bench.serving.control).await.unwrap());
    }
    let health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(status(&ask(bench.serving.control, health).await), 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let bench = Bench::new().await;
    let token = bench.token();
    let request = format!(
        "POST /jobs/documents/trigger HTTP/1.1\r\nHost: localhost\r\n\
         Authorization: Bearer {token}\r\nContent-Length: 10\r\n\r\n{{"
    );
    assert_eq!(status(&ask(bench.serving.control, &request).await), 504);
    assert_eq!(bench.wanted(), []);
}

#[tokio::test]
async fn the_port_of_monitors_shows_and_does_nothing() {
    let bench = Bench::new().await;
    let address = bench.serving.metrics.unwrap();
    let get = |path: &str, more: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
        async move { ask(address, &request).await }
    };
    let page = get("/metrics", "").await;
    assert!(
        page.contains("content-type: text/plain; version=0.0.4"),
        "{page}"
    );
    assert!(page.contains("# TYPE log_buffer_size gauge"), "{page}");
    let page = get(
        "/metrics",
        "Accept: application/openmetrics-text;version=1.0.0\r\n",
    )
    .await;
    assert!(page.ends_with("# EOF\n"), "{page}");
    let ready = get("/ready", "").await;
    assert!(
        status(&ready) == 503 && ready.contains("it is starting"),
        "{ready}"
    );
    let health = get("/health", "").await;
    let body: Value = serde_json::from_str(health.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["status"], "ok");
    assert_eq!(body["service"], "syft-sync");
    bench
        .desk
        .ills
        .lock()
        .unwrap()
        .push("the queue stands still".to_owned());
    let health = get("/health", "").await;
    assert!(
        status(&health) == 503 && health.contains("stands still"),
        "{health}"
    );
    for path in ["/", "/status", "/jobs", "/stop", "/metrics/"] {
        assert_eq!(status(&get(path, "").await), 404, "{path}");
    }
    let stop = "POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(status(&ask(address, stop).await), 405);
    let strange = "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert_eq!(status(&ask(address, strange).await), 421);
}

#[tokio::test]
async fn other_machines_need_a_token_to_see_metrics() {
    let bench = Bench::with(|setup| {
        let page = setup.metrics.as_mut().unwrap();
        page.address = "0.0.0.0:0".parse().unwrap();
        page.path = "/{x}/*".to_owned();
    })
    .await;
    let port = bench.serving.metrics.unwrap().port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let kept = std::fs::read_to_string(bench.directory.path().join("metrics.token")).unwrap();
    assert_ne!(kept, bench.token());
    for (token, expected) in [(kept.as_str(), 200), (&bench.token(), 401), ("", 401)] {
        let request = format!(
            "GET /{{x}}/* HTTP/1.1\r\nHost: nas.example\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        assert_eq!(status(&ask(address, &request).await), expected);
    }
}

#[tokio::test]
async fn a_token_for_other_machines_outlives_the_daemon() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.token");
    token::kept(&path).unwrap();
    let first = std::fs::read_to_string(&path).unwrap();
    token::kept(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    std::fs::write(&path, "short").unwrap();
    let error = token::kept(&path).unwrap_err().to_string();
    assert!(error.ends_with("metrics.token holds no token"), "{error}");
}

#[tokio::test]
async fn a_port_in_use_is_an_error_that_names_the_holder() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut setup = setup(directory.path());
    setup.metrics.as_mut().unwrap().address = taken.local_addr().unwrap();
    let backend: Arc<dyn Backend> = Arc::<Desk>::default();
    let error = serve(setup, backend, numbers(), Events::default()).await;
    let error = error.unwrap_err().to_string();
    let holder = format!("(PID {})", std::process::id());
    assert!(
        error.contains("is in use by ") && error.ends_with(&holder),
        "{error}"
    );
}

#[tokio::test]
async fn events_are_told_as_they_happen() {
    let bench = Bench::new().await;
    bench.events.publish("started", &json!({ "job": "before" }));
    let mut stream = bench.control().events().await.unwrap();
    bench
        .events
        .publish("finished", &json!({ "job": "documents" }));
    let event = stream.next().await.unwrap().unwrap();
    assert_eq!(
        (event.kind.as_str(), &event.data["job"]),
        ("finished", &json!("documents"))
    );
    bench.serving.stop().await;
    assert!(!matches!(stream.next().await, Ok(Some(_))));
}

#[tokio::test]
async fn a_slow_listener_is_told_that_it_missed_something_and_listeners_are_few() {
    let bench = Bench::new().await;
    let mut streams = Vec::new();
    loop {
        match bench.control().events().await {
            Ok(stream) => streams.push(stream),
            Err(client::Error::Refused { status: 503, .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(streams.len(), 16);
    for number in 0..1000 {
        bench.events.publish("queued", &json!({ "number": number }));
    }
    let mut missed = 0;
    let mut heard = 0;
    while heard + missed < 1000 {
        let event = streams[0].next().await.unwrap().unwrap();
        match event.kind.as_str() {
            "missed" => missed += event.data["events"].as_u64().unwrap(),
            _ => heard += 1,
        }
    }
    assert!(heard + missed == 1000 && missed > 0, "{heard} {missed}");
}

#[tokio::test]
async fn a_token_goes_to_programs_of_this_machine_alone() {
    let directory = tempfile::tempdir().unwrap();
    let paths = Paths::new(directory.path(), "sync-daemon");
    assert!(Control::find(&paths).unwrap().is_none());
    let record = client::record(&paths);
    for (content, words) in [
        ("{", "does not say where the daemon answers"),
        (
            r#"{"address":"10.0.0.1:80","metrics":null,"token_file":"/x","pid":1}"#,
            "is not an address of this machine alone",
        ),
    ] {
        #[expect(clippy::disallowed_methods, reason = "a test's own files")]
        std::fs::write(&record, content).unwrap();
        let error = Control::find(&paths).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let dead = r#"{"address":"127.0.0.1:9","metrics":null,"token_file":"/x","pid":1}"#;
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    std::fs::write(&record, dead).unwrap();
    assert!(Control::find(&paths).unwrap().is_none());
}
