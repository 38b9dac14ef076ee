//! What lies beyond this machine: Google Drive and Gmail, and their no-account twins.
//!
//! Two small traits are the seams: [`Drive`] and [`Mailer`]. People without Gmail have [`Smtp`],
//! and programs that want to know have a [`Webhook`]; both are mailers, too.
//!
//! ```
//! use syft_transport::{NameMatch, Query};
//!
//! let inbox = Query {
//!     any_name: vec![NameMatch::StartsWith("msgv2_".into())],
//!     ..Query::default()
//! };
//! assert!(inbox.accepts_name("msgv2_1765210000.0_x.tar.gz"));
//! assert!(!inbox.accepts_name("re_msgv2_1765210000.0_x.tar.gz"));
//! ```

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod drive;
pub mod error;
pub mod google;
pub mod http;
pub mod local;
pub mod mail;
pub mod mime;
pub mod pocketbase;
mod secret_file;
pub mod smtp;
mod tls;
pub mod webhook;

pub use drive::{
    Changes, Content, Cursor, Drive, Entry, EntryKind, FileId, NameMatch, NewEntry, Order, Owner,
    Page, PageToken, Query, Role,
};
pub use error::{Error, Result};
pub use local::{LocalDrive, LocalMailer};
pub use mail::{About, DraftId, Mail, MailId, Mailer, MessageId, Promise};
pub use smtp::Smtp;
pub use webhook::Webhook;
