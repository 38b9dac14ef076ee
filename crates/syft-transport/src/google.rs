//! Google Drive and Gmail over their REST APIs.
//!
//! ```no_run
//! # async fn example() -> syft_transport::Result<()> {
//! use syft_transport::{
//!     Drive as _,
//!     google::{Endpoints, GoogleDrive, Tokens},
//!     http::{Budget, Client, Options},
//! };
//!
//! let client = Client::new(Options::default())?;
//! let tokens = Tokens::open(&client, &Endpoints::default(), "token_do.json".as_ref())?;
//! let drive = GoogleDrive::new(&tokens, Budget::DRIVE);
//! println!("{}", drive.account().await?);
//! # Ok(())
//! # }
//! ```

mod api;
mod drive;
mod endpoints;
mod entry;
mod exchange;
mod gmail;
mod oauth;
mod query;
mod token_file;
mod token_info;
mod tokens;

pub use drive::GoogleDrive;
pub use endpoints::Endpoints;
pub use gmail::{Gmail, Identity};
pub use oauth::{Authorization, Grant, OAuthClient};
pub use token_info::TokenInfo;
pub use tokens::Tokens;

/// The scope that all of Drive needs.
pub const SCOPE_DRIVE: &str = "https://www.googleapis.com/auth/drive";
/// The scope that sends mail and nothing else: an interrupted send may stay unclear.
pub const SCOPE_GMAIL_SEND: &str = "https://www.googleapis.com/auth/gmail.send";
/// The scope that keeps drafts and sends them: every mail is sent exactly once.
pub const SCOPE_GMAIL_COMPOSE: &str = "https://www.googleapis.com/auth/gmail.compose";
/// A wider scope that other SyftBox programs ask for; it can do what `gmail.compose` can.
pub const SCOPE_GMAIL_MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
/// The scope that shows whose a token is, besides [`SCOPE_GMAIL_SEND`], which does not.
pub const SCOPE_EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
/// The widest scope for mail.
pub const SCOPE_GMAIL_FULL: &str = "https://mail.google.com/";
