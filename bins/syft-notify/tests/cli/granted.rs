//! `notify-granted`.

use crate::{
    desk::Desk,
    running::{mails, submit},
};

const DS: &str = "ds@example.org";

#[test]
fn a_peer_is_told_once() {
    let desk = Desk::local();
    desk.run(&["run", "--once"]).succeeds();
    submit(&desk, &["one"]);
    desk.run(&["run", "--once"]).succeeds();
    desk.run(&["notify-granted", DS])
        .succeeds()
        .says("ds@example.org has been told");
    let told = |desk: &Desk| {
        let mails = mails(desk, DS);
        mails
            .iter()
            .filter(|subject| subject.contains("Accepted"))
            .count()
    };
    assert_eq!(told(&desk), 1);
    // T3: the same person, typed another way.
    desk.run(&["notify-granted", "DS@Example.org"])
        .fails(1, &["has been told already", "syft-notify state show"]);
    assert_eq!(told(&desk), 1);
}

/// T9: a typing error mails no stranger.
#[test]
fn t9_strangers_are_not_mailed() {
    let desk = Desk::local();
    submit(&desk, &["one"]);
    desk.run(&["notify-granted", "dd@example.org"]).fails(
        1,
        &[
            "dd@example.org has not asked to become a peer",
            "ds@example.org",
        ],
    );
    desk.run(&["notify-granted", "nobody"])
        .fails(1, &["is not an e-mail address"]);
    assert!(mails(&desk, "dd@example.org").is_empty());
}

#[test]
fn json_for_scripts() {
    let desk = Desk::local();
    submit(&desk, &["one"]);
    let json = desk
        .run(&["notify-granted", DS, "--json"])
        .succeeds()
        .json();
    assert_eq!(json["sent"][0]["to"], DS);
}
