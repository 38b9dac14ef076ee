//! The task that owns all state of a server.

use std::{
    collections::BTreeMap,
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
    ServerOptions, StartError, UnknownEndpoint,
    health::Board,
    inbox::{Inbox, Look, Next},
    journal::{Journal, key_of},
    look::{Letter, Looker, Outcome},
    queue::FairQueue,
    reply::Writer,
    setup,
    sweep::Found,
};
use crate::{
    layout::{AppPaths, Workspace},
    message::Status,
    request::Request,
    response::{IntoResponse as _, Response},
    router::Routes,
    tree::{Fingerprint, Tree},
};

/// Hints that are not yet read; more of them become one sweep.
const HINTS: usize = 65_536;
/// Files up to this size are read at once, others on a thread of their own.
const SMALL: u64 = 64 * 1024;
/// How many files are looked at between two looks at the other work.
const BATCH: usize = 64;
/// A new directory may be filled before it is watched: it is looked at this long afterwards.
const LOOKS_AT_DIRECTORY: [u64; 4] = [0, 10, 40, 120];
/// An answer that could not be written is tried again after this.
const REWRITE: Duration = Duration::from_millis(500);
/// Sweeps take at most this part of the time.
const SWEEP_SHARE: u32 = 100;

pub(super) enum Command {
    Sweep,
    Stop(Duration),
}

pub(super) struct Engine {
    _lock: Lock,
    watch: Option<TreeWatch>,
    hints: mpsc::Receiver<Hint>,
    tell: mpsc::Sender<Hint>,
    tree: Tree,
    looker: Looker,
    writer: Writer,
    routes: Routes,
    options: ServerOptions,
    inbox: Inbox,
    queue: FairQueue<String, (Letter, Request)>,
    journal: Option<Journal>,
    work: JoinSet<Done>,
    /// Directories to look at again, by when.
    directories: BTreeMap<(Instant, u64), String>,
    directory_count: u64,
    next_sweep: Instant,
    running: usize,
    board: Arc<Board>,
}

/// Work that came back from another task.
enum Done {
    Looked(Arc<str>, Outcome),
    Answered(Letter, Option<Response>, bool),
    Swept(Found, Duration),
    Rewrite(Letter, Response, bool),
}

impl Engine {
    pub(super) fn new(
        workspace: &Workspace,
        app: &AppPaths,
        routes: Routes,
        options: ServerOptions,
        board: Arc<Board>,
    ) -> Result<Self, StartError> {
        let lock = setup::lock(workspace, app)?;
        let tree = Tree::new(app.rpc(), workspace.staging());
        tree.make_directory("")
            .map_err(StartError::files("make the directory", app.rpc()))?;
        setup::make_endpoints(&tree, &routes)?;
        let journal = options
            .journal
            .as_deref()
            .map(|path| Journal::open(path).map_err(StartError::files("open the journal", path)));
        let (tell, hints) = mpsc::channel(HINTS);
        let me = app.datasite().clone();
        let mut engine = Self {
            _lock: lock,
            watch: None,
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
            inbox: Inbox::default(),
            queue: FairQueue::new(options.waiting_per_sender, options.waiting),
            options,
            journal: journal.transpose()?,
            work: JoinSet::new(),
            directories: BTreeMap::new(),
            directory_count: 0,
            next_sweep: Instant::now(),
            running: 0,
            board,
        };
        // Row 15: the watch comes before the first sweep, so that nothing falls between them.
        engine.watch();
        Ok(engine)
    }

    /// Watches the tree; where that is not possible, sweeps have to do.
    fn watch(&mut self) {
        let tell = self.tell.clone();
        let watch = TreeWatch::new(self.tree.root(), move |hint| {
            // A queue that is full loses hints; the next sweep makes up for them.
            tell.try_send(hint).ok();
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
                    Some(Command::Sweep) => self.next_sweep = Instant::now(),
                    Some(Command::Stop(deadline)) => return self.drain(deadline).await,
                    // Whoever held the server has dropped it.
                    None => return,
                },
                Some(hint) = self.hints.recv() => self.hint(hint),
                Some(done) = self.work.join_next() => match done {
                    Ok(done) => self.done(done),
                    Err(error) => tracing::error!("a task of the server failed: {error}"),
                },
                () = tokio::time::sleep_until(wake.into()) => {}
            }
            while let Ok(hint) = self.hints.try_recv() {
                self.hint(hint);
            }
            self.step();
        }
    }

    fn next_wake(&self) -> Instant {
        let directory = self.directories.keys().next().map(|(at, _)| *at);
        let others = [self.inbox.deadline(), directory];
        others
            .into_iter()
            .flatten()
            .fold(self.next_sweep, Instant::min)
    }

    /// Does everything that is due.
    fn step(&mut self) {
        let now = Instant::now();
        while let Some(entry) = self.directories.first_entry()
            && entry.key().0 <= now
        {
            let directory = entry.remove();
            self.look_into(&directory, now);
        }
        if self.next_sweep <= now {
            self.sweep(now);
        }
        for path in self.inbox.poll(now, BATCH) {
            self.look(path);
        }
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
                let Some(path) = self.relative(&path) else {
                    return;
                };
                for millis in LOOKS_AT_DIRECTORY {
                    self.directory_count += 1;
                    let at = now + Duration::from_millis(millis);
                    self.directories
                        .insert((at, self.directory_count), path.clone());
                }
            }
            _ => self.next_sweep = now,
        }
    }

    fn relative(&self, path: &Path) -> Option<String> {
        let path = path.strip_prefix(self.tree.root()).ok()?;
        path.to_str().map(str::to_owned)
    }

    /// Looks into one directory, at once: it is new, so there is little in it.
    fn look_into(&mut self, directory: &str, now: Instant) {
        let found = Found::below(&self.tree, directory);
        for (path, print) in &found.open {
            self.inbox.saw(path, *print, now);
        }
    }

    fn sweep(&mut self, now: Instant) {
        // The next one is set when this one has come back.
        self.next_sweep = now + Duration::from_secs(3600);
        if !self.tree.root().is_dir() {
            self.rebuild();
        }
        let tree = self.tree.clone();
        self.work.spawn(async move {
            let began = Instant::now();
            let found = spawn_blocking(move || Found::below(&tree, "")).await;
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
        self.next_sweep = now + self.options.sweep_every.max(took * SWEEP_SHARE);
        self.board.note(|health| health.last_sweep = Some(now));
        if self.watch.is_none() {
            self.watch();
        }
    }

    fn look(&mut self, path: Arc<str>) {
        let is_small = self
            .tree
            .look(&path)
            .is_ok_and(|print| print.length() <= SMALL);
        if is_small {
            let outcome = self.looker.look(&path, now());
            return self.looked(&path, outcome);
        }
        let looker = self.looker.clone();
        self.work.spawn(async move {
            let at = Arc::clone(&path);
            let outcome = spawn_blocking(move || looker.look(&at, now())).await;
            Done::Looked(path, outcome.unwrap_or(Outcome::Nothing(Look::Gone)))
        });
    }

    fn looked(&mut self, path: &str, outcome: Outcome) {
        let now_here = Instant::now();
        match outcome {
            Outcome::Nothing(look) => {
                if self.inbox.looked(path, look, now_here) == Next::GiveUp {
                    let outcome = self.looker.give_up(path, now());
                    match outcome {
                        Outcome::Nothing(_) => self.inbox.finished(path, None, now_here),
                        outcome => self.looked(path, outcome),
                    }
                }
            }
            Outcome::Refuse(letter, response) => {
                self.inbox.looked(path, Look::Taken, now_here);
                self.refuse(letter, response);
            }
            Outcome::Handle(letter, request) => {
                self.inbox.looked(path, Look::Taken, now_here);
                self.enqueue(letter, request);
            }
        }
    }

    fn enqueue(&mut self, letter: Letter, request: Request) {
        let is_known = self.routes.has(&letter.place.endpoint) || self.routes.has_fallback();
        if !is_known && self.options.unknown == UnknownEndpoint::Ignore {
            let print = Some(letter.print);
            return self.inbox.finished(&letter.path, print, Instant::now());
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
                    tokio::time::sleep(REWRITE).await;
                    Done::Looked(
                        letter.path.as_str().into(),
                        Outcome::Handle(letter, request),
                    )
                });
                break;
            }
            self.running += 1;
            let routes = self.routes.clone();
            self.work.spawn(async move {
                let response = routes.dispatch(request).await;
                Done::Answered(letter, Some(response), true)
            });
        }
    }

    fn refuse(&mut self, letter: Letter, response: Response) {
        self.write(letter, response, false);
    }

    fn write(&mut self, letter: Letter, response: Response, is_handled: bool) {
        let is_small = response
            .body
            .as_ref()
            .is_none_or(|body| body.len() as u64 <= SMALL);
        if is_small {
            let outcome = self.writer.write(&letter, response.clone(), now());
            return self.written(letter, response, is_handled, outcome);
        }
        let writer = self.writer.clone();
        self.work.spawn(async move {
            let copy = (letter.clone(), response.clone());
            let outcome = spawn_blocking(move || writer.write(&copy.0, copy.1, now())).await;
            match outcome.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
                Ok(print) => {
                    let letter = Letter {
                        print: print.unwrap_or(letter.print),
                        ..letter
                    };
                    Done::Answered(letter, None, is_handled)
                }
                Err(error) => {
                    tracing::error!("cannot answer {}: {error}", letter.path);
                    tokio::time::sleep(REWRITE).await;
                    Done::Rewrite(letter, response, is_handled)
                }
            }
        });
    }

    fn written(
        &mut self,
        letter: Letter,
        response: Response,
        is_handled: bool,
        outcome: std::io::Result<Option<Fingerprint>>,
    ) {
        match outcome {
            Ok(print) => self.finish(&letter, print, is_handled),
            Err(error) => {
                tracing::error!("cannot answer {}: {error}", letter.path);
                self.board.note(|health| health.unwritten += 1);
                self.work.spawn(async move {
                    tokio::time::sleep(REWRITE).await;
                    Done::Rewrite(letter, response, is_handled)
                });
            }
        }
    }

    fn finish(&mut self, letter: &Letter, print: Option<Fingerprint>, is_handled: bool) {
        let created = letter.told.as_ref().map(|told| told.created);
        if let (Some(journal), Some(created)) = (&mut self.journal, created)
            && let Err(error) = journal.end(key_of(letter.place.id, created))
        {
            tracing::error!("cannot write the journal: {error}");
        }
        self.inbox.finished(&letter.path, print, Instant::now());
        self.board.note(|health| {
            if is_handled {
                health.handled += 1;
            } else {
                health.refused += 1;
            }
        });
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Looked(path, outcome) => self.looked(&path, outcome),
            Done::Answered(letter, Some(response), is_handled) => {
                self.running -= 1;
                self.write(letter, response, is_handled);
            }
            Done::Answered(letter, None, is_handled) => {
                let print = Some(letter.print);
                self.finish(&letter, print, is_handled);
            }
            Done::Rewrite(letter, response, is_handled) => self.write(letter, response, is_handled),
            Done::Swept(found, took) => self.swept(&found, took),
        }
    }

    /// Lets what runs finish; what waits is found again by the next start.
    async fn drain(mut self, deadline: Duration) {
        let deadline = tokio::time::Instant::now() + deadline;
        while self.running > 0 {
            match tokio::time::timeout_at(deadline, self.work.join_next()).await {
                Ok(Some(Ok(Done::Answered(letter, Some(response), is_handled)))) => {
                    self.running -= 1;
                    let outcome = self.writer.write(&letter, response, now());
                    match outcome {
                        Ok(print) => self.finish(&letter, print, is_handled),
                        Err(error) => tracing::error!("cannot answer {}: {error}", letter.path),
                    }
                }
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

#[expect(
    clippy::disallowed_methods,
    reason = "the engine is the shell that reads the clock"
)]
fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}
