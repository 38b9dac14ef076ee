//! `cleanup`: one run, or the list of what it would delete.

use serde_json::{Value, json};
use syft_rpc_events::{
    CleanupOptions, CleanupStats, PeriodicCleanup, cleanup::Removal, layout::Workspace,
};

use crate::{
    args::Cleanup,
    failure::{Exit, Failure, Outcome},
    print,
};

pub(crate) async fn run(workspace: &Workspace, args: Cleanup, is_json: bool) -> Outcome {
    let app = workspace.app(&args.app, workspace.email())?;
    if !app.rpc().is_dir() {
        let message = format!("there are no endpoints of {:?} here", args.app);
        return Err(Failure::new(Exit::Error, message));
    }
    let options = CleanupOptions {
        expiry: args.older_than,
        dry_run: args.dry_run,
        ..CleanupOptions::default()
    };
    let stats = PeriodicCleanup::new(workspace, &app, options)
        .cleanup_now()
        .await;
    if is_json {
        print::json(&described(&stats))?;
    } else {
        show(&stats)?;
    }
    match stats.last.errors {
        0 => Ok(()),
        errors => {
            let message = format!("{errors} files could not be looked at or deleted");
            Err(Failure::new(Exit::Error, message).hint("SYFT_RPC_LOG=debug tells which"))
        }
    }
}

fn show(stats: &CleanupStats) -> Outcome {
    let last = &stats.last;
    let verb = match &stats.dry_run {
        Some(removals) => {
            for Removal { path, bytes, .. } in removals {
                print::line(&format!("{bytes:>10}  {}", path.display()))?;
            }
            "would delete"
        }
        None => "deleted",
    };
    print::line(&format!(
        "{verb} {} requests, {} responses, {} files put aside, {} unfinished ones and {} empty \
         directories: {} bytes",
        last.requests_deleted,
        last.responses_deleted,
        last.markers_deleted,
        last.temporaries_deleted,
        last.directories_deleted,
        last.bytes_freed,
    ))?;
    Ok(())
}

fn described(stats: &CleanupStats) -> Value {
    let last = &stats.last;
    let files = stats.dry_run.as_ref().map(|removals| {
        let paths = removals.iter();
        paths
            .map(|removal| removal.path.display().to_string())
            .collect::<Vec<_>>()
    });
    json!({
        "requests_deleted": last.requests_deleted,
        "responses_deleted": last.responses_deleted,
        "markers_deleted": last.markers_deleted,
        "temporaries_deleted": last.temporaries_deleted,
        "directories_deleted": last.directories_deleted,
        "bytes_freed": last.bytes_freed,
        "errors": last.errors,
        "dry_run": files,
    })
}
