//! Scheduled sync jobs: a mirror of directories that never loses a byte, and when it runs.
//!
//! * [`mirror`]: looks at two trees, plans, and carries the plan out.
//! * [`schedule`]: when a job is due: intervals, cron expressions, time zones.
//! * [`queue`]: which job runs now, which waits, and which is refused.
//! * [`trigger`]: changes of files that make a job due.
//! * [`service`]: all of it together, as one thing that is started, fed and stopped.
//!
//! There is no network in here, and no clock: time is an argument of everything that decides.
//!
//! ```
//! use syft_jobs::{
//!     Job, Options, Schedule, Status,
//!     job::Timing,
//!     mirror::{self, Cancel, Context, Insist, Permits, progress::Silent},
//! };
//!
//! # let directory = tempfile::tempdir()?;
//! # let (source, destination) = (directory.path().join("a"), directory.path().join("b"));
//! # std::fs::create_dir(&source)?;
//! # std::fs::File::create(source.join("letter"))?;
//! let job = Job {
//!     id: "documents".parse()?,
//!     name: "Documents".to_owned(),
//!     source,
//!     destination,
//!     enabled: true,
//!     schedule: Schedule::interval("5m")?,
//!     timing: Timing::default(),
//!     priority: 0,
//!     tags: Vec::new(),
//!     options: Options::default(),
//! };
//! let report = mirror::run(&job, &Context {
//!     cancel: &Cancel::default(),
//!     permits: &Permits::new(100),
//!     progress: &Silent,
//!     store: None,
//!     insist: Insist::No,
//! });
//! assert_eq!((report.status, report.counts.copied), (Status::Success, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod canonical;
mod error;
pub mod filter;
pub mod job;
pub mod mirror;
pub mod queue;
mod record;
pub mod schedule;
pub mod service;
pub mod store;
pub mod trigger;

pub use error::Error;
pub use filter::Filter;
pub use job::{Job, JobId};
pub use mirror::{Options, Report, Status};
pub use record::RunRecord;
pub use schedule::Schedule;
pub use service::Service;
