//! What every SyftBox daemon needs besides its work.
//!
//! * [`Instance`]: one daemon per directory, found by its lock and not by its pid file.
//! * [`start`]: begins it in the background and returns when it is ready, or says why not.
//! * [`supervise`]: keeps its worker running, and gives up visibly.
//! * [`Wishes`], [`Notifier`], [`Link`]: what others want from a process, and what they hear.
//! * [`logs`]: lines in log files that rotate. [`service`]: files for service managers.
//!   [`http`]: a page for health and metrics.
//!
//! Three processes of one program make a daemon. `start` waits at the terminal until
//! the second one, the supervisor, tells it over their [`Link`] that the third one, the worker,
//! is ready. Any of them may be killed: a worker is started again, a worker whose supervisor is
//! gone ends, and a supervisor whose `start` is gone goes on. Nothing is forked: each is a fresh
//! start of the program with other arguments.
//!
//! ```no_run
//! use std::{path::Path, time::Duration};
//!
//! use syft_daemon::{
//!     End, Instance, Launch, Link, Paths, Restarts, Signals, Supervision, WATCHDOG, Wish,
//!     logs::{Line, LogFile},
//! };
//!
//! const PATIENCE: Duration = Duration::from_secs(10);
//!
//! /// `example start`
//! async fn start(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
//!     let paths = Paths::new(directory, "example");
//!     let started = syft_daemon::start(Launch {
//!         error_log: paths.error_log(),
//!         paths,
//!         program: syft_daemon::this_program()?,
//!         arguments: vec!["supervise".into(), directory.into()],
//!         patience: Duration::from_secs(60),
//!         environment: Vec::new(),
//!         on_status: Box::new(|status| println!("{status}")),
//!     });
//!     println!("started (PID {})", started.await?.pid);
//!     Ok(())
//! }
//!
//! /// `example supervise DIRECTORY`
//! async fn supervise(directory: &Path) -> Result<End, Box<dyn std::error::Error>> {
//!     syft_daemon::detach()?;
//!     let link = Link::stdin()?;
//!     let paths = Paths::new(directory, "example");
//!     let mut log = LogFile::open(&paths.log(), Line::text("example"))?;
//!     let end = syft_daemon::supervise(Supervision {
//!         instance: Instance::acquire(&paths, PATIENCE).await?,
//!         link,
//!         program: syft_daemon::this_program()?,
//!         arguments: vec!["work".into()],
//!         restarts: Restarts::default(),
//!         watchdog: WATCHDOG,
//!         patience: PATIENCE,
//!         lines: Box::new(move |line: &[u8]| log.write_line(line)),
//!     });
//!     Ok(end.await?)
//! }
//!
//! /// `example work`
//! async fn work() -> Result<(), Box<dyn std::error::Error>> {
//!     let link = Link::stdin()?.ok_or("only a supervisor starts this")?;
//!     let notifier = link.notifier(Some(WATCHDOG));
//!     let mut signals = Signals::listen()?;
//!     notifier.ready("watching");
//!     loop {
//!         tokio::select! {
//!             () = tokio::time::sleep(WATCHDOG / 2) => notifier.watchdog(),
//!             () = link.closed() => break,
//!             wish = signals.next() => match wish {
//!                 Wish::Stop => break,
//!                 Wish::Reload => notifier.ready("watching, with the new configuration"),
//!             },
//!         }
//!     }
//!     notifier.stopping("done");
//!     Ok(())
//! }
//! ```

mod again;
mod background;
mod error;
pub mod http;
mod instance;
pub mod logs;
mod notify;
mod paths;
mod process;
pub mod service;
mod signals;
mod started_by;
mod supervise;
mod wishes;

pub use again::start_again;
pub use background::{Launch, StartError, Started, detach, start, this_program};
pub use error::Error;
pub use instance::{Holder, Instance, Stopped, holder};
pub use notify::{Link, Notifier};
pub use paths::Paths;
pub use process::Signal;
pub use signals::{Signals, Wish};
pub use started_by::{StartedBy, Verb};
pub use supervise::{
    Decision, End, Ended, Ending, LineSink, Restarts, Supervision, WATCHDOG, supervise,
};
pub use wishes::Wishes;
