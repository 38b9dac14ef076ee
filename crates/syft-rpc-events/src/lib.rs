//! File-based RPC and file events for SyftBox, on the wire compatible with Python's `syft-event`
//! 0.4 and `syft-rpc` 0.4, and with the Go client that carries the files.

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
