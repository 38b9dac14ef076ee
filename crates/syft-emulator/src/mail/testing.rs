//! A client for the tests of this part: requests through the router, without a socket.

use axum::{body::Body, extract::Request};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    ca::Authority,
    oauth::Grant,
    state::{App, Shared, World, today},
};

pub(crate) const FULL: &str = "https://mail.google.com/";
pub(crate) const DO: &str = "do@example.org";
pub(crate) const DS: &str = "ds@example.org";

/// Returns an emulator without a port.
pub(crate) fn app() -> App {
    let authority = Authority::generate(today()).unwrap();
    let url = "http://127.0.0.1:1".to_owned();
    App::new(Shared::new(
        World::default(),
        TimeDelta::zero(),
        authority,
        url,
        None,
    ))
}

/// An account's client with one access token.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    app: App,
    token: String,
}

impl Client {
    pub(crate) fn new(app: &App, account: &str, scopes: &[&str]) -> Self {
        let now = app.now();
        let token = app.write(|world| {
            world.accounts.ensure(account);
            let scopes: Vec<_> = scopes.iter().map(|&scope| scope.to_owned()).collect();
            let grant = Grant {
                account: account.to_owned(),
                client_id: "test".to_owned(),
                scopes: scopes.clone(),
                issued: now,
                refresh_expires: None,
            };
            world
                .accounts
                .grants
                .issue_access(&grant, scopes, None, now)
        });
        Self {
            app: App::clone(app),
            token,
        }
    }

    /// Makes a call below `/gmail/v1/users/me/`, with a JSON body unless it is null.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let body = match body {
            Value::Null => Body::empty(),
            json => Body::from(json.to_string()),
        };
        let path = format!("/gmail/v1/users/me/{path}");
        self.request(method, &path, "application/json", body).await
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: impl Into<Body>,
    ) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, kind)
            .body(body.into())
            .unwrap();
        let router = super::routes().with_state(App::clone(&self.app));
        let response = router.oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 26)
            .await
            .unwrap();
        if bytes.is_empty() {
            return (status, Value::Null);
        }
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[track_caller]
    fn good((status, answer): (StatusCode, Value)) -> Value {
        assert!(status.is_success(), "{status} {answer}");
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        Self::good(self.call(Method::GET, path, Value::Null).await)
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        Self::good(self.call(Method::POST, path, body).await)
    }

    /// Returns status and message of a call that must fail.
    pub(crate) async fn refused(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.call(method, path, body).await;
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(answer["error"]["code"], status.as_u16(), "{path}: {answer}");
        (status.as_u16(), message.to_owned())
    }
}

/// Returns the body of a send or, under `message`, of a draft.
pub(crate) fn raw(mail: &str) -> Value {
    json!({ "raw": URL_SAFE_NO_PAD.encode(mail) })
}
