//! What SyftBox's background helpers keep on this machine's disk.
//!
//! * [`id`]: names that are valid by construction: [`Email`], [`RelPath`], [`Timestamp`].
//! * [`fs`]: files that are whole or not there, locks that die with their owner.
//! * [`ledger`]: what was told to whom, in the file of Python's program.
//! * `sqlite` (feature of that name): databases in one file.
//! * `watch` (feature of that name): hints that something changed below a directory.
//! * `yaml` (feature of that name): small documents whose author may be hostile.
//!
//! ```
//! use syft_state::Email;
//!
//! let typed: Email = "O'Brien+lab@Example.org".parse()?;
//! assert_eq!(typed, "o'brien+LAB@example.org".parse()?);
//! assert_eq!(typed.to_string(), "O'Brien+lab@Example.org");
//! # Ok::<(), syft_state::id::InvalidId>(())
//! ```

mod error;
pub mod fs;
pub mod id;
pub mod ledger;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "watch")]
pub mod watch;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use error::Error;
pub use id::{Email, RelPath, Timestamp};
