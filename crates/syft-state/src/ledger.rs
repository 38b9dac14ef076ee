//! The ledger of notifications: what was told, what is to be told, and what is under way.
//!
//! It lives in the file of Python's program, `notification_state.json`, and keeps all that
//! Python and people write there: `{"notified_jobs": {KEY: [MARK, …]}, "peer_snapshot":
//! [ADDRESS, …]}`. Everything else that this program remembers is in [`Bookkeeping`], under
//! the key `syft_notify`. A transaction is one replacement of the file, under the `flock` on
//! `notification_state.lock`; the generation before it stays in `notification_state.json.bak`.
//!
//! ```
//! use syft_state::ledger::{Ledger, Op};
//!
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("notification_state.json");
//! let mut ledger = Ledger::open(&path)?;
//! let mut session = ledger.session()?;
//! session.commit(&[Op::Mark { key: "msg_1AbC".into(), mark: "processed".into() }])?;
//! assert!(session.state().is_marked("msg_1AbC", "processed"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod apply;
mod backup;
mod fingerprint;
mod finished;
mod notices;
mod op;
mod parse;
mod records;
mod render;
mod state;
mod store;
mod table;

pub use crate::Error;
pub use finished::Finished;
pub use notices::{HeartbeatRecord, NoticeJob, NoticeRecord, NoticeState, SentRecord};
pub use op::Op;
pub use records::{Bookkeeping, EventRecord, Extra, FolderRecord, JobRecord, PeerRecord, job_key};
pub use state::State;
pub use store::{Ledger, Session};
pub use table::Table;

#[cfg(test)]
mod tests;
