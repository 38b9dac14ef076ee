//! Events of Linux: a thread that reads them, asked for as few of them as do.
//!
//! A directory is told after it is watched, so what is in it is seen by a look or by an event.

use std::{
    ffi::{OsStr, OsString},
    io::{self, PipeReader, PipeWriter},
    mem::MaybeUninit,
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::inotify::{self, CreateFlags, Event, ReadFlags, Reader},
    io::Errno,
};

use super::{
    Change, Detail, Hint, Scope,
    watched::{Id, Trouble, Watched},
};

const BUFFER: usize = 16 * 1024;
/// What has departed arrives within this, or elsewhere.
const ARRIVAL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 10_000_000,
};
/// A watch that is broken is made anew, but not more often than this.
const REPAIR: Duration = Duration::from_secs(1);
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// A thread that reads events; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Watching {
    _end: PipeWriter,
}

/// Watches a directory and everything below it.
pub(super) fn watch(
    root: &Path,
    scope: Scope,
    tell: impl Fn(Hint) + Send + 'static,
) -> io::Result<Watching> {
    let (ended, end) = io::pipe()?;
    let mut listener = Listener {
        sight: Sight::new(root, &scope)?,
        root: root.to_owned(),
        scope,
        departure: None,
        is_broken: false,
        repaired: Instant::now(),
        tell,
    };
    std::thread::Builder::new()
        .name("file-events".to_owned())
        .spawn(move || listener.run(&ended))?;
    Ok(Watching { _end: end })
}

/// Where events come from, and the directories that they are of.
struct Sight {
    inotify: Arc<OwnedFd>,
    watched: Watched,
}

impl Sight {
    fn new(root: &Path, scope: &Scope) -> io::Result<Self> {
        let inotify = Arc::new(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?);
        let watched = Watched::new(Arc::clone(&inotify), root, scope)?;
        Ok(Self { inotify, watched })
    }
}

struct Listener<T> {
    sight: Sight,
    root: PathBuf,
    scope: Scope,
    departure: Option<Departure>,
    /// Events or directories were lost, and everything has to be watched anew.
    is_broken: bool,
    /// When everything was last watched anew, or that was tried.
    repaired: Instant,
    tell: T,
}

/// Something gave up its name, perhaps for another one of which the next event tells.
struct Departure {
    cookie: u32,
    parent: Id,
    name: OsString,
    is_directory: bool,
}

/// Why the thread goes on.
enum Wake {
    Events,
    Nothing,
    Ended,
}

impl<T: Fn(Hint)> Listener<T> {
    fn run(&mut self, ended: &PipeReader) {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        loop {
            match self.wait(ended) {
                Wake::Events => self.read(&mut buffer),
                Wake::Nothing => self.departed(),
                Wake::Ended => return,
            }
            if self.is_broken && self.repaired.elapsed() >= REPAIR {
                self.repair();
            }
        }
    }

    fn wait(&self, ended: &PipeReader) -> Wake {
        let mut waited = [
            PollFd::new(&self.sight.inotify, PollFlags::IN),
            PollFd::new(ended, PollFlags::IN),
        ];
        let patience = match (&self.departure, self.is_broken) {
            (Some(_), _) => Some(&ARRIVAL),
            (None, true) => Some(&TICK),
            (None, false) => None,
        };
        match poll(&mut waited, patience) {
            Ok(0) | Err(Errno::INTR | Errno::AGAIN) => Wake::Nothing,
            Ok(_) if !waited[1].revents().is_empty() => Wake::Ended,
            Ok(_) => Wake::Events,
            Err(errno) => {
                tracing::error!("cannot wait for file events: {errno}");
                (self.tell)(Hint::Everything);
                Wake::Ended
            }
        }
    }

    /// Handles what one read brings.
    fn read(&mut self, buffer: &mut [MaybeUninit<u8>]) {
        let inotify = Arc::clone(&self.sight.inotify);
        let mut events = Reader::new(&inotify, buffer);
        loop {
            match events.next() {
                Ok(event) => self.event(&event),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(errno) => {
                    tracing::warn!("cannot read file events: {errno}");
                    self.is_broken = true;
                    return;
                }
            }
            if events.is_buffer_empty() {
                return;
            }
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        let (flags, id) = (event.events(), event.wd());
        if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
            self.is_broken = true;
            return (self.tell)(Hint::Everything);
        }
        if flags.contains(ReadFlags::IGNORED) {
            return self.sight.watched.forget(id);
        }
        let Some(name) = event.file_name() else {
            return self.itself(id, flags);
        };
        let name = OsStr::from_bytes(name.to_bytes());
        let is_directory = flags.contains(ReadFlags::ISDIR);
        let cookie = event.cookie();
        if flags.contains(ReadFlags::MOVED_TO)
            && let Some(departure) = self.departure.take_if(|it| it.cookie == cookie)
        {
            return self.renamed(&departure, id, name);
        }
        self.departed();
        if flags.contains(ReadFlags::MOVED_FROM) {
            self.departure = Some(Departure {
                cookie,
                parent: id,
                name: name.to_owned(),
                is_directory,
            });
        } else if flags.contains(ReadFlags::MOVED_TO) && self.scope.detail == Detail::All {
            self.arrived(id, name, is_directory);
        } else if flags.contains(ReadFlags::ATTRIB) {
            self.hint(id, name, Hint::Attributes);
        } else if !is_directory {
            self.file(id, name, change_of(flags));
        } else if flags.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
            self.directory(id, name);
        } else if self.scope.detail == Detail::All {
            self.file(id, name, Change::Removed);
        }
    }

    /// Something happened to a watched directory itself, of which its parent tells unless it is
    /// the root.
    fn itself(&self, id: Id, flags: ReadFlags) {
        if self.scope.detail == Detail::Content || !self.sight.watched.is_root(id) {
            return;
        }
        if flags.intersects(ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::UNMOUNT) {
            (self.tell)(Hint::Lost);
        } else if flags.contains(ReadFlags::ATTRIB) {
            (self.tell)(Hint::Attributes(self.root.clone()));
        }
    }

    fn arrived(&mut self, id: Id, name: &OsStr, is_directory: bool) {
        if is_directory {
            let added = self.sight.watched.add(id, name);
            self.expect(added);
        }
        self.hint(id, name, Hint::Arrived);
    }

    fn hint(&self, id: Id, name: &OsStr, hint: impl FnOnce(PathBuf) -> Hint) {
        if let Some(path) = self.sight.watched.path(id, name) {
            (self.tell)(hint(path));
        }
    }

    fn file(&self, id: Id, name: &OsStr, change: Change) {
        self.hint(id, name, |path| Hint::File { path, change });
    }

    fn directory(&mut self, id: Id, name: &OsStr) {
        let added = self.sight.watched.add(id, name);
        self.expect(added);
        if let Some(path) = self.sight.watched.path(id, name) {
            (self.tell)(Hint::Directory(path));
        }
    }

    fn renamed(&mut self, departure: &Departure, id: Id, name: &OsStr) {
        let watched = &mut self.sight.watched;
        let from = watched.path(departure.parent, &departure.name);
        let to = watched.path(id, name);
        if departure.is_directory {
            let from = (departure.parent, departure.name.as_os_str());
            let moved = match watched.rename(from, (id, name)) {
                Ok(false) => watched.add(id, name),
                Ok(true) => Ok(()),
                Err(trouble) => Err(trouble),
            };
            self.expect(moved);
        }
        match (from, to) {
            (Some(from), Some(to)) => (self.tell)(Hint::Renamed { from, to }),
            _ => (self.tell)(Hint::Everything),
        }
    }

    /// Gives up to wait for the arrival of what has departed: it is where nobody watches.
    fn departed(&mut self) {
        let Some(departure) = self.departure.take() else {
            return;
        };
        match self.scope.detail {
            Detail::Content => self.file(departure.parent, &departure.name, Change::Removed),
            Detail::All => self.hint(departure.parent, &departure.name, Hint::Departed),
        }
        if departure.is_directory {
            let watched = &mut self.sight.watched;
            watched.release(departure.parent, &departure.name);
        }
    }

    fn expect(&mut self, outcome: Result<(), Trouble>) {
        match outcome {
            Ok(()) => return,
            Err(Trouble::Confused) => self.is_broken = true,
            Err(Trouble::Limit) => {
                let root = self.root.display();
                tracing::warn!("the limit of watches is reached: not all of {root} is watched");
                if self.scope.detail == Detail::All {
                    return (self.tell)(Hint::Limited);
                }
            }
        }
        (self.tell)(Hint::Everything);
    }

    /// Watches everything anew; what was still to be read is left to a look at everything.
    fn repair(&mut self) {
        self.repaired = Instant::now();
        match Sight::new(&self.root, &self.scope) {
            Ok(sight) => {
                self.sight = sight;
                self.departure = None;
                self.is_broken = false;
                (self.tell)(Hint::Everything);
            }
            Err(error) => {
                if self.scope.detail == Detail::All {
                    (self.tell)(Hint::Lost);
                }
                tracing::debug!("cannot watch {} anew: {error}", self.root.display());
            }
        }
    }
}

fn change_of(flags: ReadFlags) -> Change {
    if flags.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
        Change::Created
    } else if flags.contains(ReadFlags::DELETE) {
        Change::Removed
    } else if flags.contains(ReadFlags::CLOSE_WRITE) {
        Change::Written
    } else {
        Change::Modified
    }
}
