//! Finding files: by events, by looks into new directories, and by sweeps through all of them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use syft_state::watch::TreeWatch;
use tokio::task::spawn_blocking;

use super::{Done, Engine, HELD, LARGE_LOOKS, now};
use crate::{
    hints::may_be_request,
    server::{
        Watching,
        inbox::Look,
        look::{Effort, Outcome},
        setup,
        sweep::Found,
    },
};

impl Engine {
    /// Watches the tree; where that is not possible, sweeps have to do.
    pub(super) fn watch(&mut self) {
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

    /// Looks into directories that are new, on another thread: a peer may have filled them.
    pub(super) fn scan(&mut self, now: Instant) {
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

    pub(super) fn sweep(&mut self, now: Instant) {
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

    pub(super) fn swept(&mut self, found: &Found, took: Duration) {
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
        self.looker.recent.close_old(now);
        self.pace.ended(now, took);
        self.board.note(|health| health.last_sweep = Some(now));
        if self.watch.is_none() && self.watching == Watching::Own {
            self.watch();
        }
    }

    /// Looks at large files, few at a time, on threads of their own.
    pub(super) fn look_at_large(&mut self) {
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
}
