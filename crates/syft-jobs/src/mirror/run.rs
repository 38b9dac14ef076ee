//! A run from end to end.

mod grounds;
mod looked;
mod roots;

use std::{panic, path::Path};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};
use syft_state::fs::{Lock, create_private_dir};

use super::{
    Base, Cancel, Direction, ErrorKind, Permits, Place, Progress, Report, Status,
    compare::Contents,
    copy::{At, temporary},
    execute::execute,
    plan,
    plan::Side,
    tree,
    tree::Tree,
};
use crate::{Error, Job, JobId, store::Store};
use grounds::Grounds;
pub use looked::{Change, Looked};
use roots::Roots;

/// What a run needs of the program that it runs in.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The wish that it ends.
    pub cancel: &'a Cancel,
    /// Its share of the operations that all runs may do at once.
    pub permits: &'a Permits,
    /// Who hears how far it is.
    pub progress: &'a dyn Progress,
    /// What is remembered from one run to the next.
    pub store: Option<&'a Store>,
    /// Whether it goes on where it would be held.
    pub insist: Insist,
}

/// Whether a plan is carried out that would be held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Insist {
    /// It is held, and the run fails with the reason.
    #[default]
    No,
    /// Somebody has looked at it and wants it.
    Yes,
}

/// Runs a job now, whether it is due or not.
///
/// Two runs of one job exclude each other, also across processes that share a store on the disk.
/// A run that was killed needs nothing but the next one. Whatever goes wrong is in the report;
/// why the run as a whole came to nothing is its [`reason`](Report::reason).
pub fn run(job: &Job, context: &Context<'_>) -> Report {
    let attempt = panic::AssertUnwindSafe(|| locked(job, context));
    match panic::catch_unwind(attempt) {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => failed(&error),
        Err(_) => Report::of_failure(Status::Failed, "a fault of this program ended the run")
            .because_of(ErrorKind::Internal),
    }
}

/// Looks at both trees of a job and decides what a run would do, without doing any of it.
///
/// # Errors
///
/// Says why one of the trees cannot be looked at, or that they overlap.
pub fn look(job: &Job, context: &Context<'_>) -> Result<Looked, Error> {
    let roots = Roots::find(job)?;
    look_at(&roots, job, context)
}

fn locked(job: &Job, context: &Context<'_>) -> Result<Report, Error> {
    match lock(&job.id, context.store)? {
        Locked::Yes(lock) => {
            let report = begin(job, context);
            drop(lock);
            report
        }
        Locked::Elsewhere => Ok(Report::of_failure(
            Status::Skipped,
            format!("the job {} is running already", job.id),
        )),
    }
}

fn begin(job: &Job, context: &Context<'_>) -> Result<Report, Error> {
    let roots = Roots::find(job)?;
    let grounds = Grounds::find(&roots, &job.id, context.store)?;
    if context.insist == Insist::No
        && let Some(reason) = grounds.reason_to_stop()
    {
        return Ok(guarded(reason));
    }
    let looked = look_at(&roots, job, context)?;
    if job.options.dry_run {
        return Ok(looked.report());
    }
    if context.insist == Insist::No
        && let Some(held) = &looked.plan.held
    {
        return Ok(guarded(Error::Held(held.clone()).to_string()));
    }
    // What nobody had the time to compare looks like errors in the plan.
    if context.cancel.is_cancelled() {
        return Ok(Report::of_failure(Status::Cancelled, "it was cancelled"));
    }
    roots.make_destination()?;
    sweep(&looked.destination);
    if job.options.direction == Direction::TwoWay {
        sweep(&looked.source);
    }
    let Looked {
        source,
        destination,
        plan,
        options,
    } = &looked;
    let report = execute(plan, source, destination, options, context);
    Ok(match remember(&looked, &roots, &job.id, context) {
        Ok(()) => report,
        // What was done is done, and is told of all the same.
        Err(error) => report.ended(Status::Failed, in_words(&error)),
    })
}

/// Keeps what the next run will compare with.
fn remember(
    looked: &Looked,
    roots: &Roots,
    job: &JobId,
    context: &Context<'_>,
) -> Result<(), Error> {
    if looked.options.direction == Direction::TwoWay {
        agree(looked, roots, job, context)?;
    }
    Grounds::remember(roots, job, context.store)
}

fn look_at(roots: &Roots, job: &Job, context: &Context<'_>) -> Result<Looked, Error> {
    let ground = grounds::fitting(roots, &job.options)?;
    let mut options = ground.options;
    // Without times nobody could tell which side changed something.
    options.timestamps |= options.direction == Direction::TwoWay;
    let source = Place {
        tree: tree::scan(&roots.source, Side::Source, &options)?,
        root: roots.source.clone(),
    };
    let mut destination = Place {
        tree: if roots.is_made() {
            tree::scan(&roots.destination, Side::Destination, &options)?
        } else {
            Tree::of_root(*source.tree.meta(tree::NodeId::ROOT))
        },
        root: roots.destination.clone(),
    };
    destination.tree.folds_case = ground.folds_case;
    let same = if roots.is_made() {
        Contents::compare(&source, &destination, &options, context)?
    } else {
        Contents::default()
    };
    let (ours, theirs) = (&source.tree, &destination.tree);
    let plan = match options.direction {
        Direction::OneWay => plan::plan(ours, theirs, &options, &same),
        Direction::TwoWay => {
            let base = agreed(&job.id, context)?;
            plan::plan_two_way(ours, theirs, &options, &same, &base)
        }
    };
    Ok(Looked {
        source,
        destination,
        plan,
        options,
    })
}

/// Returns what both sides agreed upon; without a store each run is the first.
fn agreed(job: &JobId, context: &Context<'_>) -> Result<Base, Error> {
    context
        .store
        .map_or_else(|| Ok(Base::default()), |store| store.base(job))
}

/// Remembers what both sides agree upon now.
fn agree(before: &Looked, roots: &Roots, job: &JobId, context: &Context<'_>) -> Result<(), Error> {
    let Some(store) = context.store else {
        return Ok(());
    };
    let old = store.base(job)?;
    let source = tree::scan(&roots.source, Side::Source, &before.options)?;
    let destination = tree::scan(&roots.destination, Side::Destination, &before.options)?;
    let new = old.after(
        (&before.source.tree, &before.destination.tree),
        (&source, &destination),
        &before.options,
    );
    store.set_base(job, &old, &new)
}

enum Locked {
    /// Without a store on the disk there is nothing that two processes could share.
    Yes(Option<Lock>),
    Elsewhere,
}

fn lock(job: &JobId, store: Option<&Store>) -> Result<Locked, Error> {
    let Some(directory) = store.and_then(Store::path).and_then(Path::parent) else {
        return Ok(Locked::Yes(None));
    };
    let locks = directory.join("locks");
    create_private_dir(&locks)?;
    let lock = Lock::try_acquire(&locks.join(format!("{job}.lock")))?;
    Ok(lock.map_or(Locked::Elsewhere, |lock| Locked::Yes(Some(lock))))
}

/// Removes what killed runs left; the job's lock is held, so none of them is at work.
fn sweep(place: &Place) {
    for leftover in &place.tree.leftovers {
        match sweep_one(&place.root, leftover) {
            Ok(_) | Err(Errno::NOENT) => {}
            Err(errno) => {
                let path = place.root.join(leftover);
                tracing::warn!("cannot remove the leftover {}: {errno}", path.display());
            }
        }
    }
}

fn sweep_one(root: &Path, leftover: &Path) -> Result<bool, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut directory = rustix::fs::open(root, flags, Mode::empty())?;
    let Some(name) = leftover.file_name() else {
        return Ok(false);
    };
    for part in leftover.parent().into_iter().flat_map(Path::iter) {
        let flags = flags | OFlags::NOFOLLOW;
        directory = rustix::fs::openat(&directory, part, flags, Mode::empty())?;
    }
    let directory = std::os::fd::AsFd::as_fd(&directory);
    temporary::sweep(At { directory, name })
}

fn guarded(reason: String) -> Report {
    Report::of_failure(Status::Failed, reason).because_of(ErrorKind::Guard)
}

fn failed(error: &Error) -> Report {
    let kind = match error {
        Error::Io { source, .. } => match source.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
            std::io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                ErrorKind::NoSpace
            }
            _ => ErrorKind::Io,
        },
        Error::Overlap { .. } | Error::Held(_) => ErrorKind::Guard,
        _ => ErrorKind::Internal,
    };
    Report::of_failure(Status::Failed, in_words(error)).because_of(kind)
}

/// Joins an error and its causes.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}
