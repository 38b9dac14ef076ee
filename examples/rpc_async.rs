//! A handler that waits: others go on meanwhile.

use std::{error::Error, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_rpc_events::{Json, Params, SyftEvents};

#[derive(Deserialize, JsonSchema)]
struct Task {
    task_id: String,
}

#[derive(Serialize, JsonSchema)]
struct Outcome {
    task_id: String,
    status: &'static str,
}

async fn work(Params(task): Params<Task>) -> Json<Outcome> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    Json(Outcome {
        task_id: task.task_id,
        status: "completed",
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut app =
        SyftEvents::new("async_app", &syft_examples::config()?)?.on_request("/async-task", work);
    app.run_until(tokio::signal::ctrl_c()).await??;
    Ok(())
}
