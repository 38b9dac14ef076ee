//! The task that owns all state of a server.

mod answer;
mod find;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use syft_state::{
    Timestamp,
    fs::Lock,
    watch::{Hint, TreeWatch},
};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    ServerOptions, StartError, Watching,
    health::Board,
    inbox::Inbox,
    journal::Journal,
    look::{Effort, Letter, Looker, Outcome},
    queue::FairQueue,
    recent::Recent,
    reply::Writer,
    scans::Scans,
    setup,
    sweep::{Found, Pace},
};
use crate::{
    hints::{self, Hints, Teller},
    layout::{AppPaths, Workspace},
    request::Request,
    response::Response,
    router::Routes,
    tree::{Fingerprint, Tree},
};

/// How much of one kind is done between two looks at the other work.
const HINTS: usize = 4_096;
/// How many refusals are written at once. While so many are, nothing is looked at, and in looks
/// senders take turns: whoever writes a hundred thousand files that are none delays nobody else.
const REFUSALS: usize = 16;
/// How many large files are read at once; each may take many times its size.
const LARGE_LOOKS: usize = 2;
/// While large requests of so many bytes are at hand, others wait as files.
const HELD: u64 = 64 * 1024 * 1024;
/// What could not be written is tried again after this.
const AGAIN: Duration = Duration::from_millis(500);

pub(super) enum Command {
    Sweep,
    Stop(Duration),
}

pub(super) struct Engine {
    _lock: Lock,
    watch: Option<TreeWatch>,
    watching: Watching,
    hints: Hints,
    tell: Teller,
    tree: Tree,
    looker: Looker,
    writer: Writer,
    routes: Routes,
    options: ServerOptions,
    inbox: Inbox,
    queue: FairQueue<String, (Letter, Request)>,
    journal: Option<Journal>,
    work: JoinSet<Done>,
    scans: Scans,
    is_scanning: bool,
    pace: Pace,
    /// Files that are too large to be looked at here.
    large: FairQueue<String, Arc<str>>,
    large_running: usize,
    /// How many bytes of large requests are in memory.
    held: u64,
    running: usize,
    refusing: usize,
    board: Arc<Board>,
}

/// Work that came back from another task.
enum Done {
    Looked(Arc<str>, Outcome),
    /// The response is written, or it comes back because it cannot be.
    Answered(Letter, Result<Option<Fingerprint>, Response>, By),
    Delayed(Letter, Request),
    Scanned(Found),
    Swept(Found, Duration),
}

/// Whose answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Handler,
    Server,
    /// It is written once more.
    Retry,
}

impl Engine {
    pub(super) fn new(
        workspace: &Workspace,
        app: &AppPaths,
        routes: Routes,
        options: ServerOptions,
        watching: Watching,
        board: Arc<Board>,
    ) -> Result<Self, StartError> {
        let lock = setup::lock(workspace, app)?;
        let tree = Tree::new(app.rpc(), workspace.staging());
        tree.make_directory("")
            .map_err(StartError::files("make the directory", app.rpc()))?;
        setup::make_endpoints(&tree, &routes)?;
        setup::prepare(workspace, app, &routes, &options)?;
        let journal = options
            .journal
            .as_deref()
            .map(|path| Journal::open(path).map_err(StartError::files("open the journal", path)));
        let (tell, hints) = hints::channel();
        let recent = Recent::new(tree.clone());
        let me = app.datasite().clone();
        let mut engine = Self {
            _lock: lock,
            watch: None,
            watching,
            hints,
            tell,
            looker: Looker {
                recent: recent.clone(),
                me: me.clone(),
                app: app.name().to_owned(),
                limit: options.max_file,
                leeway: options.leeway,
            },
            writer: Writer {
                tree: tree.clone(),
                recent,
                me,
                app: app.name().to_owned(),
            },
            tree,
            routes,
            inbox: Inbox::new(board.claims.clone()),
            queue: FairQueue::new(options.waiting_per_sender, options.waiting),
            pace: Pace::new(options.sweep_every, Instant::now()),
            options,
            journal: journal.transpose()?,
            work: JoinSet::new(),
            scans: Scans::default(),
            is_scanning: false,
            // There are not more of them than files.
            large: FairQueue::new(usize::MAX, usize::MAX),
            large_running: 0,
            held: 0,
            running: 0,
            refusing: 0,
            board,
        };
        // Row 15: the watch comes before the first sweep, so that nothing falls between them.
        engine.watch();
        Ok(engine)
    }

    /// Returns where hints are told.
    pub(super) fn tell(&self) -> Teller {
        self.tell.clone()
    }

    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        loop {
            let wake = self.next_wake();
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Sweep) => self.pace.urge(),
                    Some(Command::Stop(deadline)) => return self.drain(deadline).await,
                    // Whoever held the server has dropped it.
                    None => return,
                },
                Some(hint) = self.hints.next() => self.hint(hint),
                Some(done) = self.work.join_next() => match done {
                    Ok(done) => self.done(done),
                    Err(error) => tracing::error!("a task of the server failed: {error}"),
                },
                () = sleep_until(wake) => {}
            }
            for _ in 0..HINTS {
                match self.hints.try_next() {
                    Some(hint) => self.hint(hint),
                    None => break,
                }
            }
            while let Some(Ok(done)) = self.work.try_join_next() {
                self.done(done);
            }
            self.step();
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        let scan = self.scans.deadline().filter(|_| !self.is_scanning);
        // Without room for looks, the end of a refusal wakes it.
        let looks = self.inbox.deadline().filter(|_| self.room() > 0);
        let times = [looks, scan, self.pace.deadline()];
        times.into_iter().flatten().min()
    }

    /// Does everything that is due.
    fn step(&mut self) {
        let now = Instant::now();
        if self.hints.lost_any() {
            self.pace.urge();
        }
        self.scan(now);
        self.sweep(now);
        for path in self.inbox.poll(now, self.room()) {
            let outcome = self.looker.look(&path, Effort::Quick, self::now());
            self.looked(&path, outcome);
        }
        self.look_at_large();
        self.start_handlers();
        let (unreadable, waiting, running) = (self.inbox.waiting(), self.queue.len(), self.running);
        self.board.note(|health| {
            health.unreadable = unreadable;
            health.waiting = waiting;
            health.running = running;
        });
    }

    /// Returns how many more files may be looked at now: each may be one to refuse.
    fn room(&self) -> usize {
        REFUSALS.saturating_sub(self.refusing)
    }

    fn hint(&mut self, hint: Hint) {
        let now = Instant::now();
        self.board.note(|health| health.last_event = Some(now));
        match hint {
            Hint::File { path, .. } | Hint::Renamed { to: path, .. } => {
                if let Some(path) = self.relative(&path)
                    && path.ends_with(crate::layout::REQUEST)
                {
                    self.inbox.hint(&path, now);
                }
            }
            Hint::Directory(path) => {
                if let Some(path) = self.relative(&path)
                    && self.scans.push(&path, now)
                {
                    self.pace.urge();
                }
            }
            _ => self.pace.urge(),
        }
    }

    fn relative(&self, path: &Path) -> Option<String> {
        let path = path.strip_prefix(self.tree.root()).ok()?;
        path.to_str().map(str::to_owned)
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Looked(path, outcome) => {
                self.large_running -= 1;
                self.looked(&path, outcome);
            }
            Done::Answered(letter, outcome, by) => self.answered(letter, outcome, by),
            Done::Delayed(letter, request) => self.enqueue(letter, request),
            Done::Scanned(found) => {
                self.is_scanning = false;
                let now = Instant::now();
                for (path, print) in &found.open {
                    self.inbox.saw(path, *print, now);
                }
            }
            Done::Swept(found, took) => self.swept(&found, took),
        }
    }

    /// Lets what runs finish; what waits is found again by the next start.
    async fn drain(mut self, deadline: Duration) {
        let deadline = tokio::time::Instant::now() + deadline;
        while self.running > 0 {
            match tokio::time::timeout_at(deadline, self.work.join_next()).await {
                Ok(Some(Ok(done @ Done::Answered(..)))) => self.done(done),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => {
                    tracing::warn!("{} handlers were cut off", self.running);
                    break;
                }
            }
        }
    }
}

/// Sleeps until then, or for ever.
async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the engine is the shell that reads the clock"
)]
fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}
