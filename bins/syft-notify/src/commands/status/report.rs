//! The report file that a monitor leaves for `status`, and the lock that says that it lives.

use std::{path::PathBuf, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use syft_monitor::{Error, Round, config::Config, connect::Links};
use syft_state::{
    Timestamp,
    fs::{self, Lock},
};
use syft_transport::Promise;

use super::now;
use crate::exit::{Failure, Outcome, chain};

const REPORT_LIMIT: u64 = 1024 * 1024;
/// `status` holds the lock for an instant to see whether it is free.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

/// What the last look of a monitor did.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LastLook {
    pub(crate) pid: u32,
    pub(crate) config: PathBuf,
    pub(crate) started: Timestamp,
    pub(crate) looked: Option<Timestamp>,
    pub(crate) next: Option<Timestamp>,
    pub(crate) looks: u64,
    pub(crate) sent: usize,
    pub(crate) promise: Option<Promise>,
    pub(crate) error: Option<String>,
    pub(crate) folders: Value,
    pub(crate) usage: Value,
}

/// Writes the report at the start and after every look.
pub(crate) struct Report {
    path: PathBuf,
    look: LastLook,
    usage: Arc<dyn Fn() -> Value + Send + Sync>,
}

impl Report {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            path: path(config),
            look: LastLook {
                pid: std::process::id(),
                config: config.file.clone(),
                started: now(),
                looked: None,
                next: None,
                looks: 0,
                sent: 0,
                promise: None,
                error: None,
                folders: json!({}),
                usage: json!({}),
            },
            usage: Arc::new(|| json!({})),
        }
    }

    /// Says that nothing could be connected yet.
    pub(crate) fn waiting(&mut self, error: &str, wait: Duration) {
        self.look.error = Some(error.to_owned());
        self.look.next = Some(now().after(wait));
        self.save();
    }

    pub(crate) fn connected(&mut self, links: &Links) {
        self.usage = Arc::clone(&links.usage);
        self.look.promise = Some(links.mailer.promise());
        self.look.error = None;
        self.look.next = None;
        self.save();
    }

    pub(crate) fn looked(&mut self, outcome: &Result<Round, Error>, wait: Option<Duration>) {
        let look = &mut self.look;
        look.looks += 1;
        look.looked = Some(now());
        look.next = wait.map(|wait| now().after(wait));
        look.error = match outcome {
            Ok(round) => {
                look.sent += round.sent.len();
                look.folders = json!(round.folders);
                round.trouble.first().map(ToString::to_string)
            }
            Err(error) => Some(chain(error)),
        };
        self.save();
    }

    fn save(&mut self) {
        self.look.usage = (self.usage)();
        let text = serde_json::to_vec_pretty(&self.look).expect("a report is plain data");
        if let Err(error) = fs::write_fleeting(&self.path, &text, 0o600) {
            tracing::warn!("⚠️  {}", chain(&error));
        }
    }
}

/// Reads the report of the last monitor, if there was one.
pub(crate) fn read(config: &Config) -> Outcome<Option<LastLook>> {
    let path = path(config);
    let bytes = match fs::read_capped(&path, REPORT_LIMIT) {
        Err(error) if error.is_not_found() => return Ok(None),
        bytes => bytes.map_err(|error| Failure::error(chain(&error)))?,
    };
    // Nobody waits for the disk with a report, so a power failure may leave an empty one.
    if bytes.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        Failure::error(format!("{} is no report: {error}", path.display()))
            .hint("remove the file; the next look writes it anew")
    })
}

/// Becomes the one monitor that watches with this state, for as long as the lock is kept.
pub(crate) async fn watch_alone(config: &Config) -> Outcome<Lock> {
    let path = lock_path(config);
    if let Some(directory) = path.parent() {
        fs::create_private_dir(directory).map_err(|error| Failure::error(chain(&error)))?;
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let lock = Lock::try_acquire(&path).map_err(|error| Failure::error(chain(&error)))?;
        if let Some(lock) = lock {
            return Ok(lock);
        }
        if tokio::time::Instant::now() >= deadline {
            return Err(taken(config));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn taken(config: &Config) -> Failure {
    let look = read(config).ok().flatten();
    let (who, stop) = look.map_or_else(
        || (String::new(), "stop it first".to_owned()),
        |look| {
            (
                format!(" (PID {})", look.pid),
                format!("stop it with `kill {}`", look.pid),
            )
        },
    );
    Failure::error(format!(
        "another syft-notify{who} watches already with {}",
        config.state_path.display()
    ))
    .hint(format!(
        "{stop}, or look in between with `syft-notify run --once`"
    ))
}

/// The lock is the proof of life: the system ends it with the process, and no PID is mistaken (T22).
pub(crate) fn is_running(config: &Config) -> bool {
    let path = lock_path(config);
    path.exists() && matches!(Lock::try_acquire(&path), Ok(None))
}

fn path(config: &Config) -> PathBuf {
    config.state_path.with_extension("status.json")
}

fn lock_path(config: &Config) -> PathBuf {
    config.state_path.with_extension("watch.lock")
}
