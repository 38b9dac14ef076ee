//! Watching files: everybody's datasites, as far as they are mirrored here.
//!
//! What a handler hears of is a difference between what was there and what is there: no event of
//! the system is trusted, none that is lost stays unnoticed, and a file that is written ten times
//! in an instant may be told once.

mod observer;
mod pattern;
mod pending;
mod snapshot;

use std::{fmt, future::Future, path::PathBuf, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use syft_state::Email;

pub(crate) use observer::{Observer, Observers};
pub use pattern::{Pattern, PatternError, Placeholders};

/// Something that happened to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEvent {
    /// What.
    pub change: FileChange,
    /// The file's path below `datasites`, with slashes.
    pub path: String,
    /// The file's path on this machine.
    pub absolute: PathBuf,
    /// Whose datasite it is in.
    pub datasite: Option<Email>,
}

/// What happened to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// It was not there before.
    Created,
    /// Its content is another, or was written again.
    Modified,
    /// It had another name before, which is given below `datasites`.
    Moved {
        /// The name.
        from: String,
    },
    /// It is not there any more.
    Removed,
}

/// A kind of [`FileChange`], to choose by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileChangeKind {
    /// [`FileChange::Created`]
    Created,
    /// [`FileChange::Modified`]
    Modified,
    /// [`FileChange::Moved`]
    Moved,
    /// [`FileChange::Removed`]
    Removed,
}

impl FileChange {
    /// Returns which kind it is.
    #[must_use]
    pub fn kind(&self) -> FileChangeKind {
        match self {
            Self::Created => FileChangeKind::Created,
            Self::Modified => FileChangeKind::Modified,
            Self::Moved { .. } => FileChangeKind::Moved,
            Self::Removed => FileChangeKind::Removed,
        }
    }
}

/// Which files are watched, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    globs: Vec<String>,
    kinds: Vec<FileChangeKind>,
    debounce: Duration,
    replays: bool,
}

impl Watch {
    /// Watches files of these patterns, as `{datasite}/**/*.json`; later ones that begin with `!`
    /// take files out again.
    ///
    /// `{datasite}` and `{email}` stand for the owner's address, `{app_data}` and `{api_data}` for
    /// the directory of the app's data. A pattern that matches a directory matches all below it.
    #[must_use]
    pub fn new<G: Into<String>>(globs: impl IntoIterator<Item = G>) -> Self {
        Self {
            globs: globs.into_iter().map(Into::into).collect(),
            kinds: vec![
                FileChangeKind::Created,
                FileChangeKind::Modified,
                FileChangeKind::Moved,
            ],
            debounce: Duration::ZERO,
            replays: false,
        }
    }

    pub(crate) fn globs(&self) -> &[String] {
        &self.globs
    }

    /// Hears of these kinds only; otherwise of all but removals.
    #[must_use]
    pub fn only(mut self, kinds: impl Into<Vec<FileChangeKind>>) -> Self {
        self.kinds = kinds.into();
        self
    }

    /// Hears of a file when it has not changed for so long.
    #[must_use]
    pub fn debounce(mut self, quiet: Duration) -> Self {
        self.debounce = quiet;
        self
    }

    /// Hears at the start of every file that is there already, as if it had been created.
    #[must_use]
    pub fn replay_existing(mut self) -> Self {
        self.replays = true;
        self
    }
}

impl From<&str> for Watch {
    fn from(glob: &str) -> Self {
        Self::new([glob])
    }
}

impl<const N: usize> From<[&str; N]> for Watch {
    fn from(globs: [&str; N]) -> Self {
        Self::new(globs)
    }
}

/// A function that hears of events, one after the other.
#[derive(Clone)]
pub struct EventHandler(Arc<dyn Fn(FileEvent) -> BoxFuture<'static, ()> + Send + Sync>);

impl EventHandler {
    /// Takes an `async fn`.
    pub fn new<F, Fut>(handler: F) -> Self
    where
        F: Fn(FileEvent) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move |event| Box::pin(handler(event))))
    }

    /// Takes a plain `fn`, which runs on a thread of its own.
    pub fn blocking(handler: impl Fn(FileEvent) + Send + Sync + 'static) -> Self {
        let handler = Arc::new(handler);
        Self::new(move |event| {
            let handler = Arc::clone(&handler);
            async move {
                let call = tokio::task::spawn_blocking(move || handler(event));
                if let Err(error) = call.await
                    && let Ok(panic) = error.try_into_panic()
                {
                    std::panic::resume_unwind(panic);
                }
            }
        })
    }

    pub(crate) async fn call(&self, event: FileEvent) {
        (self.0)(event).await;
    }
}

impl fmt::Debug for EventHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventHandler")
    }
}
