//! Killed at every system call that writes, syncs, renames, links or sends.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    program::{CALLS, Ending, once_traced, traced},
    scale::{IS_FULL, SEED, say},
    scene::{Meeting, Scene},
    story::Story,
    verdict::Tally,
};

/// Of the system calls of a usual run, every so many-th is one to die at.
const STEP: usize = 11;
/// How long each call is held back after it was done, for the program to be killed there.
const HELD: &str = "delay_exit=2000";

/// Kills at the first, second, third … use of each system call, until a run ends by itself.
///
/// `strace` counts each system call and each thread for itself, so one is swept at a time.
async fn sweep(story: Story, title: &str) {
    let mut tally = Tally::default();
    let uses = census(story).await;
    say(&format!("{title}: most uses by one thread: {uses:?}"));
    let step = if *IS_FULL { 1 } else { STEP };
    let mut passed = usize::try_from(*SEED % step as u64).unwrap();
    for call in CALLS {
        let last = uses.get(call).copied().unwrap_or_default();
        for nth in 1.. {
            if nth > last && !*IS_FULL {
                break;
            }
            passed += 1;
            if passed.is_multiple_of(step) && !kill_at(story, call, nth, &mut tally).await {
                break;
            }
        }
    }
    tally.conclude(title);
}

/// Returns how often the busiest thread of an undisturbed run uses each system call.
async fn census(story: Story) -> BTreeMap<String, usize> {
    let scene = story.due().await;
    let log = scene.path("strace.log");
    let trace = format!("trace={}", CALLS.join(","));
    let ending = once_traced(&scene, &["-o", log.to_str().unwrap(), "-e", &trace]);
    assert!(matches!(ending, Ending::Ended(0, _)), "{ending}");
    if let Some(due) = story.mailed_at_once() {
        assert_eq!(scene.arrived(), due);
    }
    let log = std::fs::read_to_string(log).unwrap();
    let mut by_thread = BTreeMap::<(&str, String), usize>::new();
    for line in log.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        if !call.contains("resumed>") {
            *by_thread.entry((thread, name(call))).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((_, call), count) in by_thread {
        let known: &mut usize = most.entry(call).or_default();
        *known = count.max(*known);
    }
    most
}

/// Kills one run at the `nth` use of a system call and judges what follows; returns whether
/// the run got that far.
async fn kill_at(story: Story, call: &str, nth: usize, tally: &mut Tally) -> bool {
    let scene = story.due().await;
    let log = scene.path("strace.log");
    let inject = format!("inject={call}:signal=SIGKILL:when={nth}");
    let ending = once_traced(&scene, &["-o", log.to_str().unwrap(), "-e", &inject]);
    let place = format!("{call} {nth}");
    match &ending {
        Ending::Killed => *tally.kills.entry(call.to_owned()).or_default() += 1,
        Ending::Ended(0, _) => {}
        other @ Ending::Ended(..) => tally.complain(&place, other),
    }
    story.recover(tally, &place, &scene);
    matches!(ending, Ending::Killed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_system_calls_with_drafts() {
    sweep(Story::Plain(Meeting::DRAFTS), "sweep, Gmail with drafts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_system_calls_without_drafts() {
    sweep(
        Story::Plain(Meeting::SEND_ONLY),
        "sweep, Gmail without drafts",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_system_calls_on_a_hub() {
    sweep(Story::Plain(Meeting::Hub), "sweep, local hub").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_collects_on_a_hub() {
    sweep(Story::Claiming(Meeting::Hub), "sweep, collecting on a hub").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_sends_a_digest_on_a_hub() {
    sweep(Story::Digesting(Meeting::Hub), "sweep, digest on a hub").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_sends_a_digest_with_drafts() {
    sweep(
        Story::Digesting(Meeting::DRAFTS),
        "sweep, digest with drafts",
    )
    .await;
}

/// Mails to a hub are written by several threads, which the counts above tell apart; here the
/// calls of all threads are counted together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_system_calls_of_all_threads_on_a_hub() {
    let mut tally = Tally::default();
    let step = if *IS_FULL { 1 } else { 2 * STEP };
    let first = 1 + usize::try_from(*SEED % step as u64).unwrap();
    for nth in (first..).step_by(step) {
        let story = Story::Plain(Meeting::Hub);
        let scene = story.due().await;
        let last = kill_after(&scene, nth);
        let place = format!("after call {nth}");
        if let Some(call) = &last {
            *tally.kills.entry(call.clone()).or_default() += 1;
        }
        story.recover(&mut tally, &place, &scene);
        if last.is_none() {
            break;
        }
    }
    tally.conclude("sweep of all threads, local hub");
}

/// Kills a run right after its `nth` call; returns the name of the call, or `None` when the run
/// had ended by then.
fn kill_after(scene: &Scene, nth: usize) -> Option<String> {
    let calls = CALLS.join(",");
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:{HELD}"));
    let options = ["-o", "/dev/stdout", "-e", &trace, "-e", &inject];
    let mut strace = traced(scene, &options)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(strace.stdout.take().unwrap()).lines();
    let mut main_thread = None;
    let mut done = 0;
    let mut last = None;
    for line in lines.map_while(Result::ok) {
        let (thread, call) = line.split_once(' ').unwrap_or_default();
        let main_thread = *main_thread.get_or_insert_with(|| thread.parse().unwrap());
        if !call.contains(" = ") {
            continue;
        }
        done += 1;
        if done == nth {
            let pid = Pid::from_raw(main_thread).unwrap();
            kill_process(pid, Signal::KILL).unwrap();
            last = Some(name(call));
        }
    }
    strace.wait().unwrap();
    last
}

/// Returns the name in `fsync(3) = 0` or `<... fsync resumed>) = 0`.
fn name(call: &str) -> String {
    let call = call.trim_start().trim_start_matches("<... ");
    let end = call.find(|character: char| !character.is_ascii_alphanumeric());
    call[..end.unwrap_or(call.len())].to_owned()
}
