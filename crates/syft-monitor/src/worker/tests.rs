//! Rounds with a clock of their own: digests, quiet hours, heartbeats and further receivers.

mod crashes;
mod digests;
mod post;

use std::{collections::BTreeSet, sync::atomic::Ordering};

use syft_transport::LocalDrive;
use tempfile::TempDir;

use super::*;
use crate::{
    event::Template,
    fixtures::{Layout, SampleClient, SampleJob},
    notice::Route,
    quiet::Zone,
};
use post::{Kind, Post};

const OWNER: &str = "do@example.org";
const ANA: &str = "ana@uni.example";
const HOUR: Duration = Duration::from_secs(3600);

/// A data owner with a mail service and a webhook, and a program that can end at any time.
struct Desk {
    dir: TempDir,
    mail: Arc<Post>,
    hook: Arc<Post>,
    worker: Worker,
    change: fn(&mut Setup),
    now: Timestamp,
}

impl Desk {
    /// Begins at 9:00 UTC with the first look over.
    async fn new(kind: Kind, change: fn(&mut Setup)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("SyftBox").join(OWNER)).unwrap();
        let (mail, hook) = (Arc::new(Post::new(kind)), Arc::new(Post::new(kind)));
        let mut desk = Self {
            worker: worker(&dir, &mail, &hook, change),
            dir,
            mail,
            hook,
            change,
            now: "2026-01-10T09:00:00Z".parse().unwrap(),
        };
        assert!(desk.look().await.seeded);
        desk
    }

    /// Starts the program anew.
    fn restart(&mut self) {
        self.worker = worker(&self.dir, &self.mail, &self.hook, self.change);
    }

    async fn look(&mut self) -> Round {
        self.worker.run_once(self.now).await.unwrap()
    }

    async fn look_after(&mut self, time: Duration) -> Round {
        self.now = self.now.after(time);
        self.look().await
    }

    fn client(&self, account: &str) -> SampleClient {
        let hub = self.dir.path().join("hub");
        let drive = LocalDrive::open(&hub, account.parse().unwrap());
        SampleClient::new(Arc::new(drive.unwrap()))
    }

    async fn submit(&self, job: &str) {
        let job = SampleJob::bash(Layout::W4, OWNER, ANA, job);
        self.client(ANA).submit(&job).await.unwrap();
    }

    async fn ask(&self, ds: &str) {
        let job = SampleJob::bash(Layout::W4, OWNER, ds, "no job");
        self.client(ds).add_peer(&job).await.unwrap();
    }

    fn state(&self) -> State {
        Ledger::read(&ledger(&self.dir)).unwrap()
    }

    fn commit(&self, ops: &[Op]) {
        let mut ledger = Ledger::open(&ledger(&self.dir)).unwrap();
        ledger.session().unwrap().commit(ops).unwrap();
    }
}

fn ledger(dir: &TempDir) -> PathBuf {
    dir.path().join("notification_state.json")
}

fn worker(dir: &TempDir, mail: &Arc<Post>, hook: &Arc<Post>, change: fn(&mut Setup)) -> Worker {
    let me: Email = OWNER.parse().unwrap();
    let drive = LocalDrive::open(&dir.path().join("hub"), me.clone()).unwrap();
    let mut setup = Setup {
        syftbox_root: dir.path().join("SyftBox"),
        ledger: ledger(dir),
        drive: Some(Arc::new(drive)),
        drive_token: None,
        mailer: Arc::<Post>::clone(mail),
        sinks: vec![Sink {
            route: Route {
                name: "ops".to_owned(),
                templates: Template::EVENTS.into(),
            },
            mailer: Arc::<Post>::clone(hook),
        }],
        holds: Holds {
            zone: Zone::from(chrono_tz::UTC),
            ..Holds::none(me.clone())
        },
        me,
        heartbeat: None,
        renderer: Renderer::embedded(),
        scope: Scope::Everything,
        notify_existing: false,
        reconcile_every: HOUR,
        policy: RetryPolicy::default(),
        on_sent: None,
        limits: Limits::default(),
    };
    change(&mut setup);
    Worker::new(setup)
}

fn nothing(_: &mut Setup) {}

fn hourly(setup: &mut Setup) {
    setup.holds.digest = Some(HOUR);
}

fn calm_nights(setup: &mut Setup) {
    setup.holds.quiet_hours = Some("22:00-07:00".parse().unwrap());
}

fn subjects(post: &Post, to: &str) -> Vec<String> {
    let mut subjects: Vec<String> = post
        .arrived(to)
        .into_iter()
        .map(|mail| mail.subject)
        .collect();
    subjects.sort();
    subjects
}

#[tokio::test]
async fn nothing_goes_to_the_owner_at_night() {
    let mut desk = Desk::new(Kind::SameFile, calm_nights).await;
    desk.now = "2026-01-10T22:30:00Z".parse().unwrap();
    desk.submit("count rows").await;
    let round = desk.look().await;
    let morning = "2026-01-11T07:00:00Z".parse().unwrap();
    assert_eq!(round.quiet_until, Some(morning));
    assert_eq!(round.next_wake, Some(morning));
    // Two mails and two posts.
    assert_eq!((round.held, round.sent.len(), round.posted), (4, 1, 0));
    assert!(desk.mail.arrived(OWNER).is_empty() && desk.hook.arrived(OWNER).is_empty());
    assert_eq!(desk.mail.arrived(ANA).len(), 1);
    desk.restart();
    assert_eq!(desk.look_after(8 * HOUR).await.held, 4);
    let round = desk.look_after(HOUR / 2).await;
    assert_eq!((round.sent.len(), round.posted, round.held), (2, 2, 0));
    assert_eq!(round.quiet_until, None);
}

#[tokio::test]
async fn a_receiver_that_is_down_holds_up_nobody_and_catches_up() {
    let mut desk = Desk::new(Kind::SameFile, nothing).await;
    desk.hook.is_down.store(true, Ordering::Relaxed);
    desk.submit("count rows").await;
    let round = desk.look().await;
    assert_eq!((round.sent.len(), round.posted, round.failed), (3, 0, 2));
    // It is left alone for a while, with what is new as well.
    desk.submit("mean age").await;
    let round = desk.look().await;
    assert_eq!((round.sent.len(), round.failed, round.waiting), (1, 0, 3));
    assert!(round.next_wake.unwrap() > desk.now);
    desk.hook.is_down.store(false, Ordering::Relaxed);
    desk.look_after(HOUR).await;
    let posted = [
        "New Job: count rows",
        "New Job: mean age",
        "New Peer Request from ana@uni.example",
    ];
    assert_eq!(subjects(&desk.hook, OWNER), posted);
    assert_eq!(desk.state().own().sent_total, 4);
    assert_eq!(desk.look_after(HOUR).await.waiting, 0);
}

#[tokio::test]
async fn a_person_who_asks_for_another_try_gets_it_at_once() {
    let mut desk = Desk::new(Kind::SameFile, nothing).await;
    desk.hook.is_down.store(true, Ordering::Relaxed);
    desk.ask("ann@x.org").await;
    desk.look().await;
    desk.hook.is_down.store(false, Ordering::Relaxed);
    assert_eq!(desk.look().await.posted, 0);
    let state = desk.state();
    let (id, record) = state.own().waiting().next().unwrap();
    let mut record = record.clone();
    record.retry_at = None;
    let id = id.to_owned();
    desk.commit(&[Op::PutNotice { id, record }]);
    assert_eq!(desk.look().await.posted, 1);
}

#[tokio::test]
async fn what_is_for_a_receiver_that_is_gone_waits_and_is_given_up() {
    let mut desk = Desk::new(Kind::SameFile, nothing).await;
    desk.hook.is_down.store(true, Ordering::Relaxed);
    desk.ask("ann@x.org").await;
    desk.look().await;
    desk.change = |setup| setup.sinks.clear();
    desk.restart();
    let round = desk.look_after(HOUR).await;
    assert_eq!((round.waiting, round.dead), (1, 0));
    let state = desk.state();
    let error = state.own().waiting().next().unwrap().1.last_error.clone();
    assert!(error.unwrap().contains("no receiver called ops"));
    let round = desk.look_after(72 * HOUR).await;
    assert_eq!((round.waiting, round.buried, round.dead), (0, 1, 1));
}

#[tokio::test]
async fn a_receiver_hears_of_its_own_templates_once_for_each_event() {
    let mut desk = Desk::new(Kind::SameFile, |setup| {
        setup.sinks[0].route.templates = [Template::RequestSent].into();
    })
    .await;
    desk.submit("count rows").await;
    desk.look().await;
    assert_eq!(
        subjects(&desk.hook, OWNER),
        ["Peer Request Sent to do@example.org"]
    );
}

#[tokio::test]
async fn a_heartbeat_comes_once_in_a_period_and_never_because_of_a_restart() {
    let mut desk = Desk::new(Kind::SameFile, |setup| {
        calm_nights(setup);
        setup.heartbeat = Some(24 * HOUR);
    })
    .await;
    let beats = |desk: &Desk| desk.mail.arrived(OWNER).len();
    assert_eq!(beats(&desk), 1);
    for _ in 0..5 {
        desk.restart();
        let round = desk.look_after(HOUR).await;
        assert!(round.next_wake.is_some());
    }
    assert_eq!(beats(&desk), 1);
    desk.look_after(19 * HOUR).await;
    assert_eq!(beats(&desk), 2);
    let mail = &desk.mail.arrived(OWNER)[1];
    assert_eq!(mail.subject, "syft-notify runs: all is well");
    assert!(mail.text.contains("Looks       2\n"), "{}", mail.text);
    assert!(
        mail.text.contains("0 since the last time, 1 in all"),
        "{}",
        mail.text
    );
    assert!(desk.hook.arrived(OWNER).is_empty());
}

#[tokio::test]
async fn asking_again_after_a_reset_tells_everybody_again() {
    let mut desk = Desk::new(Kind::SameFile, hourly).await;
    desk.hook.is_down.store(true, Ordering::Relaxed);
    desk.ask("ann@x.org").await;
    desk.look().await;
    desk.look_after(HOUR).await;
    let reset = ["peer_new_ann@x.org_to_do", "peer_new_ann@x.org_to_ds"];
    let reset = reset.map(|key| Op::Unmark {
        key: key.to_owned(),
        mark: None,
    });
    desk.commit(&reset);
    desk.hook.is_down.store(false, Ordering::Relaxed);
    desk.look_after(HOUR).await;
    desk.look_after(HOUR).await;
    assert_eq!(desk.mail.arrived(OWNER).len(), 2);
    // What still waited for the webhook is the same event.
    assert_eq!(desk.hook.arrived(OWNER).len(), 1);
    let ids: BTreeSet<String> = desk
        .mail
        .arrived(OWNER)
        .iter()
        .map(|mail| mail.message_id.to_string())
        .collect();
    assert_eq!(ids.len(), 2);
}
