//! An app that keeps requests and responses for seven days, and looks every hour.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use syft_rpc_events::SyftEvents;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut app = SyftEvents::new("my_app", &syft_examples::config()?)?
        .on_request("/ping", || "pong")
        .cleanup_expiry("7d".parse()?)
        .cleanup_interval("1h".parse()?);
    app.start().await?;
    if app.is_cleanup_running() {
        println!("Cleanup service is active");
    }
    tokio::signal::ctrl_c().await?;
    app.stop().await;
    let stats = app.get_cleanup_stats();
    let total = &stats.total;
    println!(
        "Deleted {} requests and {} responses in {} runs, with {} errors",
        total.requests_deleted, total.responses_deleted, stats.runs, total.errors
    );
    if let Some(time) = stats.last_cleanup {
        println!("Last cleanup: {time}");
    }
    Ok(())
}
