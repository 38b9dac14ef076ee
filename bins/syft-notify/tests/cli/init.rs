//! `init` by flags, with a hub or with tokens that are given.

use std::{fs, os::unix::fs::PermissionsExt};

use syft_emulator::{Effect, Fault, scopes};

use crate::desk::{Desk, Google, OTHER, OWNER, Ran};

#[test]
fn a_hub_needs_no_account() {
    let desk = Desk::new();
    desk.run(&["init", "--local", "hub", "--email", "Do@Example.org"])
        .succeeds()
        .says("mails become files below")
        .says("syft-notify test-email   see a mail arrive");
    let config = desk.config_text();
    let hub = fs::canonicalize(desk.path("hub")).unwrap();
    assert!(
        config.contains(&format!("backend: local:{}", hub.display())),
        "{config}"
    );
    assert!(config.contains("do_email: Do@Example.org"), "{config}");
    desk.is_private(&desk.creds("daemon.yaml"));
    desk.run(&["test-email"]).succeeds().says("it is a file in");
    let inbox = fs::read_dir(desk.path("hub/mail/do@example.org")).unwrap();
    assert_eq!(inbox.count(), 1);
    desk.run(&["run", "--once"]).succeeds();
}

/// T24: whatever the umask says, and whatever earlier programs left.
#[test]
fn t24_secrets_are_private() {
    let google = Google::start();
    let desk = Desk::new();
    desk.put_token(&google, "drive.json", OWNER, &[scopes::DRIVE]);
    desk.put_token(&google, "gmail.json", OWNER, &[scopes::GMAIL_COMPOSE]);
    for name in ["drive.json", "gmail.json"] {
        fs::set_permissions(desk.path(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let mut shell = desk.command(&[]);
    let program = shell.get_program().to_string_lossy().into_owned();
    let script = format!(
        "umask 0; exec '{program}' init --email {OWNER} --google-endpoint {} \
         --drive-token drive.json --gmail-token gmail.json",
        google.url()
    );
    shell = {
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", &script])
            .current_dir(desk.path("."))
            .env_clear()
            .env("HOME", desk.path("home"))
            .stdin(std::process::Stdio::null());
        command
    };
    Ran::of(shell.output().unwrap()).succeeds();
    for path in [
        desk.path("drive.json"),
        desk.path("gmail.json"),
        desk.creds("daemon.yaml"),
    ] {
        desk.is_private(&path);
    }
    let directory = fs::metadata(desk.path("home/.syft-creds")).unwrap();
    assert_eq!(directory.permissions().mode() & 0o777, 0o700);
    desk.run(&["run", "--once"]).succeeds();
    for (path, _) in desk.home_files() {
        desk.is_private(&path);
    }
}

/// T15: relative paths mean the same from everywhere.
#[test]
fn t15_relative_paths_become_absolute() {
    let google = Google::start();
    let desk = Desk::new();
    desk.put_token(&google, "tokens/d.json", OWNER, &[scopes::DRIVE]);
    desk.put_token(&google, "tokens/g.json", OWNER, &[scopes::GMAIL_COMPOSE]);
    let flags = [
        "--drive-token",
        "tokens/d.json",
        "--gmail-token",
        "./tokens/g.json",
        "--syftbox-root",
        "~/box",
        "--config",
        "here/my daemon.yaml",
    ];
    desk.init(&google, &flags)
        .succeeds()
        .says("my daemon.yaml'\u{20}");
    let config = fs::read_to_string(desk.path("here/my daemon.yaml")).unwrap();
    for (key, path) in [
        ("drive_token_path", "tokens/d.json"),
        ("gmail_token_path", "tokens/g.json"),
        ("syftbox_root", "home/box"),
        // A second config is a second account, with a record of its own.
        ("state_path", "here/notification_state.json"),
    ] {
        let line = format!("{key}: {}", desk.path(path).display());
        assert!(config.contains(&line), "no {line} in:\n{config}");
    }
    let mut elsewhere = desk.command(&["run", "--once", "--config", "../here/my daemon.yaml"]);
    elsewhere.current_dir(desk.path("home"));
    Ran::of(elsewhere.output().unwrap()).succeeds();
    assert!(desk.path("here/notification_state.json").exists());
}

#[test]
fn a_config_is_not_replaced_without_asking() {
    let desk = Desk::local();
    let before = desk.home_files();
    desk.run(&["init", "--local", "hub", "--email", OWNER])
        .fails(
            1,
            &[
                "daemon.yaml exists already; nothing was changed",
                "next:  add --yes",
                "daemon.yaml.bak",
            ],
        );
    assert_eq!(desk.home_files(), before);
    let old = desk.config_text();
    desk.run(&["init", "--yes", "--interval", "60"]).succeeds();
    assert!(
        desk.config_text().contains("interval: 60"),
        "{}",
        desk.config_text()
    );
    assert!(desk.config_text().contains("backend: local:"));
    assert_eq!(
        fs::read_to_string(desk.creds("daemon.yaml.bak")).unwrap(),
        old
    );
    desk.is_private(&desk.creds("daemon.yaml.bak"));
}

#[test]
fn settings_of_the_old_config_stay() {
    let google = Google::start();
    let desk = Desk::google(&google);
    let by_hand = "interval_max: 600\nquota:\n  units_per_minute: 5000\n";
    desk.write_config(&format!("{}{by_hand}", desk.config_text()));
    desk.run(&["init", "--yes"]).succeeds();
    let config = desk.config_text();
    assert!(config.contains("interval_max: 600"), "{config}");
    assert!(config.contains("units_per_minute: 5000"), "{config}");
    desk.run(&["run", "--once"]).succeeds();
}

#[test]
fn scripts_are_told_which_flag_is_missing() {
    let desk = Desk::new();
    desk.run(&["init"])
        .fails(1, &["e-mail address", "next:  give it by --email ADDRESS"]);
    desk.run(&["init", "--email", OWNER]).fails(
        1,
        &[
            "https://console.cloud.google.com/auth/clients",
            "next:  give it by --credentials FILE",
        ],
    );
    assert_eq!(desk.home_files(), []);
}

#[test]
fn a_bad_address() {
    for bad in ["foo", "a@b@c", "", "x y@z.org", "@example.org"] {
        let desk = Desk::new();
        desk.run(&["init", "--email", bad, "--local", "hub"]).fails(
            1,
            &[
                "is not an e-mail address",
                "next:  write it as name@example.org",
            ],
        );
        assert_eq!(desk.home_files(), []);
    }
}

#[test]
fn a_given_token_must_work() {
    let google = Google::start();
    let desk = Desk::new();
    desk.put_token(
        &google,
        "mine.json",
        OWNER,
        &[scopes::DRIVE, scopes::GMAIL_COMPOSE],
    );
    desk.put_token(
        &google,
        "eve.json",
        OTHER,
        &[scopes::DRIVE, scopes::GMAIL_COMPOSE],
    );
    desk.put_token(&google, "drive.json", OWNER, &[scopes::DRIVE]);
    desk.put_token(&google, "gmail.json", OWNER, &[scopes::GMAIL_COMPOSE]);
    desk.write("broken.json", "{\"token\": ");
    let check = |drive: &str, gmail: &str, says: &[&str]| {
        desk.init(&google, &["--drive-token", drive, "--gmail-token", gmail])
            .fails(4, says);
        assert_eq!(desk.home_files(), [], "{drive} {gmail}");
    };
    let other = "it belongs to eve@example.org, not to do@example.org";
    check(
        "eve.json",
        "mine.json",
        &["eve.json", other, "leave --drive-token out"],
    );
    check(
        "mine.json",
        "eve.json",
        &["eve.json", other, "leave --gmail-token out"],
    );
    check(
        "gone.json",
        "mine.json",
        &["gone.json", "there is no such token file"],
    );
    check(
        "broken.json",
        "mine.json",
        &["broken.json", "it is no JSON (line 1 column"],
    );
    check(
        "mine.json",
        "drive.json",
        &["drive.json", "its token cannot send mail"],
    );
    check(
        "gmail.json",
        "mine.json",
        &["the Google Drive token", "gmail.json"],
    );
}

#[test]
fn google_does_not_answer() {
    let google = Google::start();
    let desk = Desk::new();
    desk.put_token(
        &google,
        "mine.json",
        OWNER,
        &[scopes::DRIVE, scopes::GMAIL_COMPOSE],
    );
    google
        .emulator
        .inject(Fault::new(Effect::DropBefore).api("gmail.users.getProfile"));
    desk.init(
        &google,
        &["--drive-token", "mine.json", "--gmail-token", "mine.json"],
    )
    .fails(5, &["gmail.users.getProfile is not available now"]);
    assert_eq!(desk.home_files(), []);
}

#[test]
fn credentials_that_are_none() {
    let google = Google::start();
    let cases = [
        (
            "{\"type\": \"service_account\"}",
            "it is the key of a service account",
        ),
        ("", "it is no JSON"),
        ("{}", "it has neither \"installed\" nor \"web\""),
        (
            "{\"refresh_token\": \"1//x\"}",
            "it is a token file, not an OAuth client",
        ),
    ];
    for (text, says) in cases {
        let desk = Desk::new();
        desk.write("c.json", text);
        desk.init(&google, &["--credentials", "c.json", "--no-browser"])
            .fails(1, &["c.json", says, "Desktop app"]);
        assert_eq!(desk.home_files(), []);
    }
    let desk = Desk::new();
    desk.init(&google, &["--credentials", "gone.json", "--no-browser"])
        .fails(1, &["gone.json", "Desktop app"]);
}

#[test]
fn tokens_travel_encrypted_or_not_at_all() {
    let desk = Desk::new();
    let line = [
        "init",
        "--email",
        OWNER,
        "--google-endpoint",
        "http://example.org",
    ];
    desk.run(&line).fails(
        1,
        &["google_endpoint", "must be https, or http on this machine"],
    );
    assert_eq!(desk.home_files(), []);
}

#[test]
fn a_record_of_another_account() {
    let desk = Desk::local();
    desk.run(&["run", "--once"]).succeeds();
    let before = desk.home_files();
    desk.run(&["init", "--yes", "--local", "hub", "--email", OTHER])
        .fails(
            1,
            &[
                "notification_state.json belongs to do@example.org, not to eve@example.org",
                "--config DIR/daemon.yaml",
            ],
        );
    assert_eq!(desk.home_files(), before);
}

#[test]
fn a_directory_that_is_no_hub() {
    let desk = Desk::new();
    desk.write("docs/thesis.txt", "mine");
    desk.run(&["init", "--local", "docs", "--email", OWNER])
        .fails(1, &["docs"]);
    assert_eq!(desk.home_files(), []);
    assert_eq!(fs::read_dir(desk.path("docs")).unwrap().count(), 1);
}
