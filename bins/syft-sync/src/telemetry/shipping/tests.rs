use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
};

use serde_json::json;
use tokio::sync::oneshot;
use tracing::Level;

use super::{
    super::{LogCounts, record::Record},
    *,
};

/// A server that fails as it is told.
#[derive(Debug, Default)]
struct Server {
    /// What each call does, and what the calls do after these.
    plan: Mutex<VecDeque<Mood>>,
    usual: Mutex<Mood>,
    /// How often each entry came.
    entries: Mutex<BTreeMap<String, usize>>,
    calls: Mutex<Vec<usize>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Takes,
    /// Everything arrives, and nobody hears of it.
    TakesAndFails,
    /// The first so many arrive.
    TakesSome(usize),
    Fails,
    /// It refuses every third one for good.
    Rejects,
    Hangs,
}

#[async_trait]
impl Target for Server {
    async fn send(&self, records: &[Value]) -> Result<Settled, SendError> {
        tracing::warn!(target: "syft_jobs", "said while entries are sent");
        self.calls.lock().unwrap().push(records.len());
        let mood = self.plan.lock().unwrap().pop_front();
        let mood = mood.unwrap_or(*self.usual.lock().unwrap());
        let failed = || SendError {
            reason: "no route to host".to_owned(),
            retry_after: None,
        };
        let rejected = |index: usize| mood == Mood::Rejects && index.is_multiple_of(3);
        let arriving = match mood {
            Mood::Fails => 0,
            Mood::TakesSome(number) => number,
            Mood::Hangs => std::future::pending().await,
            _ => records.len(),
        };
        let mut settled = Settled::default();
        for (index, record) in records.iter().enumerate().take(arriving) {
            if rejected(index) {
                settled.rejected += 1;
                continue;
            }
            settled.accepted += 1;
            let id = record["id"].as_str().unwrap().to_owned();
            *self.entries.lock().unwrap().entry(id).or_default() += 1;
        }
        match mood {
            Mood::Takes | Mood::Rejects => Ok(settled),
            _ => Err(failed()),
        }
    }
}

struct Bench {
    directory: tempfile::TempDir,
    counts: Arc<LogCounts>,
    server: Arc<Server>,
}

impl Bench {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            counts: Arc::default(),
            server: Arc::default(),
        }
    }

    fn buffer(&self, session: &str) -> Buffer {
        let shipping = Shipping {
            daemon_id: "laptop-1".to_owned(),
            session_id: session.to_owned(),
            spill: self.directory.path().join("log-spill"),
            batch_size: 10,
            flush_interval: Duration::from_secs(30),
            max_retries: 3,
            buffer_size: 100,
            include_sensitive_data: false,
        };
        Buffer::new(shipping, Arc::clone(&self.counts))
    }

    fn shipper(&self, buffer: &Buffer) -> Shipper {
        Shipper::new(buffer.clone(), self.server.clone())
    }

    fn plan(&self, moods: &[Mood]) {
        self.server.plan.lock().unwrap().extend(moods);
    }

    /// Returns how many different entries arrived.
    fn arrived(&self) -> usize {
        self.server.entries.lock().unwrap().len()
    }

    fn calls(&self) -> Vec<usize> {
        std::mem::take(&mut self.server.calls.lock().unwrap())
    }

    fn spilled(&self) -> usize {
        let files = std::fs::read_dir(self.directory.path().join("log-spill"));
        let files = files.into_iter().flatten();
        let text = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        text.map(|text| text.lines().count()).sum()
    }
}

fn record(message: &str) -> Record {
    Record {
        time: "2026-01-31T12:00:00.123Z".parse().unwrap(),
        level: Level::WARN,
        target: "syft_jobs::mirror",
        module: Some("syft_jobs::mirror"),
        file: Some("mirror.rs"),
        line: Some(7),
        message: message.to_owned(),
        fields: serde_json::Map::from_iter([("token".to_owned(), "x".into())]),
        spans: vec![super::super::record::Span {
            name: "run",
            fields: serde_json::Map::from_iter([("job".to_owned(), "documents".into())]),
        }],
    }
}

fn push(buffer: &Buffer, number: usize) {
    for number in 0..number {
        buffer.push(&record(&format!("message {number}")));
    }
}

/// Lets time pass in steps, so that tasks get on in between.
async fn pass(seconds: u64) {
    for _ in 0..seconds * 2 {
        sleep(Duration::from_millis(500)).await;
    }
}

const GRACE: Duration = Duration::from_secs(5);

fn start(shipper: Shipper) -> (oneshot::Sender<Duration>, tokio::task::JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel();
    (stop, tokio::spawn(shipper.run(stopped)))
}

#[tokio::test(start_paused = true)]
async fn g8_a_record_is_what_the_collection_takes() {
    let bench = Bench::new();
    let buffer = bench.buffer("session");
    buffer.push(&record("mail to ann@example.org"));
    let entry = buffer.take().unwrap().remove(0);
    let expected = json!({
        "id": entry["id"],
        "timestamp": "2026-01-31 12:00:00.123Z",
        "level": "WARN",
        // Not quoted once more, as JSON within JSON.
        "message": "mail to ***@example.org",
        "target": "syft_jobs::mirror",
        "module_path": "syft_jobs::mirror",
        "file": "mirror.rs",
        "line": 7,
        "fields": { "token": "***" },
        "spans": [{ "name": "run", "fields": { "job": "documents" } }],
        "daemon_id": "laptop-1",
        "session_id": "session",
    });
    assert_eq!(entry, expected);
    assert_eq!(entry["id"].as_str().unwrap().len(), 15);
}

#[tokio::test(start_paused = true)]
async fn entries_wait_for_others_but_not_for_ever() {
    let bench = Bench::new();
    let buffer = bench.buffer("session");
    let (_stop, _task) = start(bench.shipper(&buffer));
    pass(100).await;
    push(&buffer, 3);
    pass(29).await;
    assert!(bench.calls().is_empty());
    pass(2).await;
    assert_eq!(bench.calls(), [3]);
    push(&buffer, 25);
    pass(1).await;
    assert_eq!(bench.calls(), [10, 10, 5]);
    assert_eq!(bench.arrived(), 28);
}

#[tokio::test(start_paused = true)]
async fn each_entry_arrives_once_whatever_fails() {
    let bench = Bench::new();
    let buffer = bench.buffer("session");
    bench.plan(&[
        Mood::Fails,
        Mood::TakesSome(4),
        Mood::Takes,
        Mood::TakesAndFails,
        Mood::Takes,
        Mood::TakesSome(9),
        Mood::Fails,
        Mood::TakesAndFails,
    ]);
    let (stop, task) = start(bench.shipper(&buffer));
    push(&buffer, 95);
    pass(60).await;
    push(&buffer, 5);
    pass(60).await;
    stop.send(GRACE).unwrap();
    task.await.unwrap();
    // One that arrived twice has the same id: it is there once.
    assert_eq!(bench.arrived(), 100);
    assert_eq!(bench.spilled(), 0);
}

#[tokio::test(start_paused = true)]
async fn while_the_server_is_down_entries_wait_on_the_disk() {
    let bench = Bench::new();
    let buffer = bench.buffer("session");
    *bench.server.usual.lock().unwrap() = Mood::Fails;
    let (stop, task) = start(bench.shipper(&buffer));
    push(&buffer, 10);
    // 1 + 2 + 4 + 8 seconds are five attempts, after which it is left alone for a minute.
    pass(16).await;
    assert_eq!(bench.calls().len(), 5);
    pass(58).await;
    assert_eq!(bench.calls().len(), 0);
    assert_eq!(bench.spilled(), 10);
    // More than fits into memory.
    push(&buffer, 1000);
    pass(600).await;
    assert!(bench.calls().len() <= 12);
    *bench.server.usual.lock().unwrap() = Mood::Takes;
    pass(61).await;
    assert_eq!(bench.arrived(), 1010);
    assert_eq!(bench.spilled(), 0);
    stop.send(GRACE).unwrap();
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_left_at_the_end_is_sent_or_kept_for_the_next_start() {
    let bench = Bench::new();
    let buffer = bench.buffer("first");
    let (stop, task) = start(bench.shipper(&buffer));
    push(&buffer, 7);
    stop.send(GRACE).unwrap();
    task.await.unwrap();
    assert_eq!((bench.arrived(), bench.spilled()), (7, 0));

    *bench.server.usual.lock().unwrap() = Mood::Hangs;
    let buffer = bench.buffer("second");
    let (stop, task) = start(bench.shipper(&buffer));
    push(&buffer, 25);
    pass(1).await;
    let begin = tokio::time::Instant::now();
    stop.send(GRACE).unwrap();
    task.await.unwrap();
    assert!(begin.elapsed() <= GRACE);
    assert_eq!((bench.arrived(), bench.spilled()), (7, 25));

    *bench.server.usual.lock().unwrap() = Mood::Takes;
    let buffer = bench.buffer("third");
    let (_stop, _task) = start(bench.shipper(&buffer));
    pass(1).await;
    assert_eq!((bench.arrived(), bench.spilled()), (32, 0));
}

#[tokio::test(start_paused = true)]
async fn entries_that_are_refused_for_good_do_not_stop_the_others() {
    let bench = Bench::new();
    let buffer = bench.buffer("session");
    bench.plan(&[Mood::Rejects]);
    let (_stop, _task) = start(bench.shipper(&buffer));
    push(&buffer, 20);
    pass(1).await;
    assert_eq!((bench.arrived(), bench.calls()), (16, vec![10, 10]));
}

#[tokio::test(start_paused = true)]
async fn g8_sending_leads_to_no_more_sending() {
    use tracing_subscriber::layer::SubscriberExt;

    let bench = Bench::new();
    let buffer = bench.buffer("session");
    let sinks = super::super::sinks::Sinks {
        counts: Arc::clone(&bench.counts),
        console: None,
        journal: None,
        file: None,
        shipped: Some(buffer.clone()),
    };
    let subscriber = tracing_subscriber::registry().with(sinks);
    let _guard = tracing::subscriber::set_default(subscriber);
    *bench.server.usual.lock().unwrap() = Mood::Fails;
    let shipper = bench.shipper(&buffer);
    tracing::info!(target: "syft_jobs", "one");
    tracing::info!(target: "hyper::client", "not sent");
    tracing::info!(target: "syft_transport::pocketbase", "not sent");
    tracing::info!(target: "hyperion", "two");
    let (stop, stopped) = oneshot::channel();
    let run = shipper.run(stopped);
    let control = async {
        pass(400).await;
        *bench.server.usual.lock().unwrap() = Mood::Takes;
        pass(100).await;
        stop.send(GRACE).unwrap();
    };
    tokio::join!(run, control);
    // The upload's own words are in the log, and not among the entries.
    assert_eq!(bench.arrived(), 2);
}
