//! The followed log on its way to standard output, which may be slow, stopped or closed.

use std::{
    io::{self, Write},
    os::fd::AsFd,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use syft_daemon::logs::{Error, Follow, Step};
use tokio::sync::oneshot;

use super::{only::Only, shown::Shown};
use crate::count;

/// How often the files are looked at.
const TICK: Duration = Duration::from_millis(100);
/// The first wait for a reader who is slower than the log.
const SHORT: Duration = Duration::from_millis(1);
/// How many pieces of at most 1 MiB may be on their way.
const PIECES: usize = 4;

enum Piece {
    Lines(Vec<u8>),
    Remark(String),
}

/// Passes on what is logged until standard output takes no more.
///
/// The files are watched by a thread of their own: while nobody reads standard output, as when a
/// pager waits, it still takes hold of the files that come and go.
pub(super) async fn pass_on(follow: Follow, only: Only) -> Result<(), Error> {
    let (pieces, from_follow) = sync_channel(PIECES);
    let (done, ended) = oneshot::channel();
    thread::spawn(move || watch(follow, &pieces));
    thread::spawn(move || {
        // Without a listener the program is ending anyway.
        drop(done.send(print(&from_follow, only)));
    });
    ended.await.unwrap_or(Ok(()))
}

/// Prints until there is nothing to come.
fn print(pieces: &Receiver<Piece>, only: Only) -> Result<(), Error> {
    let mut out = Shown::stdout(only);
    for piece in pieces {
        match piece {
            Piece::Lines(lines) => {
                let written = out.write_all(&lines).and_then(|()| out.flush());
                written.map_err(Error::Output)?;
            }
            Piece::Remark(text) => crate::warning(text),
        }
    }
    Ok(())
}

fn watch(mut follow: Follow, pieces: &SyncSender<Piece>) {
    let mut pending = None;
    let mut looked = Instant::now();
    let mut trouble = String::new();
    loop {
        let pause = match pass(&mut follow, pieces, &mut pending, &mut trouble) {
            Passed::Everything => TICK,
            Passed::Some => SHORT,
            Passed::NotAny => return,
        };
        if is_closed() {
            return;
        }
        thread::sleep(pause);
        if looked.elapsed() >= TICK {
            looked = Instant::now();
            if let Err(error) = follow.look() {
                remark_once(&error, &mut trouble, &mut pending);
            }
        }
    }
}

enum Passed {
    Everything,
    /// The reader is slow.
    Some,
    /// The reader has left.
    NotAny,
}

fn pass(
    follow: &mut Follow,
    pieces: &SyncSender<Piece>,
    pending: &mut Option<Piece>,
    trouble: &mut String,
) -> Passed {
    loop {
        if let Some(piece) = pending.take() {
            match pieces.try_send(piece) {
                Ok(()) => {}
                Err(TrySendError::Full(piece)) => {
                    *pending = Some(piece);
                    return Passed::Some;
                }
                Err(TrySendError::Disconnected(_)) => return Passed::NotAny,
            }
        }
        *pending = match follow.step() {
            Ok(Step::Lines(lines)) => Some(Piece::Lines(lines.to_vec())),
            Ok(Step::Missing(files)) => Some(Piece::Remark(missing(files))),
            Ok(Step::Cut) => Some(Piece::Remark("the log was emptied".to_owned())),
            Ok(_) => return Passed::Everything,
            Err(error) => {
                remark_once(&error, trouble, pending);
                if pending.is_none() {
                    return Passed::Everything;
                }
                continue;
            }
        };
    }
}

/// Says what is wrong, but not ten times a second.
fn remark_once(error: &Error, trouble: &mut String, pending: &mut Option<Piece>) {
    let text = super::chain(error);
    if *trouble != text && pending.is_none() {
        trouble.clone_from(&text);
        *pending = Some(Piece::Remark(text));
    }
}

fn missing(files: Option<usize>) -> String {
    match files {
        Some(files) => format!(
            "too slow for this log: {} of it were removed before they could be shown",
            count(files, "file")
        ),
        None => "too slow for this log: files of it may have been removed before they could be \
                 shown"
            .to_owned(),
    }
}

/// Returns whether nobody will ever read standard output, as after `| head`.
fn is_closed() -> bool {
    let stdout = io::stdout();
    let mut fds = [PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::empty())];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut fds, Some(&at_once)).is_ok()
        && fds[0]
            .revents()
            .intersects(PollFlags::ERR | PollFlags::NVAL)
}
