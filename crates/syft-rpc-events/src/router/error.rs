/// Says what is wrong with a router.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two handlers answer the same endpoint.
    #[error("two handlers are given for {0:?}: an endpoint has one")]
    Duplicate(String),
    /// A path cannot be an endpoint.
    #[error("{path:?} cannot be an endpoint: {reason}")]
    BadPath {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Requests for an endpoint would never arrive.
    #[error(
        "{path:?} cannot be called by others: {reason} (`allow_unsynced_names` accepts it for use on this machine)"
    )]
    Unsynced {
        /// The path.
        path: String,
        /// Why.
        reason: &'static str,
    },
    /// A handler asks for a state that nobody has given.
    #[error("the handler of {path:?} needs a state of type {name}: give one with `state`")]
    MissingState {
        /// The endpoint.
        path: String,
        /// The type.
        name: &'static str,
    },
}
