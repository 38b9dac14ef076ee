//! Endpoints in groups, each group a value of its own.
//!
//! The prefix is `/v1/users`, not `/api/v1/users`: the relay refuses files below a directory of
//! the name `api`, so a router with it is an error here.

use std::error::Error;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_rpc_events::{Json, Params, Router, SyftEvents};

#[derive(Deserialize, JsonSchema)]
struct User {
    user_id: String,
}

#[derive(Serialize, JsonSchema)]
struct Profile {
    user_id: String,
    name: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Settings {
    theme: &'static str,
    notifications: bool,
}

fn profile(Params(user): Params<User>) -> Json<Profile> {
    Json(Profile {
        user_id: user.user_id,
        name: "John Doe",
    })
}

fn settings(Params(_user): Params<User>) -> Json<Settings> {
    Json(Settings {
        theme: "dark",
        notifications: true,
    })
}

fn users() -> Router {
    Router::new()
        .on_request("/profile", profile)
        .on_request("/settings", settings)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut app = SyftEvents::new("user_service", &syft_examples::config()?)?
        .include_router("/v1/users", users());
    app.run_until(tokio::signal::ctrl_c()).await??;
    Ok(())
}
