//! A process that begins anew without ceasing to be.

use std::{convert::Infallible, os::unix::process::CommandExt, process::Command};

use crate::{Error, Link, this_program};

/// Starts this program again in this process, with the arguments of before.
///
/// Whoever watches over the process sees the same PID, and a supervisor the same link. All locks
/// and open files are gone; nothing of this program runs any more but what it had started.
///
/// # Errors
///
/// [`Error::System`] when the program cannot be started; then nothing has changed.
pub fn start_again(link: Option<&Link>) -> Result<Infallible, Error> {
    let program = this_program()?;
    if let Some(link) = link {
        link.hand_on()?;
    }
    let error = Command::new(&program)
        .args(std::env::args_os().skip(1))
        .exec();
    Err(Error::system(format!("start {}", program.display()), error))
}
