//! `run`: signals, two at once, and what is watched.

use std::{fs, sync::Arc};

use syft_monitor::fixtures::{Layout, SampleClient, SampleJob};
use syft_transport::LocalDrive;

use crate::desk::{Desk, OWNER};

const DS: &str = "ds@example.org";

/// Lets a data scientist ask to be a peer and submit jobs.
pub(crate) fn submit(desk: &Desk, jobs: &[&str]) {
    let drive = LocalDrive::open(&desk.path("hub"), DS.parse().unwrap()).unwrap();
    let client = SampleClient::new(Arc::new(drive));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for job in jobs {
        let job = SampleJob::bash(Layout::W4, OWNER, DS, job);
        runtime.block_on(client.submit(&job)).unwrap();
    }
}

pub(crate) fn mails(desk: &Desk, account: &str) -> Vec<String> {
    let Ok(inbox) = fs::read_dir(desk.path("hub/mail").join(account)) else {
        return Vec::new();
    };
    let subject = |text: String| {
        let line = text.lines().find(|line| line.starts_with("Subject: "));
        line.unwrap().to_owned()
    };
    let mut subjects: Vec<String> = inbox
        .map(|file| subject(fs::read_to_string(file.unwrap().path()).unwrap()))
        .collect();
    subjects.sort();
    subjects
}

#[test]
fn ctrl_c_and_sigterm_end_it_well() {
    for signal in ["INT", "TERM"] {
        let desk = Desk::local();
        let running = desk.start(&["run", "--interval", "1", "-v"]);
        running.until_it_says("looked: ");
        let (code, took) = running.signal(signal);
        assert_eq!(code, Some(0), "{signal}");
        assert!(took.as_secs() < 2, "{signal}: {took:?}");
        desk.run(&["state", "show"]).succeeds();
        desk.run(&["status"]).fails(3, &[]).says("not running");
    }
}

#[test]
fn two_at_once_double_nothing() {
    let desk = Desk::local();
    desk.run(&["run", "--once"]).succeeds();
    let running = desk.start(&["run", "--interval", "1", "-v"]);
    running.until_it_says("looked: ");
    let id = format!("PID {}", running.id());
    desk.run(&["run"]).fails(
        1,
        &[
            "another syft-notify",
            &id,
            "notification_state.json",
            "next:  stop it with `syft-notify stop`",
        ],
    );
    let jobs: Vec<String> = (0..5).map(|number| format!("job {number}")).collect();
    for job in &jobs {
        submit(&desk, &[job]);
        let looks: Vec<_> = (0..3)
            .map(|_| {
                desk.command(&["run", "--once"])
                    .stderr(std::process::Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut look in looks {
            assert!(look.wait().unwrap().success());
        }
    }
    let mails = mails(&desk, OWNER);
    for job in &jobs {
        let about = mails
            .iter()
            .filter(|subject| subject.contains(job.as_str()));
        assert_eq!(about.count(), 1, "{job}: {mails:?}");
    }
    assert_eq!(running.signal("TERM").0, Some(0));
}

#[test]
fn after_a_kill_it_starts_again() {
    let desk = Desk::local();
    let running = desk.start(&["run", "--interval", "1", "-v"]);
    running.until_it_says("looked: ");
    running.signal("KILL");
    desk.run(&["status"]).fails(3, &[]).says("not running");
    let running = desk.start(&["run", "--interval", "1", "-v"]);
    running.until_it_says("looked: ");
    desk.run(&["status"]).succeeds();
    assert_eq!(running.signal("TERM").0, Some(0));
}

#[test]
fn jobs_only_and_peers_only() {
    let desk = Desk::local();
    desk.run(&["run", "--jobs-only", "--peers-only"]).fails(
        1,
        &[
            "--jobs-only and --peers-only exclude each other",
            "next:  leave both out",
        ],
    );
    desk.run(&["run", "--once"]).succeeds();
    submit(&desk, &["first"]);
    desk.run(&["run", "--once", "--jobs-only"]).succeeds();
    assert_eq!(mails(&desk, OWNER), ["Subject: New Job: first"]);
    desk.run(&["run", "--once", "--peers-only"]).succeeds();
    assert!(
        mails(&desk, OWNER)
            .iter()
            .any(|subject| subject.contains("Peer Request"))
    );
    assert_eq!(
        mails(&desk, DS),
        ["Subject: Peer Request Sent to do@example.org"]
    );
}

/// T1: silence is explained.
#[test]
fn t1_no_folder_of_a_known_layout() {
    let desk = Desk::local();
    desk.run(&["run", "--once"])
        .succeeds()
        .says("no peer has shared a folder of any known layout with do@example.org");
    desk.run(&["status"])
        .fails(3, &[])
        .says("none of any known layout");
}

#[test]
fn the_first_look_is_explained() {
    let desk = Desk::local();
    submit(&desk, &["old"]);
    desk.run(&["run", "--once"])
        .succeeds()
        .says("First look: what is there already is recorded and not mailed.");
    assert_eq!(mails(&desk, OWNER), [""; 0]);
    let desk = Desk::local();
    submit(&desk, &["old"]);
    let ran = desk.run(&["run", "--once", "--notify-existing"]).succeeds();
    assert!(
        ran.err.contains("✅ Sent New Job: old to do@example.org"),
        "{}",
        ran.err
    );
}

#[test]
fn json_is_for_scripts() {
    let desk = Desk::local();
    desk.run(&["run", "--once"]).succeeds();
    submit(&desk, &["one"]);
    let ran = desk.run(&["run", "--once", "--json"]).succeeds();
    let json = ran.json();
    assert_eq!(json["complete"], true);
    assert_eq!(json["sent"].as_array().unwrap().len(), 3);
    assert!(!ran.err.contains("Looking"), "{}", ran.err);
}

/// What is documented for log shippers, also for the marker that people count.
#[test]
fn t23_log_lines() {
    let desk = Desk::local();
    let running = desk.start(&["run", "--interval", "1", "-v"]);
    running.until_it_says("looked: ");
    submit(&desk, &["a\u{202e}b"]);
    running.until_it_says("✅ Sent");
    let log = running.log();
    let is_logged = |line: &&str| line.starts_with("20");
    for line in log.lines().filter(is_logged) {
        let mut parts = line.splitn(4, " - ");
        let time = parts.next().unwrap();
        assert!(
            chrono::NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S").is_ok(),
            "{line}"
        );
        assert_eq!(parts.next(), Some("syft-notify"), "{line}");
        let level = parts.next().unwrap();
        assert!(
            ["DEBUG", "INFO", "WARNING", "ERROR"].contains(&level),
            "{line}"
        );
    }
    assert!(!log.contains('\u{202e}'), "{log}");
}
