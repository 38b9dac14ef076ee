//! The report file that a monitor leaves for `status`, and the lock that says that it lives.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use syft_monitor::{Error, Round, Trouble, config::Config, connect::Links};
use syft_state::{
    Timestamp,
    fs::{self, Lock},
};
use syft_transport::Promise;

use super::now;
use crate::exit::{Exit, Failure, Outcome, chain};

const REPORT_LIMIT: u64 = 1024 * 1024;
/// A worker whose supervisor was killed needs a moment to end.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// What the last look of a monitor did.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// Since when nothing could be connected or looked at.
    #[serde(default)]
    pub(crate) error_since: Option<Timestamp>,
    /// What a person must log in again for.
    #[serde(default)]
    pub(crate) login: Option<Login>,
    /// How often the config was to be read again, and how the last time went.
    #[serde(default)]
    pub(crate) reloads: u64,
    #[serde(default)]
    pub(crate) reload: Option<Reload>,
}

/// The last answer that a token was not accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) at: Timestamp,
    pub(crate) error: String,
}

/// How an attempt to read the config again went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reload {
    pub(crate) at: Timestamp,
    /// Why the config of before stays in force.
    pub(crate) error: Option<String>,
    /// The exit code that goes with the error.
    pub(crate) exit: u8,
}

/// Writes the report at the start and after every look; its clones write the same one.
#[derive(Clone)]
pub(crate) struct Report(Arc<Mutex<Written>>);

struct Written {
    path: PathBuf,
    look: LastLook,
    usage: Arc<dyn Fn() -> Value + Send + Sync>,
}

impl Report {
    pub(crate) fn new(config: &Config) -> Self {
        let look = LastLook {
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
            error_since: None,
            login: None,
            reloads: 0,
            reload: None,
        };
        Self(Arc::new(Mutex::new(Written {
            path: path(&config.state_path),
            look,
            usage: Arc::new(|| json!({})),
        })))
    }

    /// Says that a monitor has begun, before it could connect anything.
    pub(crate) fn begun(&self) {
        self.written().save();
    }

    /// Says that nothing could be connected yet.
    pub(crate) fn waiting(&self, error: &str, wait: Duration) {
        let mut written = self.written();
        written.look.failed(error.to_owned());
        written.look.next = Some(now().after(wait));
        written.save();
    }

    pub(crate) fn connected(&self, config: &Config, links: &Links) {
        let mut written = self.written();
        written.usage = Arc::clone(&links.usage);
        let look = &mut written.look;
        look.config.clone_from(&config.file);
        look.promise = Some(links.mailer.promise());
        look.next = None;
        look.login = None;
        look.succeeded();
        written.save();
    }

    pub(crate) fn looked(&self, outcome: &Result<Round, Error>, wait: Option<Duration>) {
        let mut written = self.written();
        let look = &mut written.look;
        look.looks += 1;
        look.looked = Some(now());
        look.next = wait.map(|wait| now().after(wait));
        match outcome {
            Ok(round) => {
                look.sent += round.sent.len();
                look.folders = json!(round.folders);
                look.login = login(round);
                match round.trouble.first() {
                    Some(trouble) => look.failed(trouble.to_string()),
                    None => look.succeeded(),
                }
            }
            Err(error) => look.failed(chain(error)),
        }
        written.save();
    }

    /// Returns what is wrong at the moment.
    pub(crate) fn error(&self) -> Option<String> {
        self.written().look.error.clone()
    }

    /// Returns what was spent so far.
    pub(crate) fn usage(&self) -> Value {
        self.written().look.usage.clone()
    }

    /// Says what has ended the monitor, for those who ask when it is gone.
    pub(crate) fn ended(&self, failure: &Failure) {
        let mut written = self.written();
        let look = &mut written.look;
        look.failed(failure.message.clone());
        look.next = None;
        if failure.exit == Exit::LoginNeeded {
            look.login = Some(Login {
                at: now(),
                error: failure.message.clone(),
            });
        }
        written.save();
    }

    /// Tells how it went to read the config again.
    pub(crate) fn reloaded(&self, outcome: Result<(), &Failure>) {
        let mut written = self.written();
        let look = &mut written.look;
        look.reloads += 1;
        look.reload = Some(Reload {
            at: now(),
            error: outcome.err().map(|failure| failure.message.clone()),
            exit: outcome.err().map_or(0, |failure| failure.exit as u8),
        });
        written.save();
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        // Whoever panicked meanwhile has left plain data, which the next look replaces.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LastLook {
    fn failed(&mut self, error: String) {
        self.error = Some(error);
        self.error_since.get_or_insert_with(now);
    }

    fn succeeded(&mut self) {
        self.error = None;
        self.error_since = None;
    }
}

fn login(round: &Round) -> Option<Login> {
    let refused = round.trouble.iter().find(|trouble| {
        let error = trouble.error();
        // Another receiver's secret is no login of ours.
        !matches!(trouble, Trouble::Sink(..))
            && matches!(error, syft_transport::Error::Unauthenticated { .. })
    })?;
    Some(Login {
        at: now(),
        error: chain(refused.error()),
    })
}

impl Written {
    fn save(&mut self) {
        self.look.usage = (self.usage)();
        let text = serde_json::to_vec_pretty(&self.look).expect("a report is plain data");
        if let Err(error) = fs::write_fleeting(&self.path, &text, 0o600) {
            tracing::warn!("⚠️  {}", chain(&error));
        }
    }
}

/// Reads the report of the last monitor with this state, if there was one.
pub(crate) fn read(state_path: &Path) -> Outcome<Option<LastLook>> {
    let path = path(state_path);
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
    let path = lock_path(&config.state_path);
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
    let look = read(&config.state_path).ok().flatten();
    let (who, stop) = look.map_or_else(
        || (String::new(), "stop it first".to_owned()),
        |look| {
            (
                format!(" (PID {})", look.pid),
                format!("stop it with `kill {}`", look.pid),
            )
        },
    );
    Failure::new(
        Exit::Error,
        format!(
            "another syft-notify{who} watches already with {}",
            config.state_path.display()
        ),
    )
    .hint(format!(
        "{stop}, or look in between with `syft-notify run --once`"
    ))
}

/// The lock is the proof of life: the system ends it with the process, and no PID is mistaken (T22).
pub(crate) fn is_running(config: &Config) -> bool {
    let path = lock_path(&config.state_path);
    path.exists() && matches!(Lock::try_acquire(&path), Ok(None))
}

fn path(state_path: &Path) -> PathBuf {
    state_path.with_extension("status.json")
}

fn lock_path(state_path: &Path) -> PathBuf {
    state_path.with_extension("watch.lock")
}
