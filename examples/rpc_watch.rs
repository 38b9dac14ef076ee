//! Hears of files, in one's own datasite and in those of others that are mirrored here.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use syft_rpc_events::{EventHandler, FileChange, FileChangeKind, FileEvent, SyftEvents, Watch};

fn on_json_change(event: FileEvent) {
    match event.change {
        FileChange::Moved { from } => println!("JSON file moved: {from} -> {}", event.path),
        _ => println!("JSON file changed: {}", event.path),
    }
}

async fn on_text_file_created(event: FileEvent) {
    println!("Text file created: {}", event.path);
}

fn on_log_file_moved(event: FileEvent) {
    if let FileChange::Moved { from } = event.change {
        println!("Log file moved: {from} -> {}", event.path);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let texts = Watch::new(["**/*.txt", "**/*.md"]).only([FileChangeKind::Created]);
    let logs = Watch::from("**/*.log").only([FileChangeKind::Moved]);
    let mut app = SyftEvents::new("file_monitor", &syft_examples::config()?)?
        .watch(
            "{datasite}/**/*.json",
            EventHandler::blocking(on_json_change),
        )
        .watch(texts, EventHandler::new(on_text_file_created))
        .watch(logs, EventHandler::blocking(on_log_file_moved));
    app.start().await?;
    println!("watching");
    tokio::signal::ctrl_c().await?;
    app.stop().await;
    Ok(())
}
