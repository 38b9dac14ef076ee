//! `rpc.schema.json`: what an app can be asked, for everybody to read; and who else has one.
//!
//! ```
//! use syft_rpc_events::{Router, config::ClientConfig, layout::Workspace, publish};
//!
//! # let home = tempfile::tempdir()?;
//! # let config = ClientConfig { data_dir: home.path().to_owned(), email: "alice@example.com".parse()? };
//! let workspace = Workspace::new(&config);
//! let app = workspace.app("my_app", workspace.email())?;
//! let routes = Router::new().on_request("/hello", || "hello").build().map_err(|errors| errors[0].clone())?;
//! publish::write_schema(&workspace, &app, &routes)?;
//!
//! let found = publish::discover(&workspace, "my_app");
//! assert_eq!(found.live[0].datasite, "alice@example.com".parse()?);
//! assert!(found.live[0].endpoints.contains_key("/hello"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod discover;
mod endpoint;
mod json;

use std::io;

pub use discover::{Discovery, LiveApp, discover, read_schema};
pub(crate) use endpoint::schema_of;
pub use endpoint::{Argument, EndpointInfo};
pub use json::encode;

use crate::{
    layout::{AppPaths, Workspace},
    router::Routes,
    tree::{Replace, Tree},
};

/// The name of the file in `rpc/`.
pub const FILE_NAME: &str = "rpc.schema.json";

/// What became of the schema file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Published {
    /// It was written.
    Written,
    /// It said the same already, and no peer gets it anew.
    Unchanged,
}

/// Writes the schema of an app's endpoints, completely or not at all, if it has changed.
///
/// # Errors
/// Whatever keeps the file from being written.
pub fn write_schema(
    workspace: &Workspace,
    app: &AppPaths,
    routes: &Routes,
) -> io::Result<Published> {
    let tree = Tree::new(app.rpc(), workspace.staging());
    let bytes = encode(&routes.schema());
    let existing = tree.read(FILE_NAME, bytes.len() as u64);
    if existing.is_ok_and(|content| content.bytes.as_ref() == Some(&bytes)) {
        return Ok(Published::Unchanged);
    }
    tree.make_directory("")?;
    tree.write(FILE_NAME, &bytes, Replace::Yes)?;
    Ok(Published::Written)
}

#[cfg(test)]
mod tests;
