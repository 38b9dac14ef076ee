//! What the monitor tells whom, on the local backend.

use syft_monitor::{
    Scope,
    fixtures::{Layout, LocalState, SampleJob, encrypted_message},
};
use syft_tests::{World, world::OWNER};
use syft_transport::Content;

const ALL: [Layout; 4] = [Layout::W1, Layout::W2, Layout::W3, Layout::W4];
const DS: &str = "ds@example.org";

/// A world whose first look is over.
async fn seeded() -> World {
    let mut world = World::new();
    assert!(world.look().await.seeded);
    world
}

#[tokio::test]
async fn t1_t11_every_layout_leads_to_the_right_mails() {
    for layout in ALL {
        for ds in [
            DS,
            "john_doe@x.org",
            "Alice@X.com",
            "o'brien@x.org",
            "a+b@x.org",
            "x_to_y@z.org",
        ] {
            let mut world = seeded().await;
            let job = SampleJob::python(layout, OWNER, ds, "my job");
            world.client(ds).submit(&job).await.unwrap();
            assert_eq!(
                world.mails().await,
                sorted([
                    format!("{OWNER}: New Job: my job"),
                    format!("{OWNER}: New Peer Request from {ds}"),
                    format!("{ds}: Peer Request Sent to {OWNER}"),
                ]),
                "{layout:?} {ds}"
            );
            job.write_local(&world.datasite(), LocalState::Approved)
                .unwrap();
            assert_eq!(
                world.mails().await,
                [format!("{ds}: Job Approved: my job")],
                "{layout:?} {ds}"
            );
            job.write_local(&world.datasite(), LocalState::Ran { return_code: 0 })
                .unwrap();
            assert_eq!(
                world.mails().await,
                [format!("{ds}: Job Completed: my job")],
                "{layout:?} {ds}"
            );
            world.restart();
            assert!(world.mails().await.is_empty(), "{layout:?} {ds}");
        }
    }
}

fn sorted<const N: usize>(mut mails: [String; N]) -> [String; N] {
    mails.sort();
    mails
}

#[tokio::test]
async fn t18_a_failed_run_is_told_as_a_failure() {
    for layout in ALL {
        let mut world = seeded().await;
        let job = SampleJob::bash(layout, OWNER, DS, "j");
        world.client(DS).submit(&job).await.unwrap();
        world.look().await;
        job.write_local(&world.datasite(), LocalState::Ran { return_code: 3 })
            .unwrap();
        let mails = world.mails().await;
        assert_eq!(
            mails,
            [
                format!("{DS}: Job Approved: j"),
                format!("{DS}: Job Failed: j")
            ],
            "{layout:?}"
        );
        let mail = world
            .inbox(DS)
            .into_iter()
            .find(|mail| mail.subject.contains("Failed"))
            .unwrap();
        assert!(mail.text.contains('3') && mail.html.contains('3'));
        let first = world
            .inbox(DS)
            .into_iter()
            .find(|mail| mail.subject.contains("Approved"))
            .unwrap();
        assert_eq!(mail.in_reply_to, Some(first.message_id), "{layout:?}");
    }
}

#[tokio::test]
async fn a_rejection_is_told() {
    let mut world = seeded().await;
    let job = SampleJob::bash(Layout::W4, OWNER, DS, "j");
    world.client(DS).submit(&job).await.unwrap();
    world.look().await;
    job.write_local(&world.datasite(), LocalState::Rejected)
        .unwrap();
    assert_eq!(world.mails().await, [format!("{DS}: Job Rejected: j")]);
}

#[tokio::test]
async fn a_grant_is_told_automatically_and_by_hand() {
    let mut world = seeded().await;
    let job = SampleJob::bash(Layout::W4, OWNER, DS, "j");
    world.client(DS).add_peer(&job).await.unwrap();
    world.look().await;
    world.client(OWNER).accept(&[&job.ds]).await.unwrap();
    assert_eq!(
        world.mails().await,
        [format!("{DS}: Peer Request Accepted: {OWNER}")]
    );
    assert!(
        world.monitor.notify_peer_granted(&job.ds).await.is_err(),
        "it was told"
    );
    let stranger = "nobody@example.org".parse().unwrap();
    assert!(
        world.monitor.notify_peer_granted(&stranger).await.is_err(),
        "T9: not a peer"
    );

    let other = SampleJob::bash(Layout::W1, OWNER, "other@example.org", "j");
    world
        .client("other@example.org")
        .add_peer(&other)
        .await
        .unwrap();
    let round = world.monitor.notify_peer_granted(&other.ds).await.unwrap();
    assert_eq!(round.sent.len(), 1);
    assert!(
        !world
            .mails()
            .await
            .iter()
            .any(|mail| mail.contains("Accepted"))
    );
}

#[tokio::test]
async fn the_first_look_seeds_silently_unless_asked() {
    let job = SampleJob::bash(Layout::W4, OWNER, DS, "old");
    for notify in [false, true] {
        let mut world = World::with(|builder| {
            if notify {
                builder.notify_existing()
            } else {
                builder
            }
        });
        world.client(DS).submit(&job).await.unwrap();
        job.write_local(&world.datasite(), LocalState::Approved)
            .unwrap();
        assert_eq!(world.mails().await.len(), if notify { 4 } else { 0 });
        world.restart();
        assert!(world.mails().await.is_empty());
        job.write_local(&world.datasite(), LocalState::Ran { return_code: 0 })
            .unwrap();
        assert_eq!(world.mails().await, [format!("{DS}: Job Completed: old")]);
    }
}

#[tokio::test]
async fn t9_strangers_cannot_use_the_owners_mail() {
    let mut world = seeded().await;
    let job = SampleJob::bash(Layout::W4, OWNER, "victim@example.org", "spam");
    let mallory = world.client("mallory@example.org");
    mallory.submit(&job).await.unwrap();
    let round = world.look().await;
    assert!(round.sent.is_empty(), "{:?}", round.sent);
    assert!(
        round
            .remarks
            .iter()
            .any(|remark| remark.contains("mallory@example.org"))
    );

    // A peer who writes another's address into the content is taken for who they are.
    let mut claimed = SampleJob::bash(Layout::W1, OWNER, "mallory@example.org", "mine");
    let folder = mallory.add_peer(&claimed).await.unwrap();
    claimed.ds = "victim@example.org".parse().unwrap();
    let bytes = Content::Bytes(claimed.message().into());
    mallory
        .create(&claimed.message_name(), Some(folder), bytes)
        .await
        .unwrap();
    let mails = world.mails().await;
    assert!(
        mails.iter().all(|mail| !mail.starts_with("victim")),
        "{mails:?}"
    );
    assert!(mails.contains(&format!("{OWNER}: New Job: mine")));
    claimed
        .write_local(&world.datasite(), LocalState::Approved)
        .unwrap();
    assert!(
        world.mails().await.is_empty(),
        "the config names somebody who is no peer"
    );
}

#[tokio::test]
async fn t12_two_scientists_may_choose_the_same_name() {
    let mut world = seeded().await;
    for ds in ["a@example.org", "b@example.org"] {
        let job = SampleJob::bash(Layout::W3, OWNER, ds, "same");
        world.client(ds).submit(&job).await.unwrap();
        assert!(
            world
                .mails()
                .await
                .contains(&format!("{OWNER}: New Job: same"))
        );
        job.write_local(&world.datasite(), LocalState::Approved)
            .unwrap();
        assert_eq!(world.mails().await, [format!("{ds}: Job Approved: same")]);
    }
}

#[tokio::test]
async fn t26_as_a_data_scientist_oneself_one_is_no_peer() {
    let mut world = seeded().await;
    let as_scientist = SampleJob::bash(Layout::W1, "other@example.org", OWNER, "j");
    world.client(OWNER).submit(&as_scientist).await.unwrap();
    let results = "syft_outbox_inbox_other@example.org_to_do@example.org";
    world
        .client(OWNER)
        .create(results, None, Content::Folder)
        .await
        .unwrap();
    assert!(world.mails().await.is_empty());
}

#[tokio::test]
async fn t27_a_message_that_was_archived_before_the_look_is_told() {
    let mut world = seeded().await;
    let job = SampleJob::bash(Layout::W4, OWNER, DS, "quick");
    let message = world.client(DS).submit(&job).await.unwrap();
    world.client(OWNER).archive(&job, &message).await.unwrap();
    assert!(
        world
            .mails()
            .await
            .contains(&format!("{OWNER}: New Job: quick"))
    );
    world.restart();
    assert!(world.mails().await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_is_told_without_details() {
    let mut world = seeded().await;
    let job = SampleJob::bash(Layout::W4, OWNER, DS, "j");
    let client = world.client(DS);
    client
        .submit_bytes(&job, "msgv2_1.5_a.tar.gz", encrypted_message())
        .await
        .unwrap();
    let mut truncated = job.message();
    truncated.truncate(60);
    client
        .submit_bytes(&job, "msgv2_2.5_b.tar.gz", truncated)
        .await
        .unwrap();
    let mails = world.mails().await;
    assert!(
        mails.contains(&format!("{OWNER}: Encrypted submission from {DS}")),
        "{mails:?}"
    );
    assert!(
        mails.contains(&format!("{OWNER}: Unreadable submission from {DS}")),
        "{mails:?}"
    );
    world.restart();
    assert!(world.mails().await.is_empty());
}

#[tokio::test]
async fn a_monitor_of_one_kind_leaves_the_other_kind_to_others() {
    let mut world = seeded().await;
    let job = SampleJob::bash(Layout::W4, OWNER, DS, "j");
    world.client(DS).submit(&job).await.unwrap();
    world.restart_with(|builder| builder.scope(Scope::Peers));
    assert_eq!(world.mails().await.len(), 2);
    assert!(world.mails().await.is_empty());
    world.restart_with(|builder| builder.scope(Scope::Jobs));
    assert_eq!(world.mails().await, [format!("{OWNER}: New Job: j")]);
    world.restart();
    assert!(world.mails().await.is_empty());
}

#[tokio::test]
async fn t19_a_hostile_name_harms_nothing() {
    let mut world = seeded().await;
    let name = format!("x\nBcc: victim@example.org\n{}", "<script>".repeat(20));
    let job = SampleJob::bash(Layout::W4, OWNER, DS, &name);
    world.client(DS).submit(&job).await.unwrap();
    world.look().await;
    let mail = world
        .inbox(OWNER)
        .into_iter()
        .find(|mail| mail.subject.contains("New Job"))
        .unwrap();
    assert!(!mail.subject.contains('\n') && !mail.html.contains("<script>"));
    assert!(world.inbox("victim@example.org").is_empty());
}

#[tokio::test]
async fn the_documented_reset_mails_peers_again() {
    let mut world = seeded().await;
    let job = SampleJob::bash(Layout::W4, OWNER, DS, "j");
    world.client(DS).submit(&job).await.unwrap();
    assert_eq!(world.mails().await.len(), 3);
    let recipe = "import json, sys\nstate = json.load(open(sys.argv[1]))\nstate.pop('peer_snapshot', None)\njobs = state.get('notified_jobs', {})\nfor key in [k for k in jobs if k.startswith('peer_')]:\n    del jobs[key]\njson.dump(state, open(sys.argv[1], 'w'), indent=2)\n";
    let status = std::process::Command::new("python3")
        .args(["-c", recipe])
        .arg(world.ledger_path())
        .status()
        .unwrap();
    assert!(status.success());
    let mails = world.mails().await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert!(mails.iter().all(|mail| mail.contains("Peer Request")));
    assert_eq!(world.inbox(OWNER).len(), 3);
}

#[tokio::test]
async fn python_state_is_taken_over_and_given_back() {
    let mut world = World::new();
    let job = SampleJob::bash(Layout::W1, OWNER, DS, "known");
    let client = world.client(DS);
    let known = client.submit(&job).await.unwrap();
    let fresh = SampleJob::bash(Layout::W1, OWNER, DS, "fresh");
    client
        .submit_bytes(
            &fresh,
            "msgv2_1795256999.5_fd3790a1-b788-412a-96b5-a6c4846fcd94.tar.gz",
            fresh.message(),
        )
        .await
        .unwrap();
    let python = serde_json::json!({
        "notified_jobs": {
            format!("msg_{known}"): ["processed"],
            "known": ["new"],
            format!("peer_new_{DS}_to_do"): ["new_peer_request"],
            format!("peer_new_{DS}_to_ds"): ["peer_request_sent"],
        },
        "peer_snapshot": [DS],
        "something else": {"kept": true},
    });
    syft_state::fs::write_atomic(&world.ledger_path(), python.to_string().as_bytes(), 0o600)
        .unwrap();
    assert_eq!(world.mails().await, [format!("{OWNER}: New Job: fresh")]);
    job.write_local(&world.datasite(), LocalState::Approved)
        .unwrap();
    assert_eq!(world.mails().await, [format!("{DS}: Job Approved: known")]);
    let text = std::fs::read_to_string(world.ledger_path()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["something else"]["kept"], true);
    assert_eq!(
        value["notified_jobs"]["known"],
        serde_json::json!(["new", "approved"])
    );
    assert_eq!(value["notified_jobs"]["fresh"], serde_json::json!(["new"]));
    assert_eq!(value["peer_snapshot"], serde_json::json!([DS]));
}

#[tokio::test]
async fn a_syftbox_that_comes_late_brings_no_old_news() {
    let mut world = World::new();
    let datasite = world.datasite();
    std::fs::remove_dir_all(datasite.parent().unwrap()).unwrap();
    let old = SampleJob::bash(Layout::W4, OWNER, DS, "old");
    let client = world.client(DS);
    let message = client.submit(&old).await.unwrap();
    world.client(OWNER).archive(&old, &message).await.unwrap();
    assert!(world.look().await.seeded);

    old.write_local(&datasite, LocalState::Approved).unwrap();
    assert!(world.mails().await.is_empty());
    old.write_local(&datasite, LocalState::Ran { return_code: 0 })
        .unwrap();
    // What happens from now on is news.
    assert_eq!(world.mails().await, [format!("{DS}: Job Completed: old")]);
    let fresh = SampleJob::bash(Layout::W4, OWNER, DS, "fresh");
    client
        .submit_bytes(
            &fresh,
            "msgv2_1795256999.5_fd3790a1-b788-412a-96b5-a6c4846fcd94.tar.gz",
            fresh.message(),
        )
        .await
        .unwrap();
    fresh.write_local(&datasite, LocalState::Approved).unwrap();
    assert_eq!(
        world.mails().await,
        [
            format!("{OWNER}: New Job: fresh"),
            format!("{DS}: Job Approved: fresh")
        ]
    );
}
