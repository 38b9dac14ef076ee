//! What goes wrong with PocketBase, for people.

use std::path::PathBuf;

use crate::exit::{Exit, Failure, chain};

/// What goes wrong with PocketBase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// There is no `[pocketbase]`.
    #[error("the config names no PocketBase")]
    NotConfigured,
    /// The server, or the way to it.
    #[error(transparent)]
    Server(#[from] syft_transport::Error),
    /// Not all of many records could be stored.
    #[error(transparent)]
    Unsent(#[from] syft_transport::pocketbase::Unsent),
    /// A file of ours cannot be read or written.
    #[error(transparent)]
    File(#[from] syft_state::fs::Error),
    /// A file of ours does not hold what it should.
    #[error("{} {reason}", path.display())]
    Corrupt { path: PathBuf, reason: String },
}

impl Error {
    fn server(&self) -> Option<&syft_transport::Error> {
        match self {
            Self::Server(error) => Some(error),
            Self::Unsent(unsent) => Some(&unsent.error),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use syft_transport::Error as Server;
        // What the server's errors say holds their cause already.
        let message = match error.server() {
            Some(_) => error.to_string(),
            None => chain(&error),
        };
        match (&error, error.server()) {
            (Error::NotConfigured, _) => Self::new(Exit::Usage, message)
                .hint("give `url`, `admin_email` and `password_file` in [pocketbase]"),
            (_, Some(Server::Unauthenticated { .. })) => Self::new(Exit::Unauthenticated, message)
                .hint("check `admin_email`, `password_file` and `auth_collection` in [pocketbase]"),
            (_, Some(Server::PermissionDenied { .. })) => Self::new(Exit::Unauthenticated, message)
                .hint("use a superuser, or give the account rules in PocketBase's dashboard"),
            (_, Some(Server::NotFound { .. })) => {
                Self::error(message).hint("syft-sync pb init makes the collections")
            }
            _ => Self::error(message),
        }
    }
}
