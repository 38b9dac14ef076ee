//! A response with a status and headers of its own.

use std::error::Error;

use serde_json::json;
use syft_rpc_events::{Response, Status, SyftEvents};

fn custom() -> Response {
    Response::new(Status::CREATED)
        .header("X-Custom-Header", "value")
        .json(&json!({"message": "Custom response"}))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut app = SyftEvents::new("advanced_app", &syft_examples::config()?)?
        .on_request("/custom-response", custom);
    app.run_until(tokio::signal::ctrl_c()).await??;
    Ok(())
}
