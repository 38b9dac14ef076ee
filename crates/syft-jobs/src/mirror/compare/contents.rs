//! Compares contents, several files at once, and remembers what they were.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use super::{
    Comparison, Same,
    digest::number,
    read::{CHUNK, Reader},
};
use crate::{
    Error,
    mirror::{
        Context, Direction, ErrorKind, FileError, Kind, NodeId, Options, Place, Symlinks, Time,
        Tree,
    },
    store::Digest,
};

/// The system is asked once: it answers from a dozen files.
static CORES: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));

/// Which files of two trees have the same content, all compared beforehand.
#[derive(Debug, Default)]
pub struct Contents {
    /// By the places of files in the source's tree.
    answers: Vec<Answer>,
    failures: HashMap<NodeId, FileError>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answer {
    #[default]
    Unknown,
    Same,
    Different,
}

impl Same for Contents {
    fn same(&self, source: NodeId, _: NodeId) -> Result<bool, FileError> {
        match self.answers.get(source.0 as usize) {
            Some(Answer::Same) => Ok(true),
            Some(Answer::Different) => Ok(false),
            _ => Err(self.failure(source)),
        }
    }
}

/// A file of each tree with the same path and the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    source: NodeId,
    destination: NodeId,
}

impl Contents {
    /// Compares the files of equal path and size whose contents matter under the options.
    ///
    /// A file that was read before and is what it was is not read again. Nothing is read where
    /// the [comparison](Options::comparison) needs no contents.
    ///
    /// # Errors
    ///
    /// When one of the trees is gone, or the store cannot be used. A file that cannot be read is
    /// told of when [it is asked for](Same::same).
    pub fn compare(
        source: &Place,
        destination: &Place,
        options: &Options,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        if !options.comparison.reads() {
            return Ok(Self::default());
        }
        let pairs = pairs(&source.tree, &destination.tree, options);
        let is_followed =
            options.symlinks == Symlinks::Follow && options.direction == Direction::OneWay;
        let readers = Readers {
            source: Reader::new(&source.root, &source.tree, is_followed)?,
            destination: Reader::new(&destination.root, &destination.tree, false)?,
        };
        let work = Work {
            source: &source.tree,
            destination: &destination.tree,
            readers,
            comparison: options.comparison,
            context,
        };
        let mut contents = Self {
            answers: vec![Answer::Unknown; source.tree.len()],
            failures: HashMap::new(),
        };
        match options.comparison {
            Comparison::Bytes => work.each(
                pairs.len(),
                |at, room| work.readers.are_equal(pairs[at], room),
                |at, equal| contents.note(pairs[at].source, equal),
            ),
            _ => work.by_digest(&pairs, &mut contents)?,
        }
        Ok(contents)
    }

    fn note(&mut self, source: NodeId, equal: Result<bool, FileError>) {
        let answer = match equal {
            Ok(true) => Answer::Same,
            Ok(false) => Answer::Different,
            Err(error) => {
                self.failures.insert(source, error);
                Answer::Unknown
            }
        };
        self.answers[source.0 as usize] = answer;
    }

    fn failure(&self, source: NodeId) -> FileError {
        let failure = self.failures.get(&source).cloned();
        failure.unwrap_or_else(|| FileError {
            path: PathBuf::new(),
            kind: ErrorKind::Internal,
            message: "it was not compared, for the run was to end".to_owned(),
        })
    }
}

struct Readers<'a> {
    source: Reader<'a>,
    destination: Reader<'a>,
}

impl Readers<'_> {
    fn are_equal(&self, pair: Pair, room: &mut Room) -> Result<bool, FileError> {
        let (source, destination) = (&self.source, &self.destination);
        let (ours, theirs) = room.halves();
        let mut model = source.open(pair.source)?;
        let mut copy = destination.open(pair.destination)?;
        loop {
            let read = source.read(pair.source, &mut model, ours)?;
            let other = destination.read(pair.destination, &mut copy, theirs)?;
            if ours[..read] != theirs[..other] {
                return Ok(false);
            }
            if read == 0 {
                source.check(pair.source, &model)?;
                destination.check(pair.destination, &copy)?;
                return Ok(true);
            }
        }
    }
}

struct Work<'a> {
    source: &'a Tree,
    destination: &'a Tree,
    readers: Readers<'a>,
    comparison: Comparison,
    context: &'a Context<'a>,
}

/// Room of one thread to read into.
struct Room(Vec<u8>);

impl Room {
    fn halves(&mut self) -> (&mut [u8], &mut [u8]) {
        self.0.split_at_mut(CHUNK)
    }
}

impl Work<'_> {
    fn by_digest(&self, pairs: &[Pair], contents: &mut Contents) -> Result<(), Error> {
        let count = pairs.len();
        let meta = |at: usize| match at.checked_sub(count) {
            None => *self.source.meta(pairs[at].source),
            Some(at) => *self.destination.meta(pairs[at].destination),
        };
        let method = number(self.comparison);
        let mut known = match self.context.store {
            Some(store) => store.digests(method, 2 * count, meta)?,
            None => vec![None; 2 * count],
        };
        // Half a pair is worth nothing, so what is missing comes pair by pair.
        let missing: Vec<usize> = (0..count)
            .flat_map(|at| [at, at + count])
            .filter(|&at| known[at].is_none())
            .collect();
        let begun = now();
        self.each(
            missing.len(),
            |at, room| self.read(missing[at], pairs, room),
            |at, digest| match digest {
                Ok(digest) => known[missing[at]] = Some(digest),
                Err(error) => contents.note(pairs[missing[at] % count].source, Err(error)),
            },
        );
        for (at, pair) in pairs.iter().enumerate() {
            if let (Some(one), Some(other)) = (known[at], known[at + count]) {
                contents.note(pair.source, Ok(one == other));
            }
        }
        if let Some(store) = self.context.store {
            let new = missing
                .iter()
                .filter_map(|&at| Some((meta(at), known[at]?)));
            let settled = new.filter(|(file, _)| is_settled(file.mtime, begun));
            store.keep_digests(method, settled, begun.seconds)?;
        }
        Ok(())
    }

    fn read(&self, at: usize, pairs: &[Pair], room: &mut Room) -> Result<Digest, FileError> {
        let (chunk, _) = room.halves();
        match at.checked_sub(pairs.len()) {
            None => {
                let id = pairs[at].source;
                self.readers.source.digest(id, self.comparison, chunk)
            }
            Some(at) => {
                let id = pairs[at].destination;
                self.readers.destination.digest(id, self.comparison, chunk)
            }
        }
    }

    /// Does something for each of so many things, several at once, until the run is to end.
    fn each<T>(
        &self,
        count: usize,
        act: impl Fn(usize, &mut Room) -> T + Sync,
        note: impl FnMut(usize, T) + Send,
    ) {
        let next = AtomicUsize::new(0);
        let note = Mutex::new(note);
        let work = || {
            let mut room = Room(vec![0; 2 * CHUNK]);
            while !self.context.cancel.is_cancelled() {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    return;
                }
                let permit = self.context.permits.acquire();
                let result = act(at, &mut room);
                drop(permit);
                let mut note = note.lock().unwrap_or_else(PoisonError::into_inner);
                note(at, result);
            }
        };
        if count < 2 {
            return work();
        }
        thread::scope(|scope| {
            for _ in 1..CORES.min(self.context.permits.all()).min(count) {
                scope.spawn(work);
            }
            work();
        });
    }
}

/// Returns whether a file that is read now cannot change any more without its time showing it.
///
/// File systems count in steps of 2 s (FAT), 1 s, or much less, which nanoseconds give away.
fn is_settled(mtime: Time, now: Time) -> bool {
    let step = match mtime.nanos {
        0 => Duration::from_secs(2),
        _ => Duration::from_millis(100),
    };
    mtime < now && mtime.distance(now) > step
}

/// Finds the files whose contents decide.
fn pairs(source: &Tree, destination: &Tree, options: &Options) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut waiting = vec![(NodeId::ROOT, NodeId::ROOT)];
    while let Some((ours, theirs)) = waiting.pop() {
        if source.is_empty() || destination.is_empty() {
            break;
        }
        let mut copies = destination.children(theirs).peekable();
        for id in source.children(ours) {
            let name = source.name(id);
            while copies
                .next_if(|&copy| destination.name(copy) < name)
                .is_some()
            {}
            let Some(copy) = copies.next_if(|&copy| destination.name(copy) == name) else {
                continue;
            };
            let (model, other) = (source.meta(id), destination.meta(copy));
            match (model.kind, other.kind) {
                (Kind::Directory, Kind::Directory) => waiting.push((id, copy)),
                (Kind::File, Kind::File)
                    if model.size == other.size
                        && model.size > 0
                        && options.max_file_size.is_none_or(|max| model.size <= max)
                        && (model.dev, model.ino) != (other.dev, other.ino) =>
                {
                    pairs.push(Pair {
                        source: id,
                        destination: copy,
                    });
                }
                _ => {}
            }
        }
    }
    pairs
}

#[expect(
    clippy::disallowed_methods,
    reason = "how old a file is when it is read depends on when it is read"
)]
fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = since.unwrap_or_default();
    Time {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanos: since.subsec_nanos(),
    }
}

#[cfg(test)]
mod tests;
