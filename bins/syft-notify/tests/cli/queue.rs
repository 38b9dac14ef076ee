//! `queue`: mails that wait or were given up.

use std::{fs, sync::Arc};

use serde_json::json;
use syft_emulator::{Effect, Fault, scopes};
use syft_monitor::{
    connect,
    fixtures::{Layout, SampleClient, SampleJob},
};
use syft_transport::{
    google::{GoogleDrive, Tokens},
    http::Budget,
};

use crate::{
    desk::{Desk, Google, OWNER},
    running::{mails, submit},
};

const DS: &str = "ds@example.org";
const JOB: &str = "Subject: New Job: one";

/// A desk where the mail about a job waits, because the way to the owner's mails is blocked.
fn desk_with_a_waiting_mail() -> Desk {
    let desk = Desk::local();
    submit(&desk, &["zero"]);
    desk.run(&["run", "--once"]).succeeds();
    submit(&desk, &["one"]);
    let inbox = desk.path("hub/mail").join(OWNER);
    fs::remove_dir_all(&inbox).ok();
    desk.write(&format!("hub/mail/{OWNER}"), "in the way");
    desk.run(&["run", "--once"])
        .fails(5, &["no mail can be sent"]);
    desk
}

fn unblock(desk: &Desk) {
    fs::remove_file(desk.path("hub/mail").join(OWNER)).unwrap();
}

/// A desk with Google where the mail about a job may or may not have been sent.
fn desk_with_a_doubtful_mail(google: &Google) -> Desk {
    let desk = Desk::google(google);
    desk.put_token(google, "gmail.json", OWNER, &[scopes::GMAIL_SEND]);
    desk.run(&["run", "--once"]).succeeds();
    submit_to(google, &desk);
    let dropped = Fault::new(Effect::DropBefore).api("gmail.users.messages.send");
    google.emulator.inject(dropped);
    desk.run(&["run", "--once", "--jobs-only"]).fails(6, &[]);
    google.emulator.clear_faults();
    desk
}

/// Lets a data scientist submit a job on the emulator.
pub(crate) fn submit_to(google: &Google, desk: &Desk) {
    desk.put_token(google, "ds.json", DS, &[scopes::DRIVE]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = connect::client(Some(google.url()), None).unwrap();
        let endpoints = connect::endpoints(Some(google.url()));
        let tokens = Tokens::open(&client, &endpoints, &desk.path("ds.json")).unwrap();
        let drive = GoogleDrive::new(&tokens, Budget::DRIVE);
        let client = SampleClient::new(Arc::new(drive));
        let job = SampleJob::bash(Layout::W4, OWNER, DS, "one");
        client.submit(&job).await.unwrap();
    });
}

fn names(desk: &Desk, list: &str) -> Vec<String> {
    let json = desk.run(&["queue", "list", "--json"]).succeeds().json();
    let rows = json[list].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_empty_queue() {
    let desk = Desk::local();
    let nothing = "No mail waits, and none was given up.";
    desk.run(&["queue", "list"]).succeeds().says(nothing);
    let json = desk.run(&["queue", "list", "--json"]).succeeds().json();
    assert_eq!(json, json!({"waiting": [], "given_up": []}));
    desk.run(&["queue", "retry", "--all"])
        .succeeds()
        .says("No mail was given up: there is nothing to send again.");
    desk.run(&["queue", "drop", "--all", "--yes"])
        .succeeds()
        .says("No mail was given up: there is nothing to drop.");
    assert!(!desk.state_file().exists());
}

#[test]
fn what_waits_is_shown_and_goes_at_once_when_asked_for() {
    let desk = desk_with_a_waiting_mail();
    let json = desk.run(&["queue", "list", "--json"]).succeeds().json();
    let row = json["waiting"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["event"] == "new_job")
        .unwrap();
    assert_eq!(row["to"], OWNER);
    assert_eq!(row["about"], format!("job one of {DS}"));
    assert_eq!(row["may_have_arrived"], false);
    let name = row["name"].as_str().unwrap();
    desk.run(&["queue", "list"])
        .succeeds()
        .says("Waiting: ")
        .says(name)
        .says("to do@example.org; ")
        .says("not a directory");
    unblock(&desk);
    desk.run(&["queue", "retry", name]).fails(1, &["add --yes"]);
    desk.run(&["queue", "retry", name, "--yes"])
        .succeeds()
        .says("1 mail will be sent at the next look.");
    desk.run(&["run", "--once"]).succeeds();
    assert!(mails(&desk, OWNER).contains(&JOB.to_owned()));
    assert!(names(&desk, "waiting").is_empty());
}

#[test]
fn what_waits_can_be_dropped_and_does_not_come_back() {
    let desk = desk_with_a_waiting_mail();
    let waiting = names(&desk, "waiting");
    let line: Vec<&str> = ["queue", "drop"]
        .into_iter()
        .chain(waiting.iter().map(String::as_str))
        .collect();
    desk.run(&line)
        .fails(1, &["this needs a yes", "next:  add --yes"]);
    assert_eq!(names(&desk, "waiting"), waiting);
    desk.run(&[&line[..], &["--yes"]].concat())
        .succeeds()
        .says("will never be sent.");
    unblock(&desk);
    desk.run(&["run", "--once"]).succeeds();
    assert_eq!(mails(&desk, OWNER), [""; 0]);
    desk.run(&["queue", "list"])
        .succeeds()
        .says("No mail waits");
}

#[test]
fn a_given_up_mail_is_sent_again_only_by_a_person() {
    let google = Google::start();
    let desk = desk_with_a_doubtful_mail(&google);
    let [name] = &names(&desk, "given_up")[..] else {
        panic!("{:?}", names(&desk, "given_up"))
    };
    desk.run(&["queue", "list"])
        .succeeds()
        .says("Given up: 1 mail")
        .says("may have arrived all the same")
        .says(&format!("syft-notify queue retry {name}"))
        .says(&format!("syft-notify queue drop {name}"));
    desk.run(&["run", "--once", "--jobs-only"]).succeeds();
    assert!(google.emulator.inbox(OWNER).is_empty());
    desk.run(&["queue", "retry", "--all"])
        .fails(1, &["this needs a yes", "next:  add --yes"]);
    desk.run(&["queue", "retry", "--all", "--yes"]).succeeds();
    desk.run(&["run", "--once", "--jobs-only"]).succeeds();
    assert_eq!(google.emulator.inbox(OWNER).len(), 1);
    assert!(names(&desk, "given_up").is_empty());
    assert!(names(&desk, "waiting").is_empty());
}

#[test]
fn a_given_up_mail_can_be_dropped() {
    let google = Google::start();
    let desk = desk_with_a_doubtful_mail(&google);
    let name = names(&desk, "given_up").remove(0);
    desk.run(&["queue", "drop", &name, "--yes"])
        .succeeds()
        .says("1 mail will never be sent.");
    desk.run(&["run", "--once", "--jobs-only"]).succeeds();
    assert!(google.emulator.inbox(OWNER).is_empty());
    assert!(names(&desk, "given_up").is_empty());
}

/// A desk where the mails about two jobs are kept back.
fn desk_that_keeps_back(more: &str) -> Desk {
    let desk = Desk::local();
    submit(&desk, &["zero"]);
    desk.run(&["run", "--once"]).succeeds();
    let text = format!("{}{more}\n", desk.config_text());
    desk.write_config(&text);
    submit(&desk, &["one", "two"]);
    desk.run(&["run", "--once"]).succeeds();
    desk
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the hours around now are wanted")]
fn what_quiet_hours_keep_back() {
    let now = chrono::Utc::now();
    let (begin, end) = (
        now - chrono::TimeDelta::hours(1),
        now + chrono::TimeDelta::hours(2),
    );
    let hours = format!("{}-{}", begin.format("%H:%M"), end.format("%H:%M"));
    let desk = desk_that_keeps_back(&format!("quiet_hours: \"{hours}\"\ntime_zone: UTC"));
    let json = desk.run(&["queue", "list", "--json"]).succeeds().json();
    let rows = json["waiting"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{json}");
    for row in rows {
        assert_eq!(row["held_by"], "quiet_hours");
        assert!(row["held_until"].is_string());
    }
    desk.run(&["queue", "list"])
        .succeeds()
        .says("kept by quiet hours for 2 h");
    assert!(!mails(&desk, OWNER).contains(&JOB.to_owned()));
}

#[test]
fn what_waits_for_a_digest() {
    let desk = desk_that_keeps_back("digest: 86400");
    let names = names(&desk, "waiting");
    assert_eq!(names.len(), 2);
    desk.run(&["queue", "list"])
        .succeeds()
        .says("not tried yet, goes with the digest in ");
    // One is wanted now, the other never.
    desk.run(&["queue", "drop", &names[1], "--yes"]).succeeds();
    desk.run(&["queue", "retry", &names[0], "--yes"]).succeeds();
    let before = mails(&desk, OWNER).len();
    desk.run(&["run", "--once"]).succeeds();
    assert_eq!(mails(&desk, OWNER).len(), before + 1);
    desk.run(&["queue", "list"])
        .succeeds()
        .says("No mail waits");
}

#[test]
fn a_mistyped_name() {
    let desk = desk_with_a_waiting_mail();
    let name = names(&desk, "waiting").remove(0);
    for verb in ["retry", "drop"] {
        desk.run(&["queue", verb, &name[..name.len() - 1], "--yes"])
            .fails(1, &["there is no mail", &format!("is it {name}?")]);
        desk.run(&["queue", verb, "nothing like it", "--yes"])
            .fails(1, &["there is no mail", "next:  syft-notify queue list"]);
        desk.run(&["queue", verb]).fails(2, &["<NAME>"]);
        desk.run(&["state", verb, &name])
            .fails(2, &["unrecognized subcommand"]);
    }
    assert!(names(&desk, "waiting").contains(&name));
}
