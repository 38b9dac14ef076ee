//! Compares contents, several files at once, and remembers what they were.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
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
        Context, Direction, ErrorKind, FileError, Kind, Meta, NodeId, Options, Place, Symlinks,
        Time, Tree,
    },
    store::{Digest, Store},
};

/// A file that was changed within this time before it was read may change once more without its
/// modification time showing it: FAT counts in steps of two seconds.
const GRANULARITY: Duration = Duration::from_secs(2);

/// Which files of two trees have the same content, all compared beforehand.
#[derive(Debug, Default)]
pub struct Contents {
    answers: HashMap<NodeId, Result<bool, FileError>>,
}

impl Same for Contents {
    fn same(&self, source: NodeId, _: NodeId) -> Result<bool, FileError> {
        let answer = self.answers.get(&source).cloned();
        answer.unwrap_or_else(|| {
            Err(FileError {
                path: std::path::PathBuf::new(),
                kind: ErrorKind::Internal,
                message: "it was not compared, for the run was to end".to_owned(),
            })
        })
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
        let answers = match options.comparison {
            Comparison::Bytes => work.each(pairs.len(), |at, room| {
                work.readers.are_equal(pairs[at], room)
            }),
            _ => work.by_digest(&pairs)?,
        };
        let sources = pairs.iter().map(|pair| pair.source);
        let answered = sources.zip(answers);
        Ok(Self {
            answers: answered
                .filter_map(|(id, answer)| Some((id, answer?)))
                .collect(),
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
    fn by_digest(&self, pairs: &[Pair]) -> Result<Vec<Option<Result<bool, FileError>>>, Error> {
        let sources = pairs.iter().map(|pair| *self.source.meta(pair.source));
        let copies = pairs
            .iter()
            .map(|pair| *self.destination.meta(pair.destination));
        let files: Vec<Meta> = sources.chain(copies).collect();
        let mut known = match self.context.store {
            Some(store) => store.digests(number(self.comparison), &files)?,
            None => vec![None; files.len()],
        };
        // Half a pair is worth nothing, so what is missing comes pair by pair.
        let missing: Vec<usize> = (0..pairs.len())
            .flat_map(|at| [at, at + pairs.len()])
            .filter(|&at| known[at].is_none())
            .collect();
        let begun = now();
        let read = self.each(missing.len(), |at, room| {
            let (chunk, _) = room.halves();
            match missing[at].checked_sub(pairs.len()) {
                None => {
                    let id = pairs[missing[at]].source;
                    self.readers.source.digest(id, self.comparison, chunk)
                }
                Some(at) => {
                    let id = pairs[at].destination;
                    self.readers.destination.digest(id, self.comparison, chunk)
                }
            }
        });
        let mut failures = HashMap::new();
        let mut new = Vec::new();
        for (&at, digest) in missing.iter().zip(read) {
            match digest {
                Some(Ok(digest)) => {
                    known[at] = Some(digest);
                    new.push((files[at], digest));
                }
                Some(Err(error)) => drop(failures.insert(at, error)),
                None => {}
            }
        }
        if let Some(store) = self.context.store {
            self.remember(store, new, begun)?;
        }
        let answer = |at: usize| {
            let other = at + pairs.len();
            match (known[at], known[other]) {
                (Some(one), Some(two)) => Some(Ok(one == two)),
                _ => failures
                    .remove(&at)
                    .or_else(|| failures.remove(&other))
                    .map(Err),
            }
        };
        Ok((0..pairs.len()).map(answer).collect())
    }

    /// Remembers what can be told from later versions of the same file.
    fn remember(
        &self,
        store: &Store,
        mut digests: Vec<(Meta, Digest)>,
        begun: Time,
    ) -> Result<(), Error> {
        let granularity = i64::try_from(GRANULARITY.as_secs()).unwrap_or(i64::MAX);
        let settled = Time {
            seconds: begun.seconds - granularity,
            ..begun
        };
        digests.retain(|(file, _)| file.mtime < settled);
        if digests.is_empty() {
            return Ok(());
        }
        store.keep_digests(number(self.comparison), &digests, begun.seconds)
    }

    /// Does something for each of so many things, several at once, until the run is to end.
    fn each<T: Send>(
        &self,
        count: usize,
        act: impl Fn(usize, &mut Room) -> T + Sync,
    ) -> Vec<Option<T>> {
        let next = AtomicUsize::new(0);
        let mut results: Vec<Option<T>> = Vec::new();
        results.resize_with(count, || None);
        let results = Mutex::new(results);
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
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                results[at] = Some(result);
            }
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 1..cores.min(self.context.permits.all()).min(count) {
                scope.spawn(work);
            }
            work();
        });
        results.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
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
