//! Names of Drive folders and messages, and paths inside a datasite, in the four layouts
//! that SyftBox clients have used (T1).
//!
//! | layout | client releases | folder on Drive | job in the datasite |
//! |---|---|---|---|
//! | W1 | up to 0.1.101 | `syft_outbox_inbox_{from}_to_{to}` | `app_data/job/{job}` |
//! | W2 | 0.1.102, 0.1.103 | `syft_datasite#{do}#{kind}#{ds}` | `app_data/job/{ds}/{job}` |
//! | W3 | 0.1.104 to 0.1.112 | as W2 | `app_data/job/inbox/{ds}/{job}` |
//! | W4 | from 0.1.113 | `syft_datasite#{X.Y.Z}#{do}#{kind}#{ds}` | as W3 |
//!
//! ```
//! use syft_monitor::layout::{FolderKind, Ownership, parse_folder, verify};
//!
//! let me = "do@x.org".parse()?;
//! let folder = parse_folder("syft_datasite#0.1.117#DO@x.org#inbox#john_doe@y.org", &me).expect("mine");
//! assert_eq!(folder.kind, FolderKind::Inbox);
//! assert_eq!(folder.peer.as_str(), "john_doe@y.org");
//! assert_eq!(verify(&folder, Some(&"john_doe@y.org".parse()?), &me), Ownership::Verified);
//! # Ok::<(), syft_state::id::InvalidId>(())
//! ```

mod folder;
mod job_path;
mod message;

pub use folder::{
    ARCHIVE_PREFIX, ARCHIVE_SUFFIX, DATASITE_PREFIX, Folder, FolderKind, Generation,
    OUTBOX_INBOX_PREFIX, Ownership, Version, archive_name, inbox_name, parse_folder, verify,
};
pub use job_path::{JobLayout, JobPath, job_in_path};
pub use message::{
    MESSAGE_PREFIX, MessageName, message_name, parse_message_name, recognise_message_name,
};
