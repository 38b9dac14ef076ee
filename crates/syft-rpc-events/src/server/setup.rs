//! What must be there before the first request can come.

use std::{io, path::PathBuf};

use syft_state::fs::{Lock, create_private_dir};

use super::ServerOptions;
use crate::{
    layout::{AppPaths, Workspace},
    migrate::migrate,
    permissions, publish,
    router::Routes,
    tree::{Replace, Tree},
};

/// Keeps the Go client from removing an endpoint's directory while it is empty.
const KEEP: &str = ".syftkeep";

/// Says why a server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another process answers the requests of this app.
    #[error("another process answers the requests of {app:?}: it holds {}", lock.display())]
    Taken {
        /// The app.
        app: String,
        /// The lock.
        lock: PathBuf,
    },
    /// A file or directory of the app cannot be made or watched.
    #[error("cannot {action} {}", path.display())]
    Files {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The lock cannot be taken.
    #[error(transparent)]
    Lock(#[from] syft_state::Error),
}

impl StartError {
    pub(super) fn files(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Files {
            action,
            path,
            source,
        }
    }
}

/// Row 18: one process per app, by a lock that nobody syncs.
pub(super) fn lock(workspace: &Workspace, app: &AppPaths) -> Result<Lock, StartError> {
    let staging = workspace.staging();
    create_private_dir(&staging)?;
    let name = app.name().replace('/', "+");
    let path = staging.join(format!("rpc-{}-{name}.lock", app.datasite().key()));
    Lock::try_acquire(&path)?.ok_or_else(|| StartError::Taken {
        app: app.name().to_owned(),
        lock: path,
    })
}

/// Does what has to be done before anybody looks for requests: says who may call and what there is
/// to call, and brings requests of the old layout into their places.
pub(super) fn prepare(
    workspace: &Workspace,
    app: &AppPaths,
    routes: &Routes,
    options: &ServerOptions,
) -> Result<(), StartError> {
    permissions::apply(workspace, app, options.permissions)
        .map_err(StartError::files("write", app.permissions()))?;
    if options.publishes_schema {
        publish::write_schema(workspace, app, routes)
            .map_err(StartError::files("write", app.schema()))?;
    }
    if options.migrates {
        // What stays has been logged, and is no reason not to serve.
        drop(migrate(workspace, app));
    }
    Ok(())
}

/// Makes the directory of every endpoint, with the marker that keeps it.
pub(super) fn make_endpoints(tree: &Tree, routes: &Routes) -> Result<(), StartError> {
    for endpoint in routes.endpoints() {
        let path = endpoint.as_str();
        let failed = |source| StartError::Files {
            action: "make the directory of an endpoint at",
            path: tree.root().join(path),
            source,
        };
        tree.make_directory(path).map_err(failed)?;
        let keep = crate::tree::join(path, KEEP);
        match tree.write(&keep, b"", Replace::No) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}
