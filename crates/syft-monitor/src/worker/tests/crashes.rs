//! Never lose, never double: the program ends at any call of any receiver, and the clock jumps.

use proptest::{collection::vec, prelude::*};

use super::{post::Crash, *};

/// What happens before the next look.
#[derive(Clone, Debug)]
enum Step {
    Job,
    Peer,
    Minutes(u64),
    /// The clock is set forward or back by so many hours.
    Jump(i64),
    /// The program ends at a call of the mail service.
    EndAtMail(Crash),
    /// The program ends at a call of the webhook.
    EndAtHook(Crash),
    Restart,
    MailIs(Power),
    HookIs(Power),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    Up,
    Down,
}

fn any_step() -> impl Strategy<Value = Step> {
    let crash = || (0..6_usize, any::<bool>()).prop_map(|(call, is_done)| Crash { call, is_done });
    let power = || prop_oneof![Just(Power::Up), Just(Power::Down)];
    prop_oneof![
        3 => Just(Step::Job),
        3 => Just(Step::Peer),
        6 => (1..400_u64).prop_map(Step::Minutes),
        1 => (-30..30_i64).prop_map(Step::Jump),
        4 => crash().prop_map(Step::EndAtMail),
        3 => crash().prop_map(Step::EndAtHook),
        2 => Just(Step::Restart),
        1 => power().prop_map(Step::MailIs),
        1 => power().prop_map(Step::HookIs),
    ]
}

fn everything(setup: &mut Setup) {
    hourly(setup);
    calm_nights(setup);
    setup.heartbeat = Some(24 * HOUR);
}

/// What was asked for in the course of a story.
#[derive(Default)]
struct Due {
    jobs: Vec<String>,
    peers: Vec<String>,
    elapsed: Duration,
    jumps: u64,
}

impl Due {
    /// Returns each event with the words that only mails about it have.
    fn events(&self) -> impl Iterator<Item = String> {
        let jobs = self.jobs.iter().map(|job| format!("| {job}\n"));
        let peers = self.peers.iter().cloned();
        jobs.chain(peers)
    }
}

async fn take(desk: &mut Desk, step: &Step, due: &mut Due) {
    let set = |post: &Post, power: Power| {
        post.is_down.store(power == Power::Down, Ordering::Relaxed);
    };
    match step {
        Step::Job => {
            let job = format!("job {:03}", due.jobs.len());
            desk.submit(&job).await;
            due.jobs.push(job);
        }
        Step::Peer => {
            let peer = format!("peer{:03}@x.org", due.peers.len());
            desk.ask(&peer).await;
            due.peers.push(peer);
        }
        Step::Minutes(minutes) => {
            let passed = Duration::from_secs(60 * minutes);
            desk.now = desk.now.after(passed);
            due.elapsed += passed;
        }
        Step::Jump(hours) => {
            desk.now = Timestamp::from_seconds(desk.now.as_seconds() + 3600 * hours);
            due.jumps += 1;
        }
        Step::EndAtMail(crash) => *desk.mail.crash.lock().unwrap() = Some(*crash),
        Step::EndAtHook(crash) => *desk.hook.crash.lock().unwrap() = Some(*crash),
        Step::Restart => desk.restart(),
        Step::MailIs(power) => set(&desk.mail, *power),
        Step::HookIs(power) => set(&desk.hook, *power),
    }
}

/// Looks once; a program that ends in the middle is started again.
async fn look(desk: &mut Desk) {
    let (mail, hook) = (Arc::clone(&desk.mail), Arc::clone(&desk.hook));
    let lives = tokio::select! {
        biased;
        round = desk.worker.run_once(desk.now) => {
            round.unwrap();
            true
        }
        () = mail.has_crashed.notified() => false,
        () = hook.has_crashed.notified() => false,
    };
    if !lives {
        for post in [&desk.mail, &desk.hook] {
            *post.crash.lock().unwrap() = None;
        }
        desk.restart();
    }
}

/// Lets everything work again until nothing waits.
async fn calm_down(desk: &mut Desk, due: &mut Due) {
    for post in [&desk.mail, &desk.hook] {
        post.is_down.store(false, Ordering::Relaxed);
        *post.crash.lock().unwrap() = None;
    }
    for _ in 0..60 {
        // A crash of several calls at once may have left another one behind.
        look(desk).await;
        if desk.state().own().outbox.is_empty() {
            return;
        }
        desk.now = desk.now.after(HOUR);
        due.elapsed += HOUR;
    }
    panic!("{:#?}", desk.state().own().outbox);
}

/// Returns how often each event reached the owner by one of the two ways.
fn count(post: &Post, words: &str) -> usize {
    let mails = post.arrived(OWNER);
    mails
        .iter()
        .filter(|mail| mail.text.contains(words))
        .count()
}

/// Returns the texts of what was given up, the parts of digests included.
fn given_up(desk: &Desk, via: Option<&str>) -> Vec<String> {
    let state = desk.state();
    let dead = state.own().dead.values();
    dead.filter(|record| record.via.as_deref() == via)
        .map(|record| record.payload.to_string())
        .collect()
}

async fn play(kind: Kind, steps: &[Step]) {
    let mut desk = Desk::new(kind, everything).await;
    // Ana's own request is none of the events that are counted.
    let mut due = Due::default();
    desk.ask(ANA).await;
    for step in steps {
        take(&mut desk, step, &mut due).await;
        look(&mut desk).await;
    }
    calm_down(&mut desk, &mut due).await;
    if kind != Kind::SendOnly {
        // What was given up after days is sent by a person who asks for it.
        let dead: Vec<String> = desk
            .state()
            .own()
            .given_up()
            .map(|(id, _)| id.to_owned())
            .collect();
        desk.commit(
            &dead
                .into_iter()
                .map(|id| Op::Revive { id })
                .collect::<Vec<_>>(),
        );
        calm_down(&mut desk, &mut due).await;
    }
    for (post, via) in [(&desk.mail, None), (&desk.hook, Some("ops"))] {
        let reported = given_up(&desk, via);
        for words in due.events() {
            let bare = words.trim_start_matches("| ").trim_end();
            let told = reported.iter().filter(|text| text.contains(bare)).count();
            match count(post, &words) {
                1 => {}
                0 => assert!(told > 0, "lost by {via:?}: {words}"),
                times => panic!("{times} times by {via:?}: {words}"),
            }
        }
    }
    let mails = desk.mail.delivered.lock().unwrap().len();
    if kind != Kind::SendOnly {
        assert!(desk.state().own().dead.is_empty());
        assert_eq!(desk.state().own().sent_total, mails as u64);
        for peer in &due.peers {
            assert_eq!(desk.mail.arrived(peer).len(), 1);
        }
    }
    let beats = desk.mail.arrived(OWNER);
    let beats = beats
        .iter()
        .filter(|mail| mail.subject.contains("syft-notify runs"));
    let days = due.elapsed.as_secs() / (24 * 3600);
    let beats = beats.count() as u64;
    assert!(beats <= days + 2 + 2 * due.jumps, "{beats} in {days} days");
}

fn run(kind: Kind, steps: &[Step]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(play(kind, steps));
}

/// A clock that comes to the same moment twice makes two different heartbeats.
#[test]
fn the_same_moment_again_is_another_heartbeat() {
    run(Kind::SameFile, &[Step::Jump(-24), Step::Jump(24)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn every_event_is_told_once_by_mails_that_know_each_other(steps in vec(any_step(), 1..40)) {
        run(Kind::SameFile, &steps);
    }

    #[test]
    fn every_event_is_told_once_by_drafts(steps in vec(any_step(), 1..40)) {
        run(Kind::Drafts, &steps);
    }

    #[test]
    fn every_event_is_told_once_or_reported_without_drafts(steps in vec(any_step(), 1..40)) {
        run(Kind::SendOnly, &steps);
    }
}
