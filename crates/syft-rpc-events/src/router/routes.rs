use std::{
    collections::{BTreeMap, btree_map::Entry},
    panic::AssertUnwindSafe,
    sync::Arc,
};

use futures_util::FutureExt as _;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{BuildError, Endpoint, EndpointPath};
use crate::{
    extract::Call,
    message::Status,
    publish,
    request::Request,
    response::{IntoResponse as _, Response},
    state::States,
};

/// A checked router: every endpoint has one handler, and every handler what it needs.
#[derive(Clone, Debug)]
pub struct Routes {
    routes: Arc<BTreeMap<EndpointPath, Route>>,
    fallback: Option<Arc<Route>>,
    states: States,
}

#[derive(Debug)]
struct Route {
    endpoint: Endpoint,
    /// One permit for each call that may run.
    permits: Option<Semaphore>,
}

impl Route {
    fn new(endpoint: Endpoint) -> Self {
        Self {
            permits: endpoint
                .concurrency
                .map(|calls| Semaphore::new(calls.get())),
            endpoint,
        }
    }
}

impl Routes {
    pub(super) fn new(
        endpoints: Vec<(String, Endpoint)>,
        fallback: Option<Endpoint>,
        states: States,
        allows_unsynced: bool,
    ) -> Result<Self, Vec<BuildError>> {
        let mut routes = BTreeMap::new();
        let mut errors = Vec::new();
        for (path, endpoint) in endpoints {
            let missing = endpoint.signature.needs.iter();
            let missing = missing.filter(|need| !states.has(need));
            errors.extend(missing.map(|need| BuildError::MissingState {
                path: path.clone(),
                name: need.name(),
            }));
            let checked = EndpointPath::new(&path).and_then(|path| {
                let synced = if allows_unsynced {
                    Ok(())
                } else {
                    path.check_synced()
                };
                synced.map(|()| path)
            });
            match checked.map(|path| routes.entry(path)) {
                Ok(Entry::Vacant(place)) => drop(place.insert(Route::new(endpoint))),
                Ok(Entry::Occupied(_)) => errors.push(BuildError::Duplicate(path)),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            routes: Arc::new(routes),
            fallback: fallback.map(Route::new).map(Arc::new),
            states,
        })
    }

    /// Returns the endpoints, sorted.
    pub fn endpoints(&self) -> impl Iterator<Item = &EndpointPath> {
        self.routes.keys()
    }

    /// Returns whether an endpoint has a handler of its own.
    #[must_use]
    pub fn has(&self, endpoint: &EndpointPath) -> bool {
        self.routes.contains_key(endpoint)
    }

    /// Returns whether requests for other endpoints are answered.
    #[must_use]
    pub fn has_fallback(&self) -> bool {
        self.fallback.is_some()
    }

    /// Returns the content of `rpc.schema.json` as JSON.
    #[must_use]
    pub fn schema(&self) -> Value {
        let endpoints = self.routes.iter().map(|(path, route)| {
            let endpoint = &route.endpoint;
            let description = endpoint.description.as_deref();
            (path.to_string(), endpoint.signature.info(description))
        });
        publish::schema_of(endpoints)
    }

    /// Answers a request, without a look at any file.
    ///
    /// A handler that panics or takes too long is answered for; what happened is logged.
    pub async fn dispatch(&self, request: Request) -> Response {
        let endpoint = request.endpoint().map(EndpointPath::new);
        let route = match &endpoint {
            Some(Ok(path)) => self.routes.get(path),
            _ => None,
        };
        match route.or(self.fallback.as_deref()) {
            Some(route) => self.call(route, request).await,
            None => (Status::NOT_FOUND, "There is no such endpoint.").into_response(),
        }
    }

    async fn call(&self, route: &Route, request: Request) -> Response {
        let endpoint = &route.endpoint;
        let length = request.body.as_ref().map_or(0, bytes::Bytes::len);
        if length > endpoint.max_body {
            let text = format!("The body is longer than {} bytes.", endpoint.max_body);
            return (Status::PAYLOAD_TOO_LARGE, text).into_response();
        }
        let _permit = match &route.permits {
            Some(permits) => permits.acquire().await.ok(),
            None => None,
        };
        let id = request.id;
        let call = Call {
            request: Arc::new(request),
            states: self.states.clone(),
        };
        let answer = AssertUnwindSafe((endpoint.answer)(call)).catch_unwind();
        match tokio::time::timeout(endpoint.timeout, answer).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => {
                tracing::error!("the handler of request {id} panicked");
                Response::internal_error()
            }
            Err(_) => {
                tracing::error!("the handler of request {id} took too long");
                (Status::GATEWAY_TIMEOUT, "The handler took too long.").into_response()
            }
        }
    }
}
