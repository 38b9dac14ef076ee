//! `syft-notify queue list`.

use serde_json::json;
use syft_monitor::hold::Holds;
use syft_state::Timestamp;

use super::row::{Queue, Row};
use crate::{
    args::DataArgs,
    commands::status,
    exit::Outcome,
    session,
    term::{self, BAD, BOLD, DIM, WARN, count, paint},
};

pub(super) fn run(args: &DataArgs) -> Outcome {
    let config = session::load(&args.config)?;
    let state = status::state(&config)?.unwrap_or_default();
    let now = status::now();
    let queue = Queue::of(&state, &Holds::from_config(&config), now);
    if args.json {
        term::json(&json!(queue));
    } else if queue.is_empty() {
        term::out("No mail waits, and none was given up.");
    } else {
        tell(&queue, now);
    }
    Ok(())
}

fn tell(queue: &Queue, now: Timestamp) {
    tell_rows("Waiting", &queue.waiting, WARN, now);
    if !queue.waiting.is_empty() && !queue.given_up.is_empty() {
        term::out("");
    }
    tell_rows("Given up", &queue.given_up, BAD, now);
    if let Some(row) = queue.given_up.first() {
        let name = &row.name;
        term::out(format_args!(
            "\nSend one again:    syft-notify queue retry {name}"
        ));
        term::out(format_args!(
            "Never send it:     syft-notify queue drop {name}"
        ));
    }
}

fn tell_rows(title: &str, rows: &[Row], style: anstyle::Style, now: Timestamp) {
    if rows.is_empty() {
        return;
    }
    let title = format!("{title}: {}", count(rows.len(), "mail"));
    term::out(format_args!("{}", paint(BOLD, title)));
    for row in rows {
        let about = row.about.as_deref().unwrap_or_default();
        term::out(format_args!("  {}  {about}", paint(style, &row.name)));
        term::out(format_args!(
            "      {}; {}",
            row.receiver(),
            paint(DIM, row.progress(now))
        ));
        if let Some(error) = &row.last_error {
            term::out(format_args!("      {error}"));
        }
    }
}
