//! What a person learns when nobody can know whether a mail arrived, and two programs at once.

use std::process::Stdio;

use syft_emulator::{Effect, Fault};

use crate::{
    program::{Ending, once, syft_notify, told},
    recovery::{due, recover},
    scene::{Meeting, Scene},
    verdict::Tally,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ambiguous_mail_is_reported_once_and_by_the_exit_code() {
    let scene = due(Meeting::SEND_ONLY).await;
    let emulator = scene.emulator.as_ref().unwrap();
    let drop_answer = |effect| Fault::new(effect).api("gmail.users.messages.send").times(2);
    emulator.inject(drop_answer(Effect::DropAfter));
    emulator.inject(drop_answer(Effect::DropBefore));
    let ending = once(&scene);
    let Ending::Ended(6, told) = &ending else {
        panic!("{ending}")
    };
    assert!(told.contains("given up"), "{told}");
    assert!(told.contains("syft-notify queue list"), "{told}");
    assert_eq!(
        told.matches("may or may not have been carried out").count(),
        4
    );
    let mut tally = Tally::default();
    recover(&mut tally, "four answers dropped", &scene);
    tally.conclude("an ambiguous mail");
    assert_eq!((tally.found, tally.reported), (Scene::due().len() - 2, 4));
}

/// R3 of the test matrix: one looks and mails, the other waits for its turn and finds it done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_looks_at_once_mail_once() {
    let mut tally = Tally::default();
    for meeting in [Meeting::DRAFTS, Meeting::SEND_ONLY, Meeting::Hub] {
        for round in 0..3 {
            let scene = due(meeting).await;
            let look = || {
                let mut command = syft_notify(&scene, &["--once"]);
                command.stdout(Stdio::null()).stderr(Stdio::piped());
                command.spawn().unwrap()
            };
            let place = format!("{meeting:?} {round}");
            for one in [look(), look(), look()] {
                let output = tokio::task::block_in_place(|| one.wait_with_output().unwrap());
                if !output.status.success() {
                    tally.complain(&place, told(&output));
                }
            }
            recover(&mut tally, &place, &scene);
        }
    }
    tally.conclude("three looks at once");
}
