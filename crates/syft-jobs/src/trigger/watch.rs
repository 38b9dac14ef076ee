//! Watching one tree for as long as it is wanted, whatever becomes of the tree.

use std::{
    ffi::OsString,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use syft_state::watch::{Depth, Detail, Hint, Scope, TreeWatch};
use tokio::{sync::Notify, task::JoinHandle};

use super::{
    Debounce, WatcherSpec,
    poll::{self, Look},
    sieve::Sieve,
    system::{self, Limit},
};
use crate::{Job, canonical::canonical};

/// What is gone is looked for this often, and what does not tell of changes is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Looking takes no more than this share of the time.
const LOOK_SHARE: u32 = 10;
/// Whether another directory has taken the place of the watched one is looked at this often.
const CHECK: Duration = Duration::from_secs(60);
/// Without a limit of its own, a watcher makes its job due at most so often in a second.
const MOST_PER_SECOND: u32 = 1000;

/// What a watcher tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The system tells it of changes.
    Armed,
    /// It looks for changes itself, for this reason.
    Polling(String),
    /// What it watches is gone or cannot be watched, for this reason.
    Lost(String),
    /// Something changed, and is quiet now.
    Changed,
}

/// A watcher at work, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watching(JoinHandle<()>);

/// Watches on the current tokio runtime; `tell` must not wait.
pub(crate) fn watch(
    spec: WatcherSpec,
    job: Arc<Job>,
    tell: impl Fn(News) + Send + Sync + 'static,
) -> Watching {
    let most = spec.max_events_per_second.filter(|most| *most > 0);
    let attention = Attention {
        debounce: Debounce::new(spec.debounce, most.or(Some(MOST_PER_SECOND))).into(),
        changed: Notify::new(),
        is_lost: AtomicBool::new(false),
        is_limited: AtomicBool::new(false),
    };
    let watcher = Watcher {
        wanted: Arc::new(Wanted { spec, job }),
        attention: Arc::new(attention),
        tell,
    };
    Watching(tokio::spawn(watcher.run()))
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Watcher<T> {
    wanted: Arc<Wanted>,
    attention: Arc<Attention>,
    tell: T,
}

struct Wanted {
    spec: WatcherSpec,
    job: Arc<Job>,
}

/// What the thread that hears of changes and the task that waits for their end share.
#[derive(Debug)]
struct Attention {
    debounce: Mutex<Debounce>,
    changed: Notify,
    is_lost: AtomicBool,
    is_limited: AtomicBool,
}

/// A way to learn of changes.
enum Eye {
    Events {
        _watch: TreeWatch,
        root: PathBuf,
        identity: (u64, u64),
    },
    Looks(Looks),
}

/// What was seen the last time, and how to look again.
struct Looks {
    root: PathBuf,
    depth: Depth,
    sieve: Arc<Sieve>,
    last: Look,
    why: String,
}

/// Why an eye sees no more.
enum Blind {
    Lost(String),
    Limited,
}

impl<T: Fn(News)> Watcher<T> {
    async fn run(self) {
        let (mut was_lost, mut may_have_events) = (false, true);
        loop {
            let (wanted, attention) = (Arc::clone(&self.wanted), Arc::clone(&self.attention));
            let open = move || wanted.open(&attention, may_have_events);
            let blind = match tokio::task::spawn_blocking(open).await {
                Ok(Ok(eye)) => {
                    (self.tell)(eye.news());
                    if was_lost {
                        // What happened while nobody watched is not known.
                        self.attention.push();
                    }
                    was_lost = false;
                    self.attend(eye).await
                }
                Ok(Err(error)) => Blind::Lost(error),
                Err(panic) => Blind::Lost(panic.to_string()),
            };
            match blind {
                Blind::Limited => {
                    may_have_events = false;
                    was_lost = true;
                }
                Blind::Lost(why) => {
                    may_have_events = true;
                    if was_lost {
                        tokio::time::sleep(LOOK).await;
                    } else {
                        (self.tell)(News::Lost(why));
                    }
                    was_lost = true;
                }
            }
        }
    }

    /// Waits for changes and their end, for as long as the eye sees.
    async fn attend(&self, mut eye: Eye) -> Blind {
        let mut next_look = tokio::time::Instant::now() + eye.pause(Duration::ZERO);
        loop {
            if self.attention.is_lost.swap(false, Ordering::Relaxed) {
                return Blind::Lost(format!("{} is gone", self.wanted.spec.path.display()));
            }
            if self.attention.is_limited.swap(false, Ordering::Relaxed) {
                return Blind::Limited;
            }
            let deadline = self.attention.debounce().deadline();
            let quiet = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.attention.changed.notified() => {}
                () = quiet => if self.attention.debounce().poll(Instant::now()) {
                    (self.tell)(News::Changed);
                },
                () = tokio::time::sleep_until(next_look) => {
                    let began = Instant::now();
                    eye = match eye.look(&self.attention).await {
                        Ok(eye) => eye,
                        Err(why) => return Blind::Lost(why),
                    };
                    next_look = tokio::time::Instant::now() + eye.pause(began.elapsed());
                }
            }
        }
    }
}

impl Wanted {
    /// Begins to watch, in whatever way there is; says why there is none.
    fn open(&self, attention: &Arc<Attention>, may_have_events: bool) -> Result<Eye, String> {
        let path = &self.spec.path;
        let cannot = |error: io::Error| format!("cannot watch {}: {error}", path.display());
        let metadata = std::fs::metadata(path).map_err(cannot)?;
        let (root, only, depth) = match path.parent().zip(path.file_name()) {
            Some((parent, name)) if !metadata.is_dir() => (
                parent.to_owned(),
                Some(OsString::from(name)),
                Depth::Directory,
            ),
            _ if self.spec.recursive => (path.clone(), None, Depth::Tree),
            _ => (path.clone(), None, Depth::Directory),
        };
        let sieve = Sieve::new(&self.spec, &self.job, (root.clone(), only), canonical);
        let sieve = Arc::new(sieve);
        let looks = |why: &dyn Fn(usize) -> String| {
            let last = poll::look(&root, depth, |path| sieve.skips(path)).map_err(cannot)?;
            let why = why(last.directories);
            let (root, sieve) = (root.clone(), Arc::clone(&sieve));
            Ok(Eye::Looks(Looks {
                root,
                depth,
                sieve,
                last,
                why,
            }))
        };
        if system::is_remote(&root) {
            return looks(&|_| {
                "other machines may change this file system without a word".to_owned()
            });
        }
        if !may_have_events {
            return looks(&|directories| Limit::Watches.words(directories));
        }
        let metadata = std::fs::metadata(&root).map_err(cannot)?;
        match events(&root, depth, &sieve, attention) {
            Ok(watch) => Ok(Eye::Events {
                _watch: watch,
                identity: (metadata.dev(), metadata.ino()),
                root,
            }),
            Err(error) => match Limit::of(&error) {
                Some(limit) => looks(&|directories| limit.words(directories)),
                None => Err(error.to_string()),
            },
        }
    }
}

/// Asks the system to tell of changes.
fn events(
    root: &Path,
    depth: Depth,
    sieve: &Arc<Sieve>,
    attention: &Arc<Attention>,
) -> Result<TreeWatch, syft_state::Error> {
    let (skipping, sieve) = (Arc::clone(sieve), Arc::clone(sieve));
    let attention = Arc::clone(attention);
    let scope = Scope {
        depth,
        detail: Detail::All,
        skip: Some(Arc::new(move |path| skipping.skips(path))),
    };
    TreeWatch::with(root, scope, move |hint| attention.hint(&hint, &sieve))
}

impl Attention {
    fn hint(&self, hint: &Hint, sieve: &Sieve) {
        match hint {
            Hint::Lost => {
                self.is_lost.store(true, Ordering::Relaxed);
                self.changed.notify_one();
            }
            Hint::Limited => {
                self.is_limited.store(true, Ordering::Relaxed);
                self.changed.notify_one();
            }
            hint if sieve.lets_through(hint) => self.push(),
            _ => {}
        }
    }

    /// Notes a change: it is counted and forgotten, however many come.
    fn push(&self) {
        if self.debounce().push(Instant::now()) {
            self.changed.notify_one();
        }
    }

    fn debounce(&self) -> MutexGuard<'_, Debounce> {
        self.debounce
            .lock()
            .unwrap_or_else(|error| error.into_inner())
    }
}

impl Eye {
    fn news(&self) -> News {
        match self {
            Self::Events { .. } => News::Armed,
            Self::Looks(looks) => News::Polling(looks.why.clone()),
        }
    }

    /// Returns how long it does not look after it took so long.
    fn pause(&self, took: Duration) -> Duration {
        match self {
            Self::Events { .. } => CHECK,
            Self::Looks(_) => LOOK.max(took * LOOK_SHARE),
        }
    }

    /// Looks; says what is wrong when there is nothing to look at any more.
    async fn look(self, attention: &Arc<Attention>) -> Result<Self, String> {
        let attention = Arc::clone(attention);
        let look = move || match self {
            Self::Events {
                ref root, identity, ..
            } => {
                let found = std::fs::metadata(root)
                    .map_err(|error| format!("{} is gone: {error}", root.display()))?;
                if (found.dev(), found.ino()) == identity {
                    Ok(self)
                } else {
                    Err(format!("{} is another directory now", root.display()))
                }
            }
            Self::Looks(looks) => looks.again(&attention).map(Self::Looks),
        };
        tokio::task::spawn_blocking(look)
            .await
            .unwrap_or_else(|panic| Err(panic.to_string()))
    }
}

impl Looks {
    fn again(self, attention: &Attention) -> Result<Self, String> {
        let last = poll::look(&self.root, self.depth, |path| self.sieve.skips(path))
            .map_err(|error| format!("cannot look at {}: {error}", self.root.display()))?;
        self.last
            .compare(&last, |hint| attention.hint(&hint, &self.sieve));
        Ok(Self { last, ..self })
    }
}

#[cfg(test)]
mod tests;
