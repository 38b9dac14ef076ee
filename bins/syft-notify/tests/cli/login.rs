//! `init` with Google: the two logins.

use std::fs;

use syft_emulator::scopes;

use crate::{
    browser::{self, Dialogue},
    desk::{Desk, Google, OTHER, OWNER, Ran},
};

fn begin(desk: &Desk, google: &Google, more: &[&str]) -> Dialogue {
    desk.put_credentials(google);
    let line = [
        "init",
        "--email",
        OWNER,
        "--google-endpoint",
        google.url(),
        "--credentials",
        "credentials.json",
        "--no-browser",
    ];
    Dialogue::start(desk.command(&[&line[..], more].concat()))
}

/// Opens the next link, and brings the answer to the port that waits for it.
#[track_caller]
fn allow_next(dialogue: &mut Dialogue, account: &str) {
    let back = browser::allow(&dialogue.link(), account);
    browser::request(&back, None);
}

#[track_caller]
fn leaves_nothing(desk: &Desk, ran: Ran, code: i32, says: &[&str]) {
    ran.fails(code, says);
    assert_eq!(desk.home_files(), [], "something was written");
}

#[test]
fn a_browser_on_this_machine() {
    let (google, desk) = (Google::start(), Desk::new());
    let mut dialogue = begin(&desk, &google, &[]);
    allow_next(&mut dialogue, OWNER);
    allow_next(&mut dialogue, OWNER);
    dialogue
        .end()
        .succeeds()
        .says("✔ Drive of do@example.org")
        .says("✔ Gmail of do@example.org; mails arrive exactly once");
    for name in ["daemon.yaml", "token_do.json", "gmail_token.json"] {
        desk.is_private(&desk.creds(name));
    }
    desk.run(&["test-email"]).succeeds();
    assert_eq!(google.emulator.inbox(OWNER).len(), 1);
    desk.run(&["run", "--once"]).succeeds();
}

#[test]
fn a_server_without_a_browser() {
    let (google, desk) = (Google::start(), Desk::new());
    let mut dialogue = begin(&desk, &google, &["--paste"]);
    // The whole address, and then the code alone.
    let address = browser::allow(&dialogue.link(), OWNER);
    dialogue.paste(&address);
    let address = browser::allow(&dialogue.link(), OWNER);
    let code = address.split("code=").nth(1).unwrap();
    dialogue.paste(code.split('&').next().unwrap());
    dialogue.end().succeeds();
    desk.run(&["run", "--once"]).succeeds();
}

#[test]
fn what_is_pasted_must_fit() {
    for (pasted, says) in [
        (
            "http://localhost:1/?state=other&code=4/0Abc",
            "it belongs to another attempt",
        ),
        ("rubbish", "the code was rejected"),
        (
            "http://localhost:1/?state=",
            "it belongs to another attempt",
        ),
        ("", "nothing was pasted"),
    ] {
        let (google, desk) = (Google::start(), Desk::new());
        let mut dialogue = begin(&desk, &google, &["--paste"]);
        dialogue.link();
        dialogue.paste(pasted);
        let says = [says, "run `syft-notify init` again; nothing was changed"];
        leaves_nothing(&desk, dialogue.end(), 4, &says);
    }
}

#[test]
fn nothing_is_pasted() {
    let (google, desk) = (Google::start(), Desk::new());
    let mut dialogue = begin(&desk, &google, &["--paste"]);
    dialogue.link();
    leaves_nothing(&desk, dialogue.end(), 1, &["nothing came", "terminal"]);
}

#[test]
fn send_only_asks_for_less_and_says_so() {
    let (google, desk) = (Google::start(), Desk::new());
    let mut dialogue = begin(&desk, &google, &["--send-only"]);
    allow_next(&mut dialogue, OWNER);
    allow_next(&mut dialogue, OWNER);
    dialogue
        .end()
        .succeeds()
        .says("Gmail of do@example.org; mails arrive never twice");
    let token = fs::read_to_string(desk.creds("gmail_token.json")).unwrap();
    assert!(token.contains(scopes::GMAIL_SEND) && !token.contains(scopes::GMAIL_COMPOSE));
    desk.run(&["test-email"]).succeeds().says("never twice");
    desk.run(&["run", "--once"]).succeeds();
    let status = desk.run(&["status", "--json"]).json();
    assert_eq!(status["last"]["promise"], "at-most-once");
}

#[test]
fn another_account_is_chosen_in_the_browser() {
    let (google, desk) = (Google::start(), Desk::new());
    let mut dialogue = begin(&desk, &google, &[]);
    allow_next(&mut dialogue, OTHER);
    let says = [
        "the new Google Drive token cannot be used",
        "it belongs to eve@example.org, not to do@example.org",
        "choose do@example.org in the browser",
    ];
    leaves_nothing(&desk, dialogue.end(), 4, &says);
}

#[test]
fn the_second_login_fails() {
    let (google, desk) = (Google::start(), Desk::new());
    let mut dialogue = begin(&desk, &google, &[]);
    allow_next(&mut dialogue, OWNER);
    allow_next(&mut dialogue, OTHER);
    leaves_nothing(
        &desk,
        dialogue.end(),
        4,
        &["the new Gmail token cannot be used"],
    );
}

#[test]
fn access_is_denied() {
    let (google, desk) = (Google::start(), Desk::new());
    let mut dialogue = begin(&desk, &google, &[]);
    let back = browser::decide(&dialogue.link(), OWNER, "deny", |_| true);
    browser::request(&back, None);
    leaves_nothing(
        &desk,
        dialogue.end(),
        4,
        &["the consent was refused: it was not given"],
    );
}

#[test]
fn a_box_is_not_ticked() {
    let (google, desk) = (Google::start(), Desk::new());
    let mut dialogue = begin(&desk, &google, &["--send-only"]);
    allow_next(&mut dialogue, OWNER);
    let without_mail = |scope: &str| !scope.contains("gmail");
    let back = browser::decide(&dialogue.link(), OWNER, "allow", without_mail);
    browser::request(&back, None);
    let says = ["not every box was ticked; missing: https://www.googleapis.com/auth/gmail.send"];
    leaves_nothing(&desk, dialogue.end(), 4, &says);
}

#[test]
fn a_revoked_token_is_replaced_by_a_new_login() {
    let google = Google::start();
    let desk = Desk::new();
    let mut dialogue = begin(&desk, &google, &[]);
    allow_next(&mut dialogue, OWNER);
    allow_next(&mut dialogue, OWNER);
    dialogue.end().succeeds();
    google.emulator.revoke(OWNER);
    desk.run(&["run", "--once"])
        .fails(4, &["token_do.json", "run `syft-notify init`"]);
    // What the message advises must be enough, and must not forget what was set by hand.
    let config = format!("{}interval_max: 77\n", desk.config_text());
    desk.write_config(&config);
    let mut dialogue = Dialogue::start(desk.command(&["init", "--yes", "--no-browser"]));
    allow_next(&mut dialogue, OWNER);
    allow_next(&mut dialogue, OWNER);
    dialogue.end().succeeds().says("cannot be used");
    assert!(desk.config_text().contains("interval_max: 77"));
    desk.run(&["run", "--once"]).succeeds();
}

#[test]
fn a_token_is_not_replaced_without_asking() {
    let (google, desk) = (Google::start(), Desk::new());
    let home = "home/.syft-creds/token_do.json";
    desk.put_token(&google, home, OTHER, &[scopes::DRIVE]);
    desk.put_credentials(&google);
    let before = desk.home_files();
    desk.init(
        &google,
        &["--credentials", "credentials.json", "--no-browser"],
    )
    .fails(
        4,
        &[
            "token_do.json cannot be used",
            "it belongs to eve@example.org, not to do@example.org",
            "add --yes",
        ],
    );
    assert_eq!(desk.home_files(), before);
}
