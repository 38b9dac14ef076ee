//! File-based RPC and file events for SyftBox, on the wire compatible with Python's `syft-event`
//! 0.4 and `syft-rpc` 0.4, and with the Go client that carries the files.
//!
//! An app answers requests with plain functions, whose parameters say what they need, and hears of
//! files ([`SyftEvents`]). Whoever calls has a [`Client`].
//!
//! ```
//! use syft_rpc_events::{Client, Params, SyftEvents, config::ClientConfig, layout::Workspace};
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Calculation {
//!     a: i64,
//!     b: i64,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! let alice = ClientConfig { data_dir: home.path().to_owned(), email: "alice@example.com".parse()? };
//! let bob = ClientConfig { email: "bob@example.com".parse()?, ..alice.clone() };
//!
//! let mut app = SyftEvents::new("my_app", &alice)?
//!     .on_request("/add", |Params(it): Params<Calculation>| it.a + it.b);
//! app.start().await?;
//!
//! let client = Client::new(Workspace::new(&bob));
//! let url = client.url(&alice.email, "my_app", "add")?;
//! let sum: i64 = client.call(&url, &serde_json::json!({"a": 2, "b": 3})).await?;
//! assert_eq!(sum, 5);
//! app.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Every request is answered at least once, also after a crash in the middle of it: a handler can
//! tell a repetition by its [`RequestId`]. With a journal ([`ServerOptions::journal`]) it is handled
//! at most once, and one that was interrupted is answered 500. An answer is whole or not there.

pub mod app;
mod claims;
pub mod cleanup;
pub mod client;
pub mod config;
pub mod events;
pub mod extract;
pub mod handler;
mod hints;
pub mod interval;
pub mod layout;
pub mod message;
pub mod middleware;
pub mod migrate;
pub mod permissions;
pub mod publish;
pub mod request;
pub mod response;
pub mod router;
pub mod schema;
pub mod server;
mod skipped;
pub mod state;
mod tree;
pub mod url;

pub use app::{AppError, SyftEvents};
pub use claims::Claims;
pub use cleanup::{CleanupOptions, CleanupStats, PeriodicCleanup};
pub use client::{CallError, Client, Outgoing, Pending, Reply};
pub use events::{EventHandler, FileChange, FileChangeKind, FileEvent, Watch};
pub use extract::{Extract, Json, Params, RequestId, Sender, State};
pub use message::{Headers, Method, Status};
pub use middleware::Next;
pub use request::Request;
pub use response::{Failure, IntoResponse, Response};
pub use router::{Endpoint, Router};
pub use server::{Health, Server, ServerOptions};
pub use skipped::Skipped;
pub use url::SyftUrl;
