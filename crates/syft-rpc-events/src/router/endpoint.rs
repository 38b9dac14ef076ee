use std::{fmt, num::NonZeroUsize, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use crate::{
    extract::Call, handler::Handler, middleware::Layer, response::Response, schema::Signature,
};

type Answer = Arc<dyn Fn(Call) -> BoxFuture<'static, Response> + Send + Sync>;

/// A handler with its limits and its description.
#[derive(Clone)]
pub struct Endpoint {
    pub(super) answer: Answer,
    pub(super) signature: Signature,
    pub(super) description: Option<String>,
    pub(super) max_body: usize,
    pub(super) concurrency: Option<NonZeroUsize>,
    pub(super) timeout: Duration,
}

impl Endpoint {
    /// The longest body that is accepted unless said otherwise, in bytes: what the relay carries.
    pub const MAX_BODY: usize = 4 * 1024 * 1024;
    /// How long a handler may take unless said otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(300);

    /// Makes an endpoint of a handler, with the usual limits.
    #[must_use]
    pub fn new<M>(handler: impl Handler<M>) -> Self {
        fn signature_of<M, H: Handler<M>>(_: &H) -> Signature {
            H::signature()
        }
        Self {
            signature: signature_of(&handler),
            answer: Arc::new(move |call| handler.clone().call(call)),
            description: None,
            max_body: Self::MAX_BODY,
            concurrency: None,
            timeout: Self::TIMEOUT,
        }
    }

    /// Describes it in the published schema.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Answers 413 to a body of more bytes.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Runs at most so many calls at once; others wait.
    #[must_use]
    pub fn concurrency(mut self, calls: NonZeroUsize) -> Self {
        self.concurrency = Some(calls);
        self
    }

    /// Answers 504 after that time. A blocking handler cannot be ended and goes on unheard.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(super) fn wrap(&mut self, layer: &Layer) {
        self.answer = layer.around(Arc::clone(&self.answer));
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("description", &self.description)
            .field("max_body", &self.max_body)
            .field("concurrency", &self.concurrency)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
