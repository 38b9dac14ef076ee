//! The task that owns all state of a server.

use std::{
    future::{Future, ready},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use syft_state::{
    Timestamp,
    fs::Lock,
    watch::{Hint, TreeWatch},
};
use tokio::{
    sync::mpsc,
    task::{JoinSet, spawn_blocking},
};

use super::{
    ServerOptions, StartError, UnknownEndpoint, Watching,
    health::Board,
    inbox::{Inbox, Look, Next, whose},
    journal::{Journal, key_of},
    look::{Effort, Letter, Looker, Outcome, unreadable},
    queue::FairQueue,
    reply::Writer,
    scans::Scans,
    setup,
    sweep::{Found, Pace},
};
use crate::{
    hints::{self, Hints, Teller, may_be_request},
    layout::{AppPaths, Workspace},
    message::Status,
    request::Request,
    response::{IntoResponse as _, Response},
    router::Routes,
    tree::{Fingerprint, Tree},
};

/// How much of one kind is done between two looks at the other work.
const HINTS: usize = 4_096;
const LOOKS: usize = 64;
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
        let me = app.datasite().clone();
        let mut engine = Self {
            _lock: lock,
            watch: None,
            watching,
            hints,
            tell,
            looker: Looker {
                tree: tree.clone(),
                me: me.clone(),
                app: app.name().to_owned(),
                limit: options.max_file,
                leeway: options.leeway,
            },
            writer: Writer {
                tree: tree.clone(),
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

    /// Watches the tree; where that is not possible, sweeps have to do.
    fn watch(&mut self) {
        if self.watching == Watching::Shared {
            return self.board.note(|health| health.is_watching = true);
        }
        let tell = self.tell.clone();
        let watch = TreeWatch::new(self.tree.root(), move |hint| {
            if may_be_request(&hint) {
                tell.tell(hint);
            }
        });
        self.watch = match watch {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::warn!("{error}: new requests are found by sweeps");
                None
            }
        };
        let is_watching = self.watch.is_some();
        self.board.note(|health| health.is_watching = is_watching);
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
        let times = [self.inbox.deadline(), scan, self.pace.deadline()];
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
        for path in self.inbox.poll(now, LOOKS) {
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

    /// Looks into directories that are new, on another thread: a peer may have filled them.
    fn scan(&mut self, now: Instant) {
        if self.is_scanning {
            return;
        }
        let directories = self.scans.poll(now);
        if directories.is_empty() {
            return;
        }
        self.is_scanning = true;
        let tree = self.tree.clone();
        self.work.spawn(async move {
            let scan = move || Found::below(&tree, directories.iter().map(|path| &**path));
            Done::Scanned(spawn_blocking(scan).await.unwrap_or_default())
        });
    }

    fn sweep(&mut self, now: Instant) {
        if !self.pace.begin(now) {
            return;
        }
        if !self.tree.root().is_dir() {
            self.rebuild();
        }
        let tree = self.tree.clone();
        self.work.spawn(async move {
            let began = Instant::now();
            let found = spawn_blocking(move || Found::below(&tree, [""])).await;
            Done::Swept(found.unwrap_or_default(), began.elapsed())
        });
    }

    /// Somebody has removed the whole tree: it is made anew, and watched again.
    fn rebuild(&mut self) {
        if let Err(error) = setup::make_endpoints(&self.tree, &self.routes) {
            tracing::error!("{error}");
        }
        self.watch();
    }

    fn swept(&mut self, found: &Found, took: Duration) {
        let now = Instant::now();
        let is_first = self.board.health(true).last_sweep.is_none();
        for (path, print) in &found.open {
            self.inbox.saw(path, *print, now);
        }
        if is_first {
            // Only now may an answer be an old one (row 19); later an event tells of the request.
            for path in &found.answered {
                self.inbox.hint(path, now);
            }
        }
        self.inbox.retain(|path| found.has(path));
        self.pace.ended(now, took);
        self.board.note(|health| health.last_sweep = Some(now));
        if self.watch.is_none() && self.watching == Watching::Own {
            self.watch();
        }
    }

    /// Looks at large files, few at a time, on threads of their own.
    fn look_at_large(&mut self) {
        while self.large_running < LARGE_LOOKS
            && self.held < HELD
            && let Some(path) = self.large.pop()
        {
            self.large_running += 1;
            let looker = self.looker.clone();
            self.work.spawn(async move {
                let at = Arc::clone(&path);
                let look = move || looker.look(&at, Effort::Thorough, now());
                let outcome = spawn_blocking(look).await;
                Done::Looked(path, outcome.unwrap_or(Outcome::Nothing(Look::Gone)))
            });
        }
    }

    fn looked(&mut self, path: &Arc<str>, outcome: Outcome) {
        let now_here = Instant::now();
        match outcome {
            Outcome::Nothing(look) => drop(self.inbox.looked(path, look, now_here)),
            Outcome::TooLong => {
                let pushed = self.large.push(&whose(path).to_owned(), Arc::clone(path));
                pushed.expect("it has no limits");
            }
            Outcome::Unreadable(letter, error) => {
                tracing::debug!("{path} cannot be read yet: {error}");
                let look = Look::Unreadable(letter.print);
                if self.inbox.looked(path, look, now_here) == Next::GiveUp {
                    tracing::warn!("{path} is no request: {error}");
                    self.held += letter.held;
                    self.refuse(letter, unreadable(&error));
                }
            }
            Outcome::Refuse(letter, response) => {
                self.held += letter.held;
                self.inbox.looked(path, Look::Taken, now_here);
                self.refuse(letter, response);
            }
            Outcome::Handle(letter, request) => {
                self.held += letter.held;
                self.inbox.looked(path, Look::Taken, now_here);
                self.enqueue(letter, request);
            }
        }
    }

    fn enqueue(&mut self, letter: Letter, request: Request) {
        let is_known = self.routes.has(&letter.place.endpoint) || self.routes.has_fallback();
        if !is_known && self.options.unknown == UnknownEndpoint::Ignore {
            return self.settle(&letter, Some(letter.print));
        }
        let key = key_of(request.id, request.created);
        let was_interrupted = |journal: &Journal| journal.was_interrupted(&key);
        if self.journal.as_ref().is_some_and(was_interrupted) {
            tracing::warn!("{} was interrupted and is not handled again", letter.path);
            return self.refuse(letter, Response::internal_error());
        }
        let sender = request.sender.email().key();
        if let Err((letter, _)) = self.queue.push(&sender, (letter, request)) {
            tracing::warn!("{}: too many requests of {sender} wait", letter.path);
            let response = (Status::TOO_MANY_REQUESTS, "Too many requests wait.").into_response();
            self.refuse(letter, response);
        }
    }

    fn start_handlers(&mut self) {
        while self.running < self.options.concurrency.get() {
            let Some((letter, request)) = self.queue.pop() else {
                break;
            };
            let key = key_of(request.id, request.created);
            if let Some(journal) = &mut self.journal
                && let Err(error) = journal.begin(key)
            {
                // Without a note of the beginning a crash would not be noticed: it waits.
                tracing::error!("cannot write the journal: {error}");
                self.work.spawn(async move {
                    tokio::time::sleep(AGAIN).await;
                    Done::Delayed(letter, request)
                });
                break;
            }
            self.running += 1;
            let routes = self.routes.clone();
            let response = async move { routes.dispatch(request).await };
            self.deliver(letter, By::Handler, response);
        }
    }

    fn refuse(&mut self, letter: Letter, response: Response) {
        self.deliver(letter, By::Server, ready(response));
    }

    fn deliver<F>(&mut self, letter: Letter, by: By, response: F)
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let writer = self.writer.clone();
        self.work.spawn(async move {
            let response = response.await;
            let outcome = writer.deliver(&letter, response).await;
            Done::Answered(letter, outcome, by)
        });
    }

    fn answered(&mut self, letter: Letter, outcome: Result<Option<Fingerprint>, Response>, by: By) {
        self.running -= usize::from(by == By::Handler);
        self.board.note(|health| match by {
            By::Handler => health.handled += 1,
            By::Server => health.refused += 1,
            By::Retry => {}
        });
        match outcome {
            Ok(print) => self.finish(&letter, print),
            Err(response) => {
                self.board.note(|health| health.unwritten += 1);
                let again = async move {
                    tokio::time::sleep(AGAIN).await;
                    response
                };
                self.deliver(letter, By::Retry, again);
            }
        }
    }

    fn finish(&mut self, letter: &Letter, print: Option<Fingerprint>) {
        let created = letter.told.as_ref().map(|told| told.created);
        if let (Some(journal), Some(created)) = (&mut self.journal, created)
            && let Err(error) = journal.end(key_of(letter.place.id, created))
        {
            tracing::error!("cannot write the journal: {error}");
        }
        self.settle(letter, print);
    }

    fn settle(&mut self, letter: &Letter, print: Option<Fingerprint>) {
        self.held -= letter.held;
        self.inbox.finished(&letter.path, print, Instant::now());
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
