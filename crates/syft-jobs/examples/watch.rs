//! Keeps a directory in step whenever it changes, from within a program of one's own:
//! `watch SOURCE DESTINATION [DEBOUNCE]`, as in `watch papers backup 200ms`.
//!
//! What happens goes to standard output, one JSON object on a line. It ends when standard input
//! does.

#![expect(clippy::print_stdout, reason = "a program tells what it does")]

use std::{path::PathBuf, time::Duration};

use syft_jobs::{
    Filter, Job, Options, Schedule, Service,
    job::Timing,
    service::{Event, Settings, Setup},
    store::Store,
    trigger::{EventKinds, WatcherSpec},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args_os().skip(1);
    let mut path = || words.next().map(PathBuf::from).ok_or("SOURCE DESTINATION");
    let (source, destination) = (std::path::absolute(path()?)?, std::path::absolute(path()?)?);
    let debounce = match words.next() {
        Some(text) => humantime::parse_duration(&text.to_string_lossy())?,
        None => Duration::from_millis(200),
    };
    let setup = Setup {
        watchers: vec![watcher(&source, debounce)?],
        jobs: vec![job(source, destination)?],
    };
    let store = Store::in_memory().into();
    let service = Service::start(setup, Settings::default(), store, tell);
    let end = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    tokio::task::spawn_blocking(end).await??;
    service.stop(Duration::from_secs(10)).await;
    Ok(())
}

fn job(source: PathBuf, destination: PathBuf) -> Result<Job, syft_jobs::Error> {
    Ok(Job {
        id: "mirror".parse()?,
        name: "Mirror".to_owned(),
        source,
        destination,
        enabled: true,
        schedule: Schedule::Manual,
        timing: Timing::default(),
        priority: 0,
        tags: Vec::new(),
        options: Options::default(),
    })
}

fn watcher(source: &std::path::Path, debounce: Duration) -> Result<WatcherSpec, syft_jobs::Error> {
    Ok(WatcherSpec {
        id: "watcher".parse()?,
        name: "Watcher".to_owned(),
        path: source.to_owned(),
        job: "mirror".parse()?,
        enabled: true,
        recursive: true,
        debounce,
        events: EventKinds::default(),
        ignore: Filter::default(),
        max_events_per_second: None,
    })
}

fn tell(event: &Event) {
    match serde_json::to_string(event) {
        Ok(line) => println!("{line}"),
        Err(error) => tracing::error!("cannot tell of {event:?}: {error}"),
    }
}
