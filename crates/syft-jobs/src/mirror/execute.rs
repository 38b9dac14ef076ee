//! Carries a plan out.

mod chunks;
mod entries;
mod failure;
mod flush;
pub(in crate::mirror) mod outcome;
mod walker;
mod worker;

use std::{
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
    sync::{
        LazyLock, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use super::{
    ErrorKind, Options, Plan, Report, Tree,
    copy::Copier,
    plan::{Action, Phase, Side},
    run::Context,
};
pub(in crate::mirror) use failure::Failure;
use flush::Whistle;
use outcome::Ending;
use worker::{Loosened, Worker};

/// Asked for once, as the answer takes reading several files.
static PROCESSORS: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));

/// A tree and where it is.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where its root is.
    pub root: PathBuf,
    /// What was seen there.
    pub tree: Tree,
}

/// Carries out a plan that was made of what was seen at two places, and says what came of it.
///
/// What is replaced or deleted is looked at once more right before; if it is not what was seen,
/// it stays. A file is written under a temporary name and gets its own when it is whole.
/// Whenever this ends, what was done so far is whole, and the next plan continues from there.
pub fn execute(
    plan: &Plan,
    source: &Place,
    destination: &Place,
    options: &Options,
    context: &Context<'_>,
) -> Report {
    let mut report = outcome::before(plan, &source.tree);
    let actions = u64::try_from(plan.actions.len()).unwrap_or(u64::MAX);
    context.progress.planned(actions, plan.bytes);
    if let Some(reason) = outcome::reason_not_to_begin(plan, options) {
        return report.ended(super::Status::Failed, reason);
    }
    if plan.actions.is_empty() {
        return report.settled(outcome::is_undecided(plan));
    }
    match Execution::begin(plan, source, destination, options, context) {
        Ok(execution) => execution.carry_out(report),
        Err(failure) => {
            let reason = failure.message.clone();
            report.fail(failure.at(PathBuf::new()));
            report.ended(super::Status::Failed, reason)
        }
    }
}

/// What all threads that carry out a plan have in common.
#[derive(Debug)]
struct Execution<'a> {
    plan: &'a Plan,
    options: &'a Options,
    context: &'a Context<'a>,
    source: Ground<'a>,
    destination: Ground<'a>,
    copier: Copier<'a>,
    ending: OnceLock<Ending>,
    /// Whether a conflict is left for somebody to decide.
    is_undecided: AtomicBool,
    loosened: Mutex<Vec<Loosened>>,
    /// The first thing written that did not get to the disk.
    unflushed: OnceLock<(Side, Failure)>,
}

/// A place with its root open.
#[derive(Debug)]
struct Ground<'a> {
    place: &'a Place,
    root: OwnedFd,
}

impl<'a> Execution<'a> {
    fn begin(
        plan: &'a Plan,
        source: &'a Place,
        destination: &'a Place,
        options: &'a Options,
        context: &'a Context<'a>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            plan,
            options,
            context,
            source: Ground::open(source)?,
            destination: Ground::open(destination)?,
            copier: Copier::new(options),
            ending: OnceLock::new(),
            is_undecided: outcome::is_undecided(plan).into(),
            loosened: Mutex::default(),
            unflushed: OnceLock::new(),
        })
    }

    fn carry_out(&self, mut report: Report) -> Report {
        for phase in Phase::ALL {
            let actions = self.actions_of(phase);
            match phase {
                Phase::Files => self.several_at_once(actions, &mut report),
                _ => self.one_by_one(actions, &mut report),
            }
        }
        Worker::new(self).tighten();
        self.flush(&mut report);
        match self.ending.get() {
            Some(ending) => report.ended(ending.status(), ending.reason()),
            None => report.settled(self.is_undecided.load(Ordering::Relaxed)),
        }
    }

    fn actions_of(&self, phase: Phase) -> &'a [Action] {
        let actions = &self.plan.actions;
        let start = actions.partition_point(|action| action.work.phase() < phase);
        let end = actions.partition_point(|action| action.work.phase() <= phase);
        &actions[start..end]
    }

    fn one_by_one(&self, actions: &[Action], report: &mut Report) {
        let mut worker = Worker::new(self);
        worker.carry_out_all(actions);
        report.absorb(worker.report);
    }

    fn several_at_once(&self, actions: &[Action], report: &mut Report) {
        if actions.is_empty() {
            return;
        }
        let chunks = chunks::of(actions, self.trees());
        let next = AtomicUsize::new(0);
        let work = || {
            let mut worker = Worker::new(self);
            while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
                worker.carry_out_all(&actions[chunk.clone()]);
            }
            worker.report
        };
        let workers = self.workers().min(chunks.len());
        let whistle = Whistle::default();
        thread::scope(|scope| {
            if self.is_durable() {
                scope.spawn(|| self.flush_meanwhile(&whistle));
            }
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            for thread in threads {
                match thread.join() {
                    Ok(part) => report.absorb(part),
                    Err(_) => self.end(Ending::Internal),
                }
            }
            whistle.blow();
        });
    }

    /// Some threads wait for the disk while others compute.
    fn workers(&self) -> usize {
        (2 * *PROCESSORS).min(self.context.permits.all())
    }

    /// Returns the tree that is the model for changes on one side.
    fn trees(&self) -> impl Fn(Side) -> &'a Tree + use<'a> {
        let (source, destination) = (self.source.place, self.destination.place);
        move |on| match on {
            Side::Destination => &source.tree,
            Side::Source => &destination.tree,
        }
    }

    fn is_over(&self) -> bool {
        if self.context.cancel.is_cancelled() {
            self.end(Ending::Cancelled);
        }
        self.ending.get().is_some()
    }

    /// The first reason is the one that counts.
    fn end(&self, ending: Ending) {
        drop(self.ending.set(ending));
    }

    fn loosened(&self) -> Vec<Loosened> {
        let mut loosened = self.loosened.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *loosened)
    }

    fn ground(&self, side: Side) -> &Ground<'a> {
        match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        }
    }
}

impl<'a> Ground<'a> {
    fn open(place: &'a Place) -> Result<Self, Failure> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(&place.root, flags, Mode::empty()).map_err(|errno| {
            let path = place.root.display();
            match errno {
                Errno::NOENT => Failure::new(ErrorKind::Guard, format!("{path} is gone")),
                errno => Failure::of(&format!("open {path}:"), errno),
            }
        })?;
        Ok(Self { place, root })
    }

    fn fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.root.as_fd()
    }
}
