//! Cleans up after an app that another program runs.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use syft_rpc_events::{CleanupOptions, PeriodicCleanup, cleanup::Callback, layout::Workspace};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let workspace = Workspace::new(&syft_examples::config()?);
    let app = workspace.app("my_app", workspace.email())?;
    let tell = Callback::new(|stats| {
        println!("Cleaned up {} files", stats.last.requests_deleted);
    });
    let options = CleanupOptions {
        interval: "1d".parse()?,
        expiry: "30d".parse()?,
        on_complete: Some(tell),
        ..CleanupOptions::default()
    };
    let cleanup = PeriodicCleanup::new(&workspace, &app, options);

    // In the background: now, and then once a day.
    cleanup.start();

    // Or at once, whether it is started or not.
    let stats = cleanup.cleanup_now().await;
    println!(
        "Immediate cleanup: {} requests deleted in all",
        stats.total.requests_deleted
    );

    cleanup.stop().await;
    Ok(())
}
