//! Functions as handlers: plain `async fn`s and blocking `fn`s whose parameters are [`Extract`].

use std::future::Future;

use futures_util::future::BoxFuture;

use crate::{
    extract::{Call, Extract},
    response::{IntoResponse, Response},
    schema::Signature,
};

/// Marks handlers that are `async fn`s.
#[derive(Debug)]
pub struct IsAsync;
/// Marks handlers that are plain `fn`s; they run on threads of their own.
#[derive(Debug)]
pub struct IsBlocking;

/// A function that can answer requests; `M` only tells the kinds of functions apart.
pub trait Handler<M>: Clone + Send + Sync + 'static {
    /// Answers a call.
    fn call(self, call: Call) -> BoxFuture<'static, Response>;

    /// Says what it takes and returns.
    fn signature() -> Signature;
}

/// Takes the arguments out of a call, each into a variable of its type's name, or answers.
macro_rules! extract {
    ($call:ident: $($extract:ident),*) => {
        let _ = &$call;
        $(
            #[expect(non_snake_case, reason = "a variable of each type's name")]
            let $extract = match $extract::extract(&$call) {
                Ok(value) => value,
                Err(rejection) => return rejection.into_response(),
            };
        )*
    };
}

macro_rules! of_functions {
    ($($extract:ident),*) => {
        impl<F, Fut, $($extract,)*> Handler<(IsAsync, $($extract,)*)> for F
        where
            F: Fn($($extract,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: IntoResponse> + Send + 'static,
            $($extract: Extract,)*
        {
            fn call(self, call: Call) -> BoxFuture<'static, Response> {
                Box::pin(async move {
                    extract!(call: $($extract),*);
                    self($($extract,)*).await.into_response()
                })
            }

            fn signature() -> Signature {
                let mut signature = Signature::default();
                $($extract::describe(&mut signature);)*
                Fut::Output::describe(&mut signature);
                signature
            }
        }

        impl<F, R, $($extract,)*> Handler<(IsBlocking, $($extract,)*)> for F
        where
            F: Fn($($extract,)*) -> R + Clone + Send + Sync + 'static,
            R: IntoResponse + 'static,
            $($extract: Extract,)*
        {
            fn call(self, call: Call) -> BoxFuture<'static, Response> {
                Box::pin(async move {
                    extract!(call: $($extract),*);
                    let work = move || self($($extract,)*).into_response();
                    match tokio::task::spawn_blocking(work).await {
                        Ok(response) => response,
                        Err(error) => std::panic::resume_unwind(error.into_panic()),
                    }
                })
            }

            fn signature() -> Signature {
                let mut signature = Signature::default();
                $($extract::describe(&mut signature);)*
                R::describe(&mut signature);
                signature
            }
        }
    };
}

of_functions!();
of_functions!(A);
of_functions!(A, B);
of_functions!(A, B, C);
of_functions!(A, B, C, D);
of_functions!(A, B, C, D, E);
of_functions!(A, B, C, D, E, G);
