//! What SyftBox's background helpers keep on this machine's disk.
//!
//! * [`id`]: names that are valid by construction: [`Email`], [`RelPath`], [`Timestamp`].
//!
//! ```
//! use syft_state::Email;
//!
//! let typed: Email = "O'Brien+lab@Example.org".parse()?;
//! assert_eq!(typed, "o'brien+LAB@example.org".parse()?);
//! assert_eq!(typed.to_string(), "O'Brien+lab@Example.org");
//! # Ok::<(), syft_state::id::InvalidId>(())
//! ```

pub mod id;

pub use id::{Email, RelPath, Timestamp};
