//! Starting a daemon that outlives its terminal, and knowing whether it runs.

use std::{
    ffi::OsString,
    fmt,
    fs::File,
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};
use tokio::{
    process::{Child, Command},
    time,
};

use crate::{
    Error, Holder, Paths, holder,
    notify::{self, Message, Messages},
};

/// What service managers tell a process about itself, and which its children must not take for
/// theirs.
const OF_THE_MANAGER: [&str; 6] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
];
/// Between the end of its link and its own end a process only tidies up.
const TIDYING: Duration = Duration::from_secs(5);

/// A daemon to be started in the background.
pub struct Launch {
    /// Where it keeps its files.
    pub paths: Paths,
    /// Where its standard error is appended (0600), usually [`Paths::error_log`].
    pub error_log: PathBuf,
    /// The program, usually [`this_program`].
    pub program: PathBuf,
    /// Its arguments; they make it call [`detach`] and [`supervise`](crate::supervise).
    pub arguments: Vec<OsString>,
    /// Variables of its environment besides ours, such as secrets, which arguments would show.
    pub environment: Vec<(OsString, OsString)>,
    /// How long to wait until it is ready.
    pub patience: Duration,
    /// Hears what it tells about itself meanwhile.
    pub on_status: Box<dyn FnMut(&str) + Send>,
}

/// A daemon that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its process number.
    pub pid: u32,
    /// What it told last.
    pub status: Option<String>,
}

/// Says why there is no daemon that is ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is one already, perhaps of somebody who started at the same time.
    #[error("already running (PID {})", .0.pid)]
    Running(Holder),
    /// It ended before it was ready.
    #[error("it did not start: {}", reason.as_deref().unwrap_or("it gave no reason"))]
    Ended {
        /// How it ended; the code is that of its cause.
        status: ExitStatus,
        /// What it told last.
        reason: Option<String>,
    },
    /// It is not ready yet, and goes on by itself.
    #[error("it is not ready after {} s", waited.as_secs())]
    NotReady {
        /// Its process number.
        pid: u32,
        /// What it told last.
        status: Option<String>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// It could not be begun.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Starts a daemon in the background and waits until it says that it is ready.
///
/// Of this process the daemon inherits the environment, without what a service manager told us,
/// and nothing that is open: its standard input is its [`Link`](crate::Link), its standard
/// output nothing, its standard error a log; for that, all descriptors of this process from 3 on
/// are set to close when a program is started. It goes on when this process ends, also while it
/// is still waited for.
///
/// # Errors
///
/// A [`StartError`], with the daemon's own words where it had any.
///
/// # Panics
///
/// Outside a tokio runtime.
pub async fn start(mut launch: Launch) -> Result<Started, StartError> {
    if let Some(holder) = holder(&launch.paths)? {
        return Err(StartError::Running(holder));
    }
    let (mut messages, mut child) = spawn(&launch)?;
    let pid = child.id().unwrap_or_default();
    let mut status = None;
    let ready = await_ready(&mut messages, &mut status, &mut launch.on_status);
    match time::timeout(launch.patience, ready).await {
        Ok(true) => return Ok(Started { pid, status }),
        Ok(false) => {}
        Err(_) => {
            let waited = launch.patience;
            return Err(StartError::NotReady {
                pid,
                status,
                waited,
            });
        }
    }
    let exit = match time::timeout(TIDYING, child.wait()).await {
        Ok(exit) => exit.map_err(|error| Error::system("wait for the daemon", error))?,
        Err(_) => {
            let waited = TIDYING;
            return Err(StartError::NotReady {
                pid,
                status,
                waited,
            });
        }
    };
    Err(match holder(&launch.paths)? {
        Some(holder) => StartError::Running(holder),
        None => StartError::Ended {
            status: exit,
            reason: status,
        },
    })
}

/// Makes this process independent of the terminal and the directory it was started from.
///
/// It leads a session of its own, without a terminal; its working directory is `/`; what it
/// creates is its user's alone (umask 077). A process that leads a group already, as one that
/// a person started from a shell, keeps its terminal. To be called first of all.
///
/// # Errors
///
/// [`Error::System`].
pub fn detach() -> Result<(), Error> {
    match rustix::process::setsid() {
        Ok(_) | Err(Errno::PERM) => {}
        Err(errno) => return Err(Error::system("begin a session", errno)),
    }
    rustix::process::chdir("/").map_err(|errno| Error::system("change to /", errno))?;
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    Ok(())
}

/// Returns a path at which the program of this process can be started again.
///
/// After an upgrade has replaced its file, this is still the program that runs.
///
/// # Errors
///
/// [`Error::System`] when the system does not tell.
pub fn this_program() -> Result<PathBuf, Error> {
    let path = std::env::current_exe()
        .map_err(|error| Error::system("find this program's own file", error))?;
    let running = Path::new("/proc/self/exe");
    match (file_id(&path), file_id(running)) {
        (Ok(named), Ok(open)) if named == open => Ok(path),
        (_, Ok(_)) => Ok(running.to_owned()),
        (_, Err(_)) => Ok(path),
    }
}

/// Returns a command of a child that is a process of its own.
pub(crate) fn command(program: &Path, arguments: &[OsString]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    for variable in OF_THE_MANAGER {
        command.env_remove(variable);
    }
    command
}

/// The command is dropped here, and with it our copy of the daemon's end of the link.
fn spawn(launch: &Launch) -> Result<(Messages, Child), Error> {
    let failed = |error| Error::system(format!("start {}", launch.program.display()), error);
    syft_state::fs::create_private_dir(&launch.paths.directory)?;
    let (messages, stdin) = notify::pair().map_err(failed)?;
    let mut command = command(&launch.program, &launch.arguments);
    command
        .envs(launch.environment.iter().cloned())
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(open_log(&launch.error_log)?);
    // What a shell or a job runner left open for us would stay open for months.
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
    let child = command.spawn().map_err(failed)?;
    Ok((messages, child))
}

fn open_log(path: &Path) -> Result<File, Error> {
    let flags = OFlags::WRONLY
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::NOFOLLOW
        | OFlags::NOCTTY
        | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)
        .map(File::from)
        .map_err(|errno| Error::system(format!("open {}", path.display()), errno))
}

/// Returns whether it became ready before it closed the link.
async fn await_ready(
    messages: &mut Messages,
    status: &mut Option<String>,
    on_status: &mut (dyn FnMut(&str) + Send),
) -> bool {
    while let Some(message) = messages.next().await {
        match message {
            Message::Ready => return true,
            Message::Status(text) => {
                on_status(&text);
                *status = Some(text);
            }
            Message::Reloading | Message::Stopping | Message::Watchdog => {}
        }
    }
    false
}

fn file_id(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = path.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch")
            .field("paths", &self.paths)
            .field("error_log", &self.error_log)
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
