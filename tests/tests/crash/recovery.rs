//! What an owner does after a crash: start again.

use std::process::Command;

use syft_state::ledger::{Ledger, Op};

use crate::{
    program::{self, Ending, once},
    scene::{Meeting, Scene},
    verdict::Tally,
};

/// After so many starts a program that still fails is broken.
const STARTS: usize = 5;

/// Returns a scene in which all mails are due: the first look is over.
pub(crate) async fn due(meeting: Meeting) -> Scene {
    let scene = Scene::new(meeting).await;
    let seeded = once(&scene);
    assert!(matches!(seeded, Ending::Ended(0, _)), "{seeded}");
    scene.act().await;
    scene
}

/// Starts the program until it ends well, then once more, and judges the scene.
pub(crate) fn recover(tally: &mut Tally, place: &str, scene: &Scene) {
    check_state(tally, place, scene);
    let mut starts = 0;
    loop {
        starts += 1;
        match once(scene) {
            Ending::Ended(0, _) => break,
            // An interrupted send that cannot be cleared up is reported, once.
            Ending::Ended(6, _) if scene.meeting == Meeting::SEND_ONLY => {}
            ending if starts >= STARTS => {
                tally.complain(place, format!("start {starts}: {ending}"));
                break;
            }
            _ => hurry(scene),
        }
    }
    tally.restarts += starts;
    let arrived = scene.arrived();
    scene.age_leftovers();
    match once(scene) {
        Ending::Ended(0, _) => {}
        ending => tally.complain(place, format!("the look after: {ending}")),
    }
    if scene.arrived() != arrived {
        tally.complain(place, "the look after mailed something");
    }
    check_state(tally, place, scene);
    tally.judge(place, scene, &Scene::due());
}

/// Lets every mail that failed try again at once, as time would.
pub(crate) fn hurry(scene: &Scene) {
    let mut ledger = Ledger::open(&scene.ledger()).unwrap();
    let mut session = ledger.session().unwrap();
    let outbox = session.state().own().outbox.clone();
    let ops: Vec<Op> = outbox
        .into_iter()
        .map(|(id, mut record)| {
            record.retry_at = None;
            Op::PutNotice { id, record }
        })
        .collect();
    session.commit(&ops).unwrap();
}

/// The file is whole at every moment, for us and for Python.
pub(crate) fn check_state(tally: &mut Tally, place: &str, scene: &Scene) {
    if let Err(error) = Ledger::read(&scene.ledger()) {
        tally.complain(place, error);
    }
    let script = "import json, sys; json.load(open(sys.argv[1]))";
    let mut python = Command::new("python3");
    python.args(["-I", "-S", "-c", script]).arg(scene.ledger());
    let output = tokio::task::block_in_place(|| python.output().unwrap());
    if !output.status.success() {
        tally.complain(place, program::told(&output));
    }
}
