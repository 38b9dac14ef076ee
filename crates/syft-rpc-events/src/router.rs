//! Endpoints and their handlers, as a value.

mod endpoint;
mod error;
mod path;
mod routes;

use std::future::Future;

pub use endpoint::Endpoint;
pub use error::BuildError;
pub use path::EndpointPath;
pub use routes::Routes;

use crate::{
    handler::Handler,
    middleware::{Layer, Next},
    request::Request,
    response::Response,
    state::States,
};

/// Endpoints with their handlers; routers can be put into each other below a prefix.
///
/// What is wrong with them is said by [`Router::build`], all of it at once.
#[derive(Clone, Debug, Default)]
pub struct Router {
    endpoints: Vec<(String, Endpoint)>,
    fallback: Option<Endpoint>,
    states: States,
    allows_unsynced: bool,
}

impl Router {
    /// Makes a router without endpoints.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers requests for an endpoint, as `/v1/users`, with a function.
    #[must_use]
    pub fn on_request<M>(self, path: &str, handler: impl Handler<M>) -> Self {
        self.endpoint(path, Endpoint::new(handler))
    }

    /// Answers requests for an endpoint with a function that has limits of its own.
    #[must_use]
    pub fn endpoint(mut self, path: &str, endpoint: Endpoint) -> Self {
        self.endpoints.push((path.to_owned(), endpoint));
        self
    }

    /// Adds the endpoints of another router below a prefix; a slash between them is not needed.
    #[must_use]
    pub fn include(mut self, prefix: &str, router: Self) -> Self {
        self.states.adopt(&router.states);
        self.allows_unsynced |= router.allows_unsynced;
        let prefix = prefix.trim_end_matches('/');
        for (path, endpoint) in router.endpoints {
            let path = format!("{prefix}/{}", path.trim_start_matches('/'));
            self.endpoints.push((path, endpoint));
        }
        self
    }

    /// Answers requests for every other endpoint; without it nobody does.
    #[must_use]
    pub fn fallback<M>(mut self, handler: impl Handler<M>) -> Self {
        self.fallback = Some(Endpoint::new(handler));
        self
    }

    /// Puts a function around all endpoints that were added so far; the last one is outermost.
    #[must_use]
    pub fn layer<F, Fut>(mut self, layer: F) -> Self
    where
        F: Fn(Request, Next) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let layer = Layer::new(layer);
        let endpoints = self.endpoints.iter_mut().map(|(_, endpoint)| endpoint);
        for endpoint in endpoints.chain(&mut self.fallback) {
            endpoint.wrap(&layer);
        }
        self
    }

    /// Gives handlers a value that they share, as [`State`](crate::State) of its type.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// Accepts names that the relay or the Go client does not carry, as `/api`: for use on one
    /// machine only.
    #[must_use]
    pub fn allow_unsynced_names(mut self) -> Self {
        self.allows_unsynced = true;
        self
    }

    /// Checks everything and returns what requests can be dispatched to.
    ///
    /// # Errors
    /// All [`BuildError`]s at once.
    pub fn build(self) -> Result<Routes, Vec<BuildError>> {
        Routes::new(
            self.endpoints,
            self.fallback,
            self.states,
            self.allows_unsynced,
        )
    }
}
