//! The port as its clients see it: OAuth, the proxy, faults, the control API, the data directory.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "server/control.rs"]
mod control;
#[path = "server/data.rs"]
mod data;
#[path = "server/faults.rs"]
mod faults;
#[path = "server/oauth.rs"]
mod oauth;
#[path = "server/proxy.rs"]
mod proxy;

use reqwest::{Client, ClientBuilder, redirect::Policy};
use serde_json::Value;
use syft_emulator::{Emulator, Options};

const DO: &str = "do@example.org";

async fn emulator() -> Emulator {
    Emulator::start(Options::default()).await.unwrap()
}

/// A client that follows no redirects and heeds no environment.
fn builder() -> ClientBuilder {
    // The provider is the process's; whoever comes second finds it set.
    let _already_set = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().redirect(Policy::none())
}

fn client() -> Client {
    builder().build().unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} in {value}"))
}

/// Calls Drive's `about` and returns the status and the body.
async fn about(url: &str, token: &str) -> (u16, Value) {
    let url = format!("{url}/drive/v3/about?fields=user");
    let response = client().get(url).bearer_auth(token).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}
