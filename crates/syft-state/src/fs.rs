//! Files that are whole or not there, locks that die with their owner, reads with a limit.

mod atomic;
mod lock;
mod open;

pub use crate::Error;
pub(crate) use atomic::{Replacement, sweep, sync_parent};
pub use atomic::{write_atomic, write_fleeting};
pub use lock::Lock;
pub(crate) use open::read_open;
pub use open::{create_private_dir, open_nofollow, read_capped};
