//! Killed at random moments while mails flow and Google misbehaves.

use std::{
    os::unix::process::ExitStatusExt as _,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use syft_emulator::{Effect, Fault};
use syft_monitor::fixtures::{Layout, LocalState, SampleJob};
use syft_state::ledger::Ledger;

use crate::{
    program::{Ending, once, syft_notify},
    recovery::{check_state, hurry},
    scale::{Dice, IS_FULL},
    scene::{ANA, Arrived, BEA, CYD, Meeting, OWNER, Scene},
    verdict::Tally,
};

/// After so many looks at a Google that is well again, every mail must have left.
const LOOKS: usize = 20;
/// What goes wrong, with its chance at each call.
const WRONGS: [(Effect, f64); 8] = [
    (status(429), 0.02),
    (status(500), 0.03),
    (status(503), 0.03),
    (Effect::Truncate, 0.03),
    (Effect::Garbage, 0.01),
    (Effect::DropBefore, 0.03),
    (Effect::DropAfter, 0.06),
    (Effect::Latency { millis: 40 }, 0.1),
];

const fn status(code: u16) -> Effect {
    Effect::Status {
        code,
        reason: None,
        retry_after: None,
    }
}

fn misbehave(scene: &Scene) {
    let Some(emulator) = &scene.emulator else {
        return;
    };
    for (seed, (effect, chance)) in (1..).zip(WRONGS) {
        emulator.inject(Fault {
            account: Some(OWNER.to_owned()),
            probability: Some(chance),
            seed: seed + *crate::scale::SEED,
            ..Fault::new(effect)
        });
    }
}

/// Data scientists submit jobs, and the owner reviews and runs some of them, until told to stop;
/// returns the mails that are due, sorted.
async fn flow(scene: Arc<Scene>, stop: Arc<AtomicBool>) -> Vec<Arrived> {
    let people = [(ANA, Layout::W4), (BEA, Layout::W3), (CYD, Layout::W1)];
    let clients = people.map(|(ds, _)| scene.client(ds));
    let datasite = scene.datasite();
    let mut due = Vec::new();
    for ds in [ANA, BEA, CYD] {
        due.push((OWNER.to_owned(), format!("New Peer Request from {ds}")));
        due.push((ds.to_owned(), format!("Peer Request Sent to {OWNER}")));
    }
    let mut number = 0;
    while number < 3 || !stop.load(Ordering::Relaxed) {
        let (ds, layout) = people[number % 3];
        let job = SampleJob::bash(layout, OWNER, ds, &format!("job {number:05}"));
        clients[number % 3].submit(&job).await.unwrap();
        due.push((OWNER.to_owned(), format!("New Job: {}", job.name)));
        let pause = || tokio::time::sleep(Duration::from_millis(100));
        pause().await;
        if number.is_multiple_of(2) {
            job.write_local(&datasite, LocalState::Approved).unwrap();
            due.push((ds.to_owned(), format!("Job Approved: {}", job.name)));
            pause().await;
        }
        if number.is_multiple_of(4) {
            let state = LocalState::Ran { return_code: 0 };
            job.write_local(&datasite, state).unwrap();
            due.push((ds.to_owned(), format!("Job Completed: {}", job.name)));
            pause().await;
        }
        number += 1;
    }
    due.sort();
    due
}

/// Returns how long the program lives this time: mostly for a moment, sometimes for a while.
fn life(dice: &mut Dice) -> Duration {
    let millis = match dice.below(20) {
        0 => 3_000 + dice.below(2_000),
        1..=5 => 400 + dice.below(1_000),
        _ => 10 + dice.below(400),
    };
    Duration::from_millis(millis)
}

/// Starts the program and kills it; returns whether it lived that long.
async fn start_and_kill(scene: &Scene, life: Duration) -> bool {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(scene.path("log"))
        .unwrap();
    let mut program = syft_notify(scene, &["--interval", "1"])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    tokio::time::sleep(life).await;
    program.kill().unwrap();
    program.wait().unwrap().signal() == Some(9)
}

async fn moments(meeting: Meeting, title: &str) {
    let scene = Arc::new(Scene::new(meeting).await);
    assert!(matches!(once(&scene), Ending::Ended(0, _)));
    let stop = Arc::new(AtomicBool::new(false));
    let flow = tokio::spawn(flow(Arc::clone(&scene), Arc::clone(&stop)));
    misbehave(&scene);
    let (mut dice, mut tally) = (Dice::new(1), Tally::default());
    let wanted = if *IS_FULL { 1_000 } else { 60 };
    let mut kills = 0;
    while kills < wanted {
        tally.restarts += 1;
        if start_and_kill(&scene, life(&mut dice)).await {
            kills += 1;
        }
        if let Err(error) = Ledger::read(&scene.ledger()) {
            tally.complain(&format!("kill {kills}"), error);
        }
        if dice.below(4) == 0 {
            hurry(&scene);
        }
    }
    tally.kills.insert("a moment".to_owned(), kills);
    stop.store(true, Ordering::Relaxed);
    let due = flow.await.unwrap();
    let wrongs = scene.emulator.as_ref().map(|emulator| {
        let faults = emulator.faults();
        emulator.clear_faults();
        faults.iter().map(|fault| fault.acted).sum::<u64>()
    });
    scene.age_leftovers();
    for look in 1..=LOOKS {
        hurry(&scene);
        let ending = once(&scene);
        let waiting = Ledger::read(&scene.ledger()).unwrap().own().outbox.len();
        if matches!(ending, Ending::Ended(0, _)) && waiting == 0 {
            break;
        }
        assert!(look < LOOKS, "{ending}, {waiting} waiting");
    }
    check_state(&mut tally, title, &scene);
    tally.judge(title, &scene, &due);
    let wrongs = wrongs.unwrap_or_default();
    tally.conclude(&format!("{title}, {wrongs} faults"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_with_drafts() {
    moments(Meeting::DRAFTS, "random moments, Gmail with drafts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_on_a_hub() {
    moments(Meeting::Hub, "random moments, local hub").await;
}
