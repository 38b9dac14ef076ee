//! The quick start: endpoints that take named parameters.

use std::error::Error;

use schemars::JsonSchema;
use serde::Deserialize;
use syft_rpc_events::{Params, Status, SyftEvents};

#[derive(Deserialize, JsonSchema)]
struct Greeting {
    name: String,
}

fn hello(Params(it): Params<Greeting>) -> String {
    format!("Hello, {}!", it.name)
}

#[derive(Deserialize, JsonSchema)]
struct Calculation {
    a: i64,
    b: i64,
    #[serde(default = "add")]
    operation: String,
}

fn add() -> String {
    "add".to_owned()
}

fn calculate(Params(it): Params<Calculation>) -> Result<i64, (Status, &'static str)> {
    let result = match it.operation.as_str() {
        "add" => it.a.checked_add(it.b),
        "multiply" => it.a.checked_mul(it.b),
        _ => return Err((Status::BAD_REQUEST, "Unsupported operation")),
    };
    result.ok_or((Status::UNPROCESSABLE, "The result is too large"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut app = SyftEvents::new("my_app", &syft_examples::config()?)?
        .on_request("/hello", hello)
        .on_request("/calculate", calculate);
    app.run_until(tokio::signal::ctrl_c()).await??;
    Ok(())
}
