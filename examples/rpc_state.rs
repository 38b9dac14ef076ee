//! What handlers share: a counter.

use std::{
    error::Error,
    sync::atomic::{AtomicU64, Ordering},
};

use schemars::JsonSchema;
use serde::Serialize;
use syft_rpc_events::{Json, State, SyftEvents};

#[derive(Default)]
struct Calls(AtomicU64);

#[derive(Serialize, JsonSchema)]
struct Count {
    counter: u64,
}

fn increment(calls: State<Calls>) -> Json<Count> {
    let before = calls.0.fetch_add(1, Ordering::Relaxed);
    Json(Count {
        counter: before + 1,
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut app = SyftEvents::new("stateful_app", &syft_examples::config()?)?
        .state(Calls::default())
        .on_request("/increment", increment);
    app.run_until(tokio::signal::ctrl_c()).await??;
    Ok(())
}
