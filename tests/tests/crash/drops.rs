//! Mails that Google takes, and whose answers are lost: a thousand of them.

use std::{path::Path, sync::Arc, time::Duration};

use syft_emulator::{Effect, Emulator, Fault, scopes};
use syft_monitor::{
    NotificationMonitor, RetryPolicy,
    fixtures::{Layout, SampleJob},
};
use syft_transport::{
    Promise,
    google::{Gmail, GoogleDrive},
    http::{Client, Options, Proxies, Retry},
};

use crate::{
    scene::{ANA, Arrived, Meeting, OWNER, PLENTY, Scene, tokens},
    verdict::Tally,
};

/// So many mails, each about one job.
const MAILS: usize = 1_300;
/// So many answers must be lost at least.
const LOST: u64 = 1_000;

/// Returns the owner's monitor, which waits for nothing after a failure.
async fn monitor(scene: &Scene, promise: Promise) -> NotificationMonitor {
    let emulator = scene.emulator.as_ref().unwrap();
    let client = Client::new(Options {
        proxies: Proxies::Never,
        retry: Retry {
            repeats: 2,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(2),
            ..Retry::default()
        },
        ..Options::default()
    });
    let client = client.unwrap();
    let creds = scene.path("creds");
    let drive = tokens(emulator, &client, &creds.join("drive.json"));
    let mail = tokens(emulator, &client, &creds.join("gmail.json"));
    let gmail = Gmail::connect(&mail, PLENTY).await.unwrap();
    assert_eq!(syft_transport::Mailer::promise(&gmail), promise);
    builder(scene.path("SyftBox").as_path(), &scene.ledger(), gmail)
        .drive(Arc::new(GoogleDrive::new(&drive, PLENTY)))
        .retry(RetryPolicy {
            first_wait: Duration::ZERO,
            longest_wait: Duration::ZERO,
            ..RetryPolicy::default()
        })
        .build()
}

fn builder(syftbox: &Path, ledger: &Path, gmail: Gmail) -> syft_monitor::Builder {
    NotificationMonitor::builder(OWNER.parse().unwrap(), syftbox, ledger, Arc::new(gmail))
}

/// One data scientist submits all the jobs; returns the mails that are due, sorted.
async fn submit_all(scene: &Scene) -> Vec<Arrived> {
    let client = scene.client(ANA);
    let job = |number: usize| SampleJob::bash(Layout::W4, OWNER, ANA, &format!("job {number:04}"));
    client.add_peer(&job(0)).await.unwrap();
    let mut due = vec![
        (OWNER.to_owned(), format!("New Peer Request from {ANA}")),
        (ANA.to_owned(), format!("Peer Request Sent to {OWNER}")),
    ];
    for number in 0..MAILS {
        let job = job(number);
        client.submit(&job).await.unwrap();
        due.push((OWNER.to_owned(), format!("New Job: {}", job.name)));
    }
    due.sort();
    due
}

fn drop_answers(emulator: &Emulator, api: &str, effect: Effect, probability: f64) {
    emulator.inject(Fault {
        probability: Some(probability),
        seed: 7,
        account: Some(OWNER.to_owned()),
        ..Fault::new(effect).api(api)
    });
}

fn acted(emulator: &Emulator) -> Vec<u64> {
    emulator
        .faults()
        .iter()
        .map(|status| status.acted)
        .collect()
}

/// R2 of the test matrix: with drafts, no lost answer loses or doubles a mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_lost_after_the_deed_with_drafts() {
    let scene = Scene::new(Meeting::DRAFTS).await;
    let emulator = scene.emulator.as_ref().unwrap();
    let mut monitor = monitor(&scene, Promise::ExactlyOnce).await;
    assert!(monitor.run_once().await.unwrap().seeded);
    let due = submit_all(&scene).await;
    drop_answers(emulator, "gmail.users.drafts.send", Effect::DropAfter, 0.6);
    drop_answers(
        emulator,
        "gmail.users.drafts.create",
        Effect::DropAfter,
        0.6,
    );
    let mut looks = 0;
    loop {
        let round = monitor.run_once().await.unwrap();
        looks += 1;
        if round.waiting == 0 {
            break;
        }
        assert!(looks < 10_000, "{round:?}");
    }
    let acted = acted(emulator);
    let mut tally = Tally::default();
    tally.judge("drafts", &scene, &due);
    tally.conclude(&format!(
        "answers dropped: {} to drafts.send, {} to drafts.create; {looks} looks",
        acted[0], acted[1]
    ));
    assert!(acted[0] >= LOST && acted[1] >= LOST / 2, "{acted:?}");
}

/// Without drafts an answer that is lost leaves a question, and the program asks it: a mail is
/// never sent again by itself, and one that is not reported has arrived.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_lost_after_the_deed_without_drafts() {
    let scene = Scene::new(Meeting::Google {
        mail_scope: scopes::GMAIL_SEND,
    })
    .await;
    let emulator = scene.emulator.as_ref().unwrap();
    let mut monitor = monitor(&scene, Promise::AtMostOnce).await;
    assert!(monitor.run_once().await.unwrap().seeded);
    let due = submit_all(&scene).await;
    drop_answers(
        emulator,
        "gmail.users.messages.send",
        Effect::DropAfter,
        0.85,
    );
    drop_answers(
        emulator,
        "gmail.users.messages.send",
        Effect::DropBefore,
        0.5,
    );
    let mut buried = 0;
    loop {
        let round = monitor.run_once().await.unwrap();
        buried += round.buried;
        if round.waiting == 0 {
            break;
        }
    }
    let acted = acted(emulator);
    let mut tally = Tally::default();
    tally.judge("send only", &scene, &due);
    tally.conclude(&format!(
        "answers to messages.send dropped: {} after it was done, {} before",
        acted[0], acted[1]
    ));
    assert!(acted[0] >= LOST, "{acted:?}");
    assert_eq!(buried as u64, acted.iter().sum::<u64>());
    assert_eq!(tally.reported, buried);
    // Each mail that was cut off before it left is missing, and nothing else.
    assert_eq!(
        tally.expected - tally.found,
        usize::try_from(acted[1]).unwrap()
    );
}
