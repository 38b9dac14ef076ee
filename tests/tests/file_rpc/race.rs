//! First requests into directories that were made an instant before.

use std::time::Duration;

use syft_rpc_events::ServerOptions;

use crate::desk::{Asked, Desk, IS_FULL, Times, say};

/// Within this, 99 of 100 first requests are answered.
const SOON: Duration = Duration::from_millis(150);

/// How a sender's directory comes with its first request.
#[derive(Clone, Copy, Debug)]
enum Arrival {
    /// It is made, and the request renamed into it at once.
    Made,
    /// It is renamed into the tree with the request in it.
    Renamed,
    /// It is made with those above it, for an endpoint that only the fallback would know.
    WithParents,
}

fn arrive(desk: &Desk, asked: &Asked, arrival: Arrival) {
    let directory = desk.path(&asked.directory);
    match arrival {
        Arrival::Made => {
            std::fs::create_dir(&directory).unwrap();
            desk.deliver(&asked.path(desk, "request"), &asked.bytes)
                .unwrap();
        }
        Arrival::Renamed => {
            let outside = desk.staging(&asked.id.to_string());
            std::fs::create_dir(&outside).unwrap();
            let name = format!("{}.request", asked.id);
            crate::desk::put(&outside.join(name), &asked.bytes).unwrap();
            std::fs::rename(outside, directory).unwrap();
        }
        Arrival::WithParents => {
            std::fs::create_dir_all(&directory).unwrap();
            desk.deliver(&asked.path(desk, "request"), &asked.bytes)
                .unwrap();
        }
    }
}

async fn race(arrival: Arrival, status: u16) {
    let desk = Desk::new();
    // Sweeps would find what the watch does not see; here they come too late to help.
    let options = ServerOptions {
        sweep_every: Duration::from_secs(600),
        ..ServerOptions::default()
    };
    let server = desk.start(options).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let count = if *IS_FULL { 10_000 } else { 500 };
    let (mut times, mut missed) = (Times::default(), 0);
    for number in 0..count {
        let mut asked = Asked::new(&format!("new{number}@example.com"), "first");
        if matches!(arrival, Arrival::WithParents) {
            asked.directory = format!("new/{number}/{}", asked.directory);
        }
        arrive(&desk, &asked, arrival);
        match asked.wait(&desk, Duration::from_secs(10)).await {
            Some((code, took)) => {
                assert_eq!(code, status);
                times.push(took);
            }
            None => missed += 1,
        }
    }
    say(&format!("{arrival:?}: {missed} missed, {}", times.line()));
    assert_eq!(missed, 0);
    assert!(times.at(990) < SOON);
    server.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_request_in_a_directory_just_made() {
    race(Arrival::Made, 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_request_that_comes_with_its_directory() {
    race(Arrival::Renamed, 200).await;
}

/// The endpoint is not the one that the request names, so it is refused, but soon.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_request_below_directories_just_made() {
    race(Arrival::WithParents, 400).await;
}
