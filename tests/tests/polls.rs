//! What a look costs, and that none of many mails is lost or doubled, whatever Google does.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::{collections::BTreeMap, time::Duration};

use futures_util::{StreamExt as _, stream};
use syft_emulator::{Effect, Fault};
use syft_monitor::fixtures::{Layout, SampleJob};
use syft_state::Timestamp;
use syft_tests::GoogleWorld;
use syft_transport::Content;

const OWNER: &str = "do@example.org";

fn scientist(number: usize) -> String {
    format!("scientist_{number}@example.org")
}

/// The `number`th job of a scientist, in each layout in turn.
fn job(ds: usize, number: usize) -> SampleJob {
    let layout = Layout::ALL[ds % Layout::ALL.len()];
    let name = format!("job {number} of {ds}");
    let minute = 60_000_000 * i64::try_from(number).unwrap();
    SampleJob {
        submitted: Timestamp::from_micros(1_795_256_812_902_298 + minute),
        ..SampleJob::bash(layout, OWNER, &scientist(ds), &name)
    }
}

/// Lets scientists ask to be peers and submit so many jobs each, a few scientists at a time.
async fn submit(world: &GoogleWorld, scientists: usize, jobs: usize) {
    let one = async |ds: usize| {
        let client = world.client(&scientist(ds));
        let folder = client.add_peer(&job(ds, 0)).await.unwrap();
        for number in 0..jobs {
            let job = job(ds, number);
            let content = Content::Bytes(job.message().into());
            let parent = Some(folder.clone());
            client
                .create(&job.message_name(), parent, content)
                .await
                .unwrap();
        }
    };
    stream::iter(0..scientists)
        .for_each_concurrent(8, one)
        .await;
}

/// Returns every mail about that, as `recipient: subject`, sorted.
fn expected(scientists: usize, jobs: usize) -> Vec<String> {
    let mut mails = Vec::new();
    for ds in 0..scientists {
        let email = scientist(ds);
        mails.push(format!("{OWNER}: New Peer Request from {email}"));
        mails.push(format!("{email}: Peer Request Sent to {OWNER}"));
        mails.extend((0..jobs).map(|number| format!("{OWNER}: New Job: {}", job(ds, number).name)));
    }
    mails.sort();
    mails
}

/// Returns what `more` has and `less` has not, or less often; both are sorted.
fn difference(more: &[String], less: &[String]) -> Vec<String> {
    let mut less = less.iter().peekable();
    let is_extra = |mail: &&String| {
        while less.next_if(|other| other < mail).is_some() {}
        less.next_if(|other| other == mail).is_none()
    };
    more.iter().filter(is_extra).cloned().collect()
}

fn counts<const N: usize>(calls: [(&str, u64); N]) -> BTreeMap<String, u64> {
    calls.map(|(api, count)| (api.to_owned(), count)).into()
}

#[tokio::test]
async fn a_quiet_look_is_one_call_and_a_whole_one_three_for_any_number_of_peers() {
    for peers in [1, 20, 200] {
        let mut world = GoogleWorld::start(OWNER).await;
        submit(&world, peers, 1).await;
        assert!(world.look().await.seeded);
        for _ in 0..3 {
            world.emulator.reset_requests();
            assert!(!world.look().await.complete);
            let quiet = counts([("drive.changes.list", 1)]);
            assert_eq!(world.emulator.request_counts(), quiet, "{peers} peers");
        }

        world
            .restart_with(|builder| builder.reconcile_every(Duration::ZERO))
            .await;
        // The first look also asks, once, whose Drive it is.
        world.look().await;
        world.emulator.reset_requests();
        assert!(world.look().await.complete);
        let whole = counts([("drive.changes.list", 1), ("drive.files.list", 2)]);
        assert_eq!(world.emulator.request_counts(), whole, "{peers} peers");
        assert_eq!(world.new_mails(), [""; 0]);
    }
}

#[tokio::test]
async fn a_waiting_job_costs_one_read_and_a_mail_two_calls() {
    let mut world = GoogleWorld::start(OWNER).await;
    world.look().await;
    submit(&world, 20, 4).await;
    world.emulator.reset_requests();
    assert_eq!(world.mails().await, expected(20, 4));
    let spent = counts([
        ("drive.changes.list", 1),
        ("drive.files.get", 80),
        ("drive.files.list", 20),
        ("gmail.users.drafts.create", 120),
        ("gmail.users.drafts.send", 120),
    ]);
    assert_eq!(world.emulator.request_counts(), spent);
}

#[tokio::test]
async fn jobs_whose_mails_wait_are_not_read_again() {
    let mut world = GoogleWorld::start(OWNER).await;
    world.look().await;
    submit(&world, 2, 4).await;
    world
        .emulator
        .inject(Fault::new(status(503, None)).api("gmail.*"));
    let round = world.look().await;
    assert_eq!((round.opened, round.failed, round.waiting), (8, 12, 12));
    world.restart().await;
    let round = world.look().await;
    assert!(round.complete);
    assert_eq!((round.opened, round.waiting), (0, 12));
    world.emulator.clear_faults();
    world.look().await;
    assert_eq!(world.new_mails(), expected(2, 4));
}

fn sometimes(effect: Effect, api: &str, chance: f64) -> Fault {
    Fault {
        probability: Some(chance),
        account: Some(OWNER.to_owned()),
        seed: 7,
        ..Fault::new(effect).api(api)
    }
}

fn status(code: u16, retry_after: Option<u64>) -> Effect {
    Effect::Status {
        code,
        reason: None,
        retry_after,
    }
}

/// Lets everything go wrong between the data owner and Google that can go wrong there.
fn break_everything(world: &GoogleWorld) {
    let expired = Fault::new(Effect::ExpiredCursor).api("drive.changes.list");
    world.emulator.inject(expired.times(2));
    let effects = [
        status(500, None),
        status(503, None),
        status(429, Some(0)),
        Effect::DropBefore,
        Effect::DropAfter,
        Effect::Truncate,
        Effect::Garbage,
    ];
    for api in ["drive.*", "gmail.*"] {
        for effect in &effects {
            world.emulator.inject(sometimes(effect.clone(), api, 0.02));
        }
        let slowly = sometimes(status(429, Some(1)), api, 0.01).times(1);
        world.emulator.inject(slowly);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t20_every_job_is_told_once_whatever_google_does() {
    let mut world = GoogleWorld::start(OWNER).await;
    world.look().await;
    let late = Effect::IndexLag {
        millis: 0,
        lists: 2,
    };
    world.emulator.inject(Fault {
        probability: Some(0.2),
        ..Fault::new(late).api("drive.files.create")
    });
    submit(&world, 250, 4).await;
    assert!(world.emulator.faults()[0].acted > 100);
    world.emulator.clear_faults();
    break_everything(&world);

    let (mut quiet, mut rounds) = (0, 0);
    while quiet < 3 {
        rounds += 1;
        assert!(rounds < 200, "the mails do not end");
        // Every fourth round begins with nothing in memory, and sees everything.
        if rounds % 4 == 0 {
            world.restart().await;
        }
        let round = world.monitor.run_once().await.unwrap();
        assert_eq!((round.buried, round.dead), (0, 0), "{round:?}");
        let is_done = round.trouble.is_empty() && round.waiting == 0 && !round.was_active();
        quiet = if is_done { quiet + 1 } else { 0 };
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for fault in world.emulator.faults() {
        assert!(fault.acted > 0, "{fault:?}");
    }

    world.emulator.clear_faults();
    world.restart().await;
    world.look().await;
    let (mails, wanted) = (world.new_mails(), expected(250, 4));
    assert_eq!(difference(&mails, &wanted), [""; 0], "too many");
    assert_eq!(difference(&wanted, &mails), [""; 0], "missing");
    assert!(
        world.emulator.drafts(OWNER).is_empty(),
        "every draft was sent"
    );
}
