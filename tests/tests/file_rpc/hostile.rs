//! A peer that throws everything at a server, and one that only asks.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    crash::Program,
    desk::{Asked, Desk, HONEST, IS_FULL, Times, say},
    mischief::{HOSTILE, Hostile},
};

/// However busy the disk is, an honest request is answered within this.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of a hundred honest requests, 99 are answered within this in a full run.
const SOON: Duration = Duration::from_secs(1);
/// What the server may take, in kilobytes: a few large files, and one for each name that it sees.
const MEMORY: u64 = 150_000;

/// Stops the hostile peer when it is dropped, also by a failure.
#[derive(Debug, Default)]
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_peer_delays_nobody_for_ever() {
    let desk = Arc::new(Desk::new());
    let server = Program::start(&desk, false);
    let length = Duration::from_secs(if *IS_FULL { 60 } else { 6 });
    let tiny_files = if *IS_FULL { 100_000 } else { 10_000 };
    let stop = Stop::default();
    let hostile = {
        let (desk, stop) = (Arc::clone(&desk), Arc::clone(&stop.0));
        std::thread::spawn(move || {
            let mut hostile = Hostile {
                desk: &desk,
                tiny_files,
                large: VecDeque::new(),
            };
            let mut acts = 0;
            while !stop.load(Ordering::Relaxed) {
                hostile.act(acts);
                acts += 1;
            }
            acts
        })
    };
    std::fs::create_dir_all(desk.path(&format!("echo/{HONEST}"))).unwrap();
    let (mut times, began) = (Times::default(), Instant::now());
    while began.elapsed() < length {
        let asked = Asked::new(HONEST, "an honest question");
        let path = asked.path(&desk, "request");
        desk.deliver(&path, &asked.bytes).unwrap();
        let (status, took) = asked.wait(&desk, PATIENCE).await.expect("an answer");
        assert_eq!(status, 200);
        times.push(took);
        std::fs::remove_file(path).unwrap();
        std::fs::remove_file(asked.path(&desk, "response")).unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(stop);
    let acts = hostile.join().unwrap();
    let memory = server.peak_memory();
    let names = nothing_is_elsewhere(&desk);
    say(&format!(
        "beside a hostile peer, who did {acts} things and left {names} names: {}, {memory} kB at most",
        times.line()
    ));
    assert!(memory < MEMORY + names, "{memory} kB");
    assert!(!*IS_FULL || times.at(990) < SOON);
}

/// Answers are beside their requests, and nowhere else; returns how many names there are.
fn nothing_is_elsewhere(desk: &Desk) -> u64 {
    let mut names = 0;
    let mut directories = vec![desk.data_dir().to_owned()];
    let (own, honest) = (
        desk.path(&format!("echo/{HOSTILE}")),
        desk.path(&format!("echo/{HONEST}")),
    );
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let entry = entry.unwrap();
            names += 1;
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|name| name == "response") {
                let is_beside = path.with_extension("request").symlink_metadata().is_ok();
                let is_of_a_peer = path.starts_with(&own) || path.starts_with(&honest);
                assert!(is_beside || is_of_a_peer, "{}", path.display());
            }
        }
    }
    names
}
