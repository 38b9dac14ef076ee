//! Tokens, scopes, and what Google answers.

use std::fs;

use serde_json::Value;
use syft_emulator::{Effect, Fault, scopes};

use super::{close, finds, healthy};
use crate::desk::{Google, OTHER, OWNER, Ran};

#[test]
fn a_token_of_somebody_else() {
    let google = Google::start();
    for (name, scope) in [
        ("drive.json", scopes::DRIVE),
        ("gmail.json", scopes::GMAIL_COMPOSE),
    ] {
        let desk = healthy(&google);
        desk.put_token(&google, name, OTHER, &[scope]);
        close(&desk, name);
        let reason = "it belongs to eve@example.org, not to do@example.org — syft-notify init";
        finds(&desk, 4, &["❌", name, "is not accepted", reason]);
    }
}

#[test]
fn access_was_revoked() {
    let google = Google::start();
    let desk = healthy(&google);
    google.emulator.revoke(OWNER);
    for name in ["drive.json", "gmail.json"] {
        finds(
            &desk,
            4,
            &["❌", name, "invalid_grant", "— syft-notify init"],
        );
    }
}

#[test]
fn a_token_that_may_too_little() {
    let google = Google::start();
    let desk = healthy(&google);
    desk.put_token(&google, "gmail.json", OWNER, &[scopes::DRIVE]);
    close(&desk, "gmail.json");
    finds(
        &desk,
        4,
        &["❌", "gmail.json lacks the scope", "gmail.compose"],
    );
    desk.put_token(&google, "gmail.json", OWNER, &[scopes::GMAIL_SEND]);
    close(&desk, "gmail.json");
    finds(
        &desk,
        0,
        &[
            "⚠️",
            "gmail.json works",
            "for sending alone",
            "reported, not repeated",
        ],
    );
    desk.put_token(&google, "drive.json", OWNER, &[scopes::GMAIL_COMPOSE]);
    close(&desk, "drive.json");
    finds(
        &desk,
        4,
        &["❌", "drive.json lacks the scope", "auth/drive"],
    );
}

#[test]
fn tokens_that_are_missing_or_damaged() {
    let google = Google::start();
    let desk = healthy(&google);
    desk.write("drive.json", "{\"token\": \"ya29");
    close(&desk, "drive.json");
    finds(
        &desk,
        4,
        &[
            "❌",
            "drive.json cannot be used",
            "it is no JSON (line 1 column",
        ],
    );
    fs::remove_file(desk.path("drive.json")).unwrap();
    finds(
        &desk,
        4,
        &[
            "❌",
            "drive.json — nothing on Drive is seen — syft-notify init",
        ],
    );
}

#[test]
fn google_cannot_be_reached() {
    let google = Google::start();
    let desk = healthy(&google);
    let config = desk
        .config_text()
        .replace(google.url(), "http://127.0.0.1:9");
    desk.write_config(&config);
    finds(
        &desk,
        1,
        &[
            "❌",
            "drive.json could not be tried out",
            "the connection failed",
        ],
    );
    finds(&desk, 1, &["✅", "the clock was compared with nobody's"]);
}

/// T1: silence is explained.
#[test]
fn t1_no_folder_of_a_known_layout() {
    let google = Google::start();
    let desk = healthy(&google);
    finds(
        &desk,
        0,
        &[
            "⚠️",
            "no peer has shared a folder of any known layout",
            "0.1.102 to 0.1.112 (w2)",
        ],
    );
}

/// No line may hold what opens an account.
#[test]
fn secrets_are_never_shown() {
    let google = Google::start();
    let desk = healthy(&google);
    let check = |ran: &Ran| {
        for name in ["drive.json", "gmail.json"] {
            let token: Value = serde_json::from_slice(&fs::read(desk.path(name)).unwrap()).unwrap();
            for secret in ["token", "refresh_token", "client_secret"] {
                let start: String = token[secret].as_str().unwrap().chars().take(12).collect();
                assert!(
                    !ran.out.contains(&start) && !ran.err.contains(&start),
                    "{secret}"
                );
            }
        }
    };
    check(&desk.run(&["doctor", "-vv"]));
    check(&desk.run(&["doctor", "--json"]));
    google.emulator.revoke(OWNER);
    check(&desk.run(&["doctor", "-vv"]));
}

#[test]
fn what_google_answers_instead() {
    let google = Google::start();
    let desk = healthy(&google);
    for (api, code, reason, says) in [
        (
            "drive.about.get",
            403,
            "accessNotConfigured",
            &[
                "❌ Drive token",
                "accessNotConfigured",
                "— enable the API: https://console",
            ][..],
        ),
        (
            "gmail.users.getProfile",
            503,
            "backendError",
            &[
                "❌ Gmail token",
                "could not be tried out",
                "is not available now",
            ],
        ),
        (
            "drive.files.list",
            429,
            "rateLimitExceeded",
            &[
                "❌ folders",
                "the folders of peers cannot be listed",
                "too many calls",
            ],
        ),
    ] {
        let effect = Effect::Status {
            code,
            reason: Some(reason.to_owned()),
            retry_after: None,
        };
        google.emulator.inject(Fault::new(effect).api(api));
        finds(&desk, 1, says);
        google.emulator.clear_faults();
    }
    finds(&desk, 0, &["✅ Drive token", "works for do@example.org"]);
}
