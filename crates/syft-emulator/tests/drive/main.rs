//! The Drive API over HTTP.

mod access;
mod discovery;
mod downloads;
mod feed;
mod files;
mod lists;
mod recorded;
mod support;
mod uploads;
