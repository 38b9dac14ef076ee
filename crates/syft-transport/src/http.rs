//! One path for every call over HTTP: connections, retries, prices and the meaning of answers.
//!
//! A program makes one [`Client`] and shares it. What a call costs is kept by a [`Meter`] per
//! API and account.

mod client;
mod date;
mod failure;
mod quota;
mod request;
mod retry;
#[cfg(test)]
pub(crate) mod script;
mod status;

pub(crate) use client::{Answer, Reply};
pub use client::{Client, Options, Proxies};
pub(crate) use failure::Failure;
pub(crate) use quota::Operation;
pub use quota::{Budget, Meter, Usage};
pub(crate) use request::Request;
pub(crate) use retry::Repeat;
pub use retry::Retry;
pub(crate) use status::{check, retry_after};
