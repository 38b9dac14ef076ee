//! What the daemon tells about itself: numbers for monitors, lines for people and `PocketBase`.

mod console;
mod events;
mod journal;
mod logs;
mod metrics;
mod record;
mod redact;
mod settings;
pub(crate) mod shipping;
mod sinks;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{sync::oneshot, task::JoinHandle};

pub(crate) use logs::{Error, Logs};
use metrics::{Finished, LogCounts};
pub(crate) use metrics::{Metrics, Options, Reload};
pub(crate) use settings::Settings;

/// Everything that tells.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) logs: Logs,
    /// What waits to be uploaded; absent where nothing is uploaded.
    shipped: Option<shipping::Buffer>,
    upload: Mutex<Option<Upload>>,
}

/// The task that uploads.
#[derive(Debug)]
struct Upload {
    stop: oneshot::Sender<Duration>,
    task: JoinHandle<()>,
}

impl Telemetry {
    /// Begins to upload the log, if that is wanted.
    pub(crate) fn ship_to(&self, target: Arc<dyn shipping::Target>) {
        let Some(buffer) = self.shipped.clone() else {
            return;
        };
        let (stop, stopped) = oneshot::channel();
        let shipper = shipping::Shipper::new(buffer, target);
        let task = tokio::spawn(shipper.run(stopped));
        *self.upload() = Some(Upload { stop, task });
    }

    /// Uploads what is left, for so long, and keeps the rest for the next start.
    pub(crate) async fn finish(&self, grace: Duration) {
        let upload = self.upload().take();
        match (upload, &self.shipped) {
            (Some(Upload { stop, task }), _) => {
                // It has ended by itself only if it panicked, and that was logged.
                if stop.send(grace).is_ok() {
                    drop(task.await);
                }
            }
            (None, Some(buffer)) => buffer.spill_all(),
            (None, None) => {}
        }
    }

    /// Returns what is worth knowing about it.
    pub(crate) fn status(&self) -> Value {
        json!({
            "log": self.logs.path(),
            "upload": self.shipped.as_ref().map(shipping::Buffer::status),
        })
    }

    fn upload(&self) -> std::sync::MutexGuard<'_, Option<Upload>> {
        self.upload.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins to count and to log, once in a process.
///
/// # Errors
///
/// [`Error`] when there is no log file to write to.
pub(crate) fn install(settings: &Settings) -> Result<Telemetry, Error> {
    let version = env!("CARGO_PKG_VERSION");
    let metrics = Arc::new(Metrics::new(&settings.metrics, version, Instant::now()));
    let counts = Arc::clone(&metrics.logs);
    let shipped = settings.shipping.clone();
    let shipped = shipped.map(|shipping| shipping::Buffer::new(shipping, Arc::clone(&counts)));
    let logs = logs::install(&settings.logs, counts, shipped.clone())?;
    Ok(Telemetry {
        metrics,
        logs,
        shipped,
        upload: Mutex::default(),
    })
}
