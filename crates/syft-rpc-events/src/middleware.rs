//! What happens around every call: authorisation, counting, headers.

use std::{fmt, future::Future, sync::Arc};

use futures_util::future::BoxFuture;

use crate::{extract::Call, request::Request, response::Response};

type Inner = Arc<dyn Fn(Call) -> BoxFuture<'static, Response> + Send + Sync>;

/// The rest of the way to the handler.
#[derive(Clone)]
pub struct Next {
    inner: Inner,
    call: Call,
}

impl Next {
    /// Goes on with the request.
    pub async fn run(self) -> Response {
        (self.inner)(self.call).await
    }

    /// Goes on with another request.
    pub async fn run_with(mut self, request: Request) -> Response {
        self.call.request = Arc::new(request);
        (self.inner)(self.call).await
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

/// A function around handlers.
#[derive(Clone)]
pub(crate) struct Layer(Arc<dyn Fn(Request, Next) -> BoxFuture<'static, Response> + Send + Sync>);

impl Layer {
    pub(crate) fn new<F, Fut>(layer: F) -> Self
    where
        F: Fn(Request, Next) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        Self(Arc::new(move |request, next| {
            Box::pin(layer(request, next))
        }))
    }

    /// Returns the way to the handler with this layer around it.
    pub(crate) fn around(&self, inner: Inner) -> Inner {
        let layer = Arc::clone(&self.0);
        Arc::new(move |call: Call| {
            let request = Request::clone(&call.request);
            let next = Next {
                inner: Arc::clone(&inner),
                call,
            };
            layer(request, next)
        })
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Layer")
    }
}
