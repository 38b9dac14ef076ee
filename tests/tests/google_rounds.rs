//! What the monitor tells whom when jobs travel by Google Drive and mails by Gmail.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::path::Path;

use syft_emulator::{Effect, Fault};
use syft_monitor::fixtures::{Layout, LocalState, SampleJob};
use syft_tests::GoogleWorld;

const OWNERS: [&str; 2] = ["do@x.org", "O'Brien_data+owner@X.org"];
const SCIENTISTS: [&str; 6] = [
    "ds@example.org",
    "john_doe@x.org",
    "Alice@X.com",
    "o'brien@x.org",
    "a+b@x.org",
    "x_to_y@z.org",
];

/// A world whose first look is over.
async fn seeded(owner: &str) -> GoogleWorld {
    let mut world = GoogleWorld::start(owner).await;
    assert!(world.look().await.seeded);
    world
}

fn sorted<const N: usize>(mut mails: [String; N]) -> [String; N] {
    mails.sort();
    mails
}

async fn check_layout(layout: Layout) {
    for owner in OWNERS {
        let mut world = seeded(owner).await;
        for ds in SCIENTISTS {
            check_scientist(&mut world, layout, owner, ds).await;
        }
        world.restart().await;
        assert_eq!(world.mails().await, [""; 0], "{layout:?} {owner}");
    }
}

/// A whole acquaintance: request, acceptance, and a job each that succeeds and fails.
async fn check_scientist(world: &mut GoogleWorld, layout: Layout, owner: &str, ds: &str) {
    let name = format!("{ds}'s \"job\"");
    let job = SampleJob::python(layout, owner, ds, &name);
    world.client(ds).submit(&job).await.unwrap();
    assert_eq!(
        world.mails().await,
        sorted([
            format!("{owner}: New Job: {name}"),
            format!("{owner}: New Peer Request from {ds}"),
            format!("{ds}: Peer Request Sent to {owner}"),
        ]),
        "{layout:?} {owner} {ds}"
    );
    world.client(owner).accept(&[&job.ds]).await.unwrap();
    let told = format!("{ds}: Peer Request Accepted: {owner}");
    assert_eq!(world.mails().await, [told], "{layout:?} {owner} {ds}");
    let ran = LocalState::Ran { return_code: 0 };
    for (state, what) in [(LocalState::Approved, "Approved"), (ran, "Completed")] {
        job.write_local(&world.datasite(), state).unwrap();
        assert_eq!(
            world.mails().await,
            [format!("{ds}: Job {what}: {name}")],
            "{layout:?} {owner} {ds}"
        );
    }
}

#[tokio::test]
async fn t1_t11_jobs_of_w1_lead_to_the_right_mails() {
    check_layout(Layout::W1).await;
}

#[tokio::test]
async fn t1_t11_jobs_of_w2_lead_to_the_right_mails() {
    check_layout(Layout::W2).await;
}

#[tokio::test]
async fn t1_t11_jobs_of_w3_lead_to_the_right_mails() {
    check_layout(Layout::W3).await;
}

#[tokio::test]
async fn t1_t11_jobs_of_w4_lead_to_the_right_mails() {
    check_layout(Layout::W4).await;
}

/// Reads an archive that a real client made; see `fixtures/make.py` of `syft-monitor`.
fn golden(name: &str) -> Vec<u8> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/syft-monitor/fixtures");
    std::fs::read(fixtures.join(name)).unwrap()
}

#[tokio::test]
async fn archives_of_real_clients_lead_to_the_right_mails() {
    let (owner, ds) = ("do@x.org", "john_doe@y.org");
    let layouts = [
        ("w1", Layout::W1),
        ("w2", Layout::W2),
        // W2 and W3 name their folders alike; W3 and W4 write jobs alike.
        ("w4", Layout::W3),
        ("w4", Layout::W4),
    ];
    for (file, layout) in layouts {
        let mut world = seeded(owner).await;
        let client = world.client(ds);
        let sample = SampleJob::bash(layout, owner, ds, "sample");
        client.add_peer(&sample).await.unwrap();
        assert_eq!(world.mails().await.len(), 2);
        for kind in ["bash", "python"] {
            for (label, shown) in [("plain", "first job"), ("odd", r"naïve ☃ job\nline two")] {
                let archive = golden(&format!("{file}-{kind}-{label}.tar.gz"));
                let name = format!("msgv2_1795256812.5_{kind}-{label}.tar.gz");
                client.submit_bytes(&sample, &name, archive).await.unwrap();
                assert_eq!(
                    world.mails().await,
                    [format!("{owner}: New Job: {shown} {kind}")],
                    "{layout:?} {name}"
                );
            }
        }
        assert_eq!(world.mails().await, [""; 0], "{layout:?}");
    }
}

#[tokio::test]
async fn mails_about_one_job_form_a_conversation() {
    let (owner, ds) = ("do@x.org", "ds@y.org");
    let mut world = seeded(owner).await;
    let job = SampleJob::bash(Layout::W4, owner, ds, "count");
    world.client(ds).submit(&job).await.unwrap();
    world.look().await;
    for state in [LocalState::Approved, LocalState::Ran { return_code: 2 }] {
        job.write_local(&world.datasite(), state).unwrap();
        world.look().await;
    }
    let inbox = world.emulator.inbox(ds);
    let [.., approved, failed] = inbox.as_slice() else {
        panic!("{inbox:?}");
    };
    assert_eq!(failed.subject, "Job Failed: count");
    assert_eq!(failed.in_reply_to.as_ref(), Some(&approved.message_id));
    assert!(
        world.emulator.drafts(owner).is_empty(),
        "every draft was sent"
    );
    assert_eq!(
        world.emulator.share_mails(owner),
        0,
        "Google's own mail is not wanted"
    );
}

/// A company's proxy or a login page answers 200 with a text of its own.
#[tokio::test]
async fn t20_another_text_instead_of_a_message_is_no_submission() {
    let (owner, ds) = ("do@x.org", "ds@y.org");
    let mut world = seeded(owner).await;
    let job = SampleJob::bash(Layout::W4, owner, ds, "count");
    world.client(ds).add_peer(&job).await.unwrap();
    world.look().await;
    world.new_mails();
    world.client(ds).submit(&job).await.unwrap();
    let garbage = Fault::new(Effect::Garbage).api("drive.files.get");
    world.emulator.inject(garbage.times(1));
    assert_eq!(world.mails().await, [""; 0]);
    assert_eq!(world.mails().await, [format!("{owner}: New Job: count")]);
}
