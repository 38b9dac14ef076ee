//! Tokens that are missing, damaged, revoked or of somebody else: exit code 4 and the way out.

use syft_emulator::scopes;

use crate::desk::{Desk, Google, OTHER, OWNER};

#[track_caller]
fn check(desk: &Desk, says: &[&str]) {
    for line in [
        &["run", "--once"][..],
        &["run"],
        &["test-email"],
        &["notify-granted", "ds@example.org"],
    ] {
        desk.run(line).fails(4, says);
    }
    assert!(!desk.state_file().exists(), "a state was made");
}

#[test]
fn one_is_missing() {
    let google = Google::start();
    for name in ["drive.json", "gmail.json"] {
        let desk = Desk::google(&google);
        std::fs::remove_file(desk.path(name)).unwrap();
        check(
            &desk,
            &[name, "there is no such token file: run `syft-notify init`"],
        );
    }
}

#[test]
fn one_is_damaged() {
    let google = Google::start();
    for (text, says) in [
        ("{\"token\": \"ya29", "it is no JSON (line 1 column"),
        ("[]", "it is no JSON object"),
        ("{}", "it has no"),
    ] {
        let desk = Desk::google(&google);
        desk.write("drive.json", text);
        check(
            &desk,
            &[
                "drive.json",
                says,
                "run `syft-notify init` to make a new one",
            ],
        );
    }
}

#[test]
fn one_belongs_to_somebody_else() {
    let google = Google::start();
    for (name, scope) in [
        ("drive.json", scopes::DRIVE),
        ("gmail.json", scopes::GMAIL_COMPOSE),
    ] {
        let desk = Desk::google(&google);
        desk.put_token(&google, name, OTHER, &[scope]);
        check(
            &desk,
            &[
                name,
                "it belongs to eve@example.org, not to do@example.org",
                "run `syft-notify init`",
            ],
        );
    }
}

#[test]
fn access_was_revoked() {
    let google = Google::start();
    let desk = Desk::google(&google);
    google.emulator.revoke(OWNER);
    check(
        &desk,
        &["drive.json", "invalid_grant", "run `syft-notify init`"],
    );
}

#[test]
fn one_may_not_send() {
    let google = Google::start();
    let desk = Desk::google(&google);
    desk.put_token(&google, "gmail.json", OWNER, &[scopes::DRIVE]);
    check(
        &desk,
        &[
            "gmail.json",
            "its token cannot send mail: run `syft-notify init` and allow it",
        ],
    );
}

/// No message may hold what opens an account.
#[test]
fn secrets_stay_out_of_messages() {
    let google = Google::start();
    let desk = Desk::google(&google);
    let token = google.emulator.token(OWNER, &[scopes::DRIVE]);
    google.emulator.revoke(OWNER);
    let ran = desk.run(&["run", "--once", "-vv"]).fails(4, &[]);
    for secret in ["token", "refresh_token", "client_secret"] {
        let start: String = token[secret].as_str().unwrap().chars().take(12).collect();
        assert!(!ran.err.contains(&start), "{secret}: {}", ran.err);
    }
    assert!(!ran.err.contains("ya29."), "{}", ran.err);
}
