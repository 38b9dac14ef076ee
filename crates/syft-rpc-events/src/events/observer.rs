//! The task that compares, and one task per watch that calls its handler.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use syft_state::watch::{Change, Hint};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};

use super::{
    EventHandler, FileChange, FileEvent, Pattern, Watch, pending::Pending, snapshot::Snapshot,
};
use crate::{
    hints::{self, Hints, LOOKS_AT_DIRECTORY, Teller},
    tree::{Fingerprint, Tree, join},
};

/// How deep directories are looked into.
const DEPTH: usize = 64;
/// What has gone may be on its way to another name, of which the next event tells.
const DEPARTURE: Duration = Duration::from_millis(100);
/// All files are compared this often, whatever events there were.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
/// Sweeps take at most this part of the time.
const SWEEP_SHARE: u32 = 100;

/// A watch with its handler, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Observer {
    pub(crate) pattern: Pattern,
    pub(crate) watch: Watch,
    pub(crate) handler: EventHandler,
}

/// Running observers; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Observers {
    tell: Teller,
    tasks: Vec<JoinHandle<()>>,
}

impl Observers {
    /// Starts to compare; what is there now is known before this returns.
    pub(crate) async fn start(tree: Tree, observers: Vec<Observer>) -> Self {
        let (tell, hints) = hints::channel();
        let mut tasks = Vec::new();
        let mut outlets = Vec::new();
        for observer in observers {
            let (outlet, events) = mpsc::unbounded_channel();
            let root = tree.root().to_owned();
            tasks.push(tokio::spawn(attend(events, observer.clone(), root)));
            outlets.push((observer, outlet));
        }
        let mut engine = Engine {
            tree,
            outlets: outlets.into(),
            snapshot: Snapshot::default(),
            later: BTreeMap::new(),
            later_count: 0,
        };
        engine.begin().await;
        tasks.push(tokio::spawn(engine.run(hints)));
        Self { tell, tasks }
    }

    /// Returns where hints are to be told.
    pub(crate) fn tell(&self) -> Teller {
        self.tell.clone()
    }
}

impl Drop for Observers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

type Outlet = mpsc::UnboundedSender<(String, FileChange)>;

/// Owns what is known of all files.
struct Engine {
    tree: Tree,
    outlets: Arc<[(Observer, Outlet)]>,
    snapshot: Snapshot,
    /// Paths to look at again, by when.
    later: BTreeMap<(Instant, u64), String>,
    later_count: u64,
}

impl Engine {
    async fn begin(&mut self) {
        for (path, print) in self.scan("").await {
            self.snapshot.set(&path, Some(print), |_| false);
            for (observer, outlet) in self.outlets.iter() {
                if observer.watch.replays && observer.pattern.matches(&path) {
                    // A handler that has ended hears nothing.
                    outlet.send((path.clone(), FileChange::Created)).ok();
                }
            }
        }
    }

    async fn run(mut self, mut hints: Hints) {
        let mut next_sweep = Instant::now() + SWEEP_EVERY;
        loop {
            let later = self.later.keys().next().map(|(at, _)| *at);
            let wake = later.map_or(next_sweep, |at| at.min(next_sweep));
            tokio::select! {
                hint = hints.next() => match hint {
                    Some(Hint::Everything) => next_sweep = Instant::now(),
                    Some(hint) => self.hint(hint),
                    None => return,
                },
                () = tokio::time::sleep_until(wake.into()) => {}
            }
            let now = Instant::now();
            while let Some(entry) = self.later.first_entry()
                && entry.key().0 <= now
            {
                let path = entry.remove();
                self.look(&path);
                self.compare(&path).await;
            }
            if next_sweep <= now || hints.lost_any() {
                let began = Instant::now();
                self.compare("").await;
                let pause = SWEEP_EVERY.max(began.elapsed() * SWEEP_SHARE);
                next_sweep = Instant::now() + pause;
            }
        }
    }

    fn hint(&mut self, hint: Hint) {
        match hint {
            Hint::File { path, change } => {
                let Some(path) = self.relative(&path) else {
                    return;
                };
                // A directory that has gone took with it what was below.
                if change == Change::Removed {
                    self.look_later(&path, DEPARTURE);
                } else {
                    self.look_for(&path);
                }
            }
            Hint::Renamed { from, to } => {
                let (from, to) = (self.relative(&from), self.relative(&to));
                if let Some(to) = &to {
                    self.arrived(from.as_deref(), to);
                    self.look_into(to);
                }
                if let Some(from) = &from {
                    self.look_later(from, DEPARTURE);
                }
            }
            Hint::Directory(path) => {
                if let Some(path) = self.relative(&path) {
                    self.look_into(&path);
                }
            }
            _ => {}
        }
    }

    fn look_into(&mut self, path: &str) {
        for millis in LOOKS_AT_DIRECTORY {
            self.look_later(path, Duration::from_millis(millis));
        }
    }

    fn look_later(&mut self, path: &str, wait: Duration) {
        self.later_count += 1;
        let key = (Instant::now() + wait, self.later_count);
        self.later.insert(key, path.to_owned());
    }

    /// Compares one file with what was known of it.
    fn look(&mut self, path: &str) {
        if !self.is_wanted(path) {
            return;
        }
        let print = self.tree.look(path).ok();
        self.set(path, print);
    }

    /// Looks at a file of which something was heard a moment ago.
    fn look_for(&mut self, path: &str) {
        if !self.is_wanted(path) {
            return;
        }
        match self.tree.look(path) {
            Ok(print) => self.set(path, Some(print)),
            // It may be on its way to another name already.
            Err(_) => self.look_later(path, DEPARTURE),
        }
    }

    /// Looks at a file that the system says had another name before.
    ///
    /// It may have been written since it was last looked at; then only the name tells which it was.
    fn arrived(&mut self, from: Option<&str>, to: &str) {
        let from = from.filter(|from| self.is_wanted(to) && self.tree.look(from).is_err());
        let print = self.tree.look(to).ok();
        let moved = from
            .zip(print)
            .and_then(|(from, print)| self.snapshot.rename(from, to, print));
        match moved {
            Some(change) => self.tell_all(to, &change),
            None => self.look(to),
        }
    }

    fn set(&mut self, path: &str, print: Option<Fingerprint>) {
        let tree = &self.tree;
        let is_gone = |path: &str| tree.look(path).is_err();
        let Some(change) = self.snapshot.set(path, print, is_gone) else {
            return;
        };
        self.tell_all(path, &change);
    }

    fn tell_all(&self, path: &str, change: &FileChange) {
        self.tell(path, change);
        if let FileChange::Moved { from } = change {
            self.tell_leavers(from, path);
        }
    }

    /// Whoever cares for the old name alone hears that it is gone.
    fn tell_leavers(&self, from: &str, to: &str) {
        for (observer, outlet) in self.outlets.iter() {
            let pattern = &observer.pattern;
            if pattern.matches(from) && !pattern.matches(to) {
                outlet.send((from.to_owned(), FileChange::Removed)).ok();
            }
        }
    }

    /// Compares everything below a directory with what was known of it.
    async fn compare(&mut self, directory: &str) {
        let found = self.scan(directory).await;
        // Arrivals come first, so that a move is one and not an end and a beginning.
        for (path, print) in &found {
            self.set(path, Some(*print));
        }
        let there: BTreeSet<&String> = found.iter().map(|(path, _)| path).collect();
        let known = self.snapshot.below(directory);
        for path in known.iter().filter(|path| !there.contains(path)) {
            // What is gone from here may be somewhere else, of which a hint is on its way.
            self.look_later(path, DEPARTURE);
        }
    }

    /// Lists the files below a directory that some watch cares about.
    async fn scan(&self, directory: &str) -> Vec<(String, Fingerprint)> {
        let (tree, outlets) = (self.tree.clone(), Arc::clone(&self.outlets));
        let directory = directory.to_owned();
        let scan = spawn_blocking(move || {
            let mut found = Vec::new();
            list(&tree, &directory, DEPTH, &outlets, &mut found);
            found
        });
        scan.await.unwrap_or_default()
    }

    fn is_wanted(&self, path: &str) -> bool {
        is_wanted(&self.outlets, path)
    }

    fn tell(&self, path: &str, change: &FileChange) {
        for (observer, outlet) in self.outlets.iter() {
            if observer.pattern.matches(path) {
                // Kinds that are not told are joined with those that are.
                outlet.send((path.to_owned(), change.clone())).ok();
            }
        }
    }

    fn relative(&self, path: &Path) -> Option<String> {
        let path = path.strip_prefix(self.tree.root()).ok()?;
        path.to_str().map(str::to_owned)
    }
}

fn is_wanted(outlets: &[(Observer, Outlet)], path: &str) -> bool {
    outlets
        .iter()
        .any(|(observer, _)| observer.pattern.matches(path))
}

fn list(
    tree: &Tree,
    directory: &str,
    depth: usize,
    outlets: &[(Observer, Outlet)],
    found: &mut Vec<(String, Fingerprint)>,
) {
    // What cannot be listed has vanished, or is a link that nobody follows.
    for entry in tree.list(directory).unwrap_or_default() {
        let path = join(directory, &entry.name);
        if entry.is_directory {
            if depth > 0 {
                list(tree, &path, depth - 1, outlets, found);
            }
        } else if is_wanted(outlets, &path)
            && let Ok(print) = tree.look(&path)
        {
            found.push((path, print));
        }
    }
}

/// Calls one handler with its events, one after the other; nothing it does reaches others.
async fn attend(
    mut events: mpsc::UnboundedReceiver<(String, FileChange)>,
    observer: Observer,
    root: std::path::PathBuf,
) {
    let Observer { watch, handler, .. } = observer;
    let mut pending = Pending::new(watch.debounce);
    loop {
        let now = Instant::now();
        while let Ok((path, change)) = events.try_recv() {
            pending.push(&path, change, now);
        }
        if let Some((path, change)) = pending.pop(now) {
            if !watch.kinds.contains(&change.kind()) {
                continue;
            }
            let event = FileEvent {
                absolute: root.join(&path),
                datasite: path.split('/').next().and_then(|name| name.parse().ok()),
                path,
                change,
            };
            let call = AssertUnwindSafe(handler.call(event));
            // Row 10: a handler's panic is its own.
            if call.catch_unwind().await.is_err() {
                tracing::error!("a watch's handler panicked");
            }
            continue;
        }
        let arrival = async {
            match pending.deadline() {
                Some(at) => tokio::time::timeout_at(at.into(), events.recv())
                    .await
                    .unwrap_or(None),
                None => events.recv().await,
            }
        };
        match arrival.await {
            Some((path, change)) => pending.push(&path, change, Instant::now()),
            None if pending.deadline().is_none() && events.is_closed() => return,
            None => {}
        }
    }
}
