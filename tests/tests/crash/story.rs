//! What is due when the program is killed, and how it goes on.

use std::time::Duration;

use serde_json::json;
use syft_state::ledger::{Ledger, Op};

use crate::{
    program::{Ending, once},
    recovery::{self, check_state},
    scene::{Arrived, Meeting, OWNER, Scene},
    verdict::Tally,
};

/// After so many looks a program that still has not sent everything is broken.
const LOOKS: usize = 12;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What the program is about to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Story {
    /// It mails everything, each thing by itself.
    Plain(Meeting),
    /// It puts what is for the owner aside for a digest, mails the data scientists and a
    /// heartbeat, and tells a webhook.
    Claiming(Meeting),
    /// It makes a digest of what was put aside, and sends it.
    Digesting(Meeting),
}

impl Story {
    /// Returns a scene in which that is due.
    pub(crate) async fn due(self) -> Scene {
        let (meeting, is_claimed) = match self {
            Self::Plain(meeting) => return recovery::due(meeting).await,
            Self::Claiming(meeting) => (meeting, false),
            Self::Digesting(meeting) => (meeting, true),
        };
        let mut scene = Scene::new(meeting).await;
        let seeded = once(&scene);
        assert!(matches!(seeded, Ending::Ended(0, _)), "{seeded}");
        scene.add_hook().await;
        scene.configure(&json!({"digest": HOUR.as_secs(), "heartbeat": 24 * HOUR.as_secs()}));
        scene.act().await;
        if is_claimed {
            let claimed = once(&scene);
            assert!(matches!(claimed, Ending::Ended(0, _)), "{claimed}");
            assert!(waiting(&scene) > 1);
            pass_an_hour(&scene);
        }
        scene
    }

    /// Returns what an undisturbed run leaves, where the mails of one run are all.
    pub(crate) fn mailed_at_once(self) -> Option<Vec<Arrived>> {
        match self {
            Self::Plain(_) => Some(Scene::due()),
            Self::Claiming(_) => None,
            Self::Digesting(_) => Some(all_due()),
        }
    }

    /// Starts the program until nothing is left to do, and judges the scene.
    pub(crate) fn recover(self, tally: &mut Tally, place: &str, scene: &Scene) {
        match self {
            Self::Plain(_) => recovery::recover(tally, place, scene),
            Self::Claiming(_) | Self::Digesting(_) => recover(tally, place, scene),
        }
    }
}

fn recover(tally: &mut Tally, place: &str, scene: &Scene) {
    check_state(tally, place, scene);
    for look in 1.. {
        tally.restarts += 1;
        let ending = once(scene);
        // The first look may find less than all: what is for the owner waits for its hour.
        if matches!(ending, Ending::Ended(0, _)) && look > 1 && waiting(scene) == 0 {
            break;
        }
        if look >= LOOKS {
            tally.complain(place, format!("look {look}: {ending}"));
            break;
        }
        pass_an_hour(scene);
    }
    let (arrived, told) = (scene.arrived(), scene.told());
    scene.age_leftovers();
    match once(scene) {
        Ending::Ended(0, _) => {}
        ending => tally.complain(place, format!("the look after: {ending}")),
    }
    if (scene.arrived(), scene.told()) != (arrived, told) {
        tally.complain(place, "the look after told something");
    }
    check_state(tally, place, scene);
    if scene.told() != to_be_told() {
        tally.complain(place, format!("the webhook heard {:?}", scene.told()));
    }
    tally.judge(place, scene, &all_due());
}

fn all_due() -> Vec<Arrived> {
    let mut due = Scene::due();
    due.push((OWNER.to_owned(), "syft-notify runs: all is well".to_owned()));
    due.sort();
    due
}

/// Returns the subjects that the webhook hears: each event once, whoever gets its mails.
fn to_be_told() -> Vec<String> {
    let due = Scene::due().into_iter().map(|(_, subject)| subject);
    let mut told: Vec<String> = due
        .filter(|subject| !subject.starts_with("Peer Request Sent"))
        .collect();
    told.sort();
    told
}

fn waiting(scene: &Scene) -> usize {
    let state = Ledger::read(&scene.ledger());
    state.map_or(usize::MAX, |state| state.own().outbox.len())
}

/// Makes what waits an hour older, as time would.
fn pass_an_hour(scene: &Scene) {
    let mut ledger = Ledger::open(&scene.ledger()).unwrap();
    let mut session = ledger.session().unwrap();
    let outbox = session.state().own().outbox.clone();
    let older = outbox.into_iter().map(|(id, mut record)| {
        record.retry_at = None;
        record.created = record.created.before(HOUR);
        Op::PutNotice { id, record }
    });
    session.commit(&older.collect::<Vec<_>>()).unwrap();
}
