//! Real logrotate takes the log away from the running program.

use std::{fs, path::Path, process::Command};

use syft_tests::{
    home::{Home, repository},
    peers::succeed,
};

use crate::record::{Record, Watching, lines, until};

fn tells_of(log: &Path, job: &str) -> bool {
    log.exists()
        && lines(log)
            .iter()
            .any(|line| line.contains("✅ Sent") && line.contains(job))
}

#[test]
fn a_log_that_logrotate_took_away_is_begun_anew() {
    let home = Home::new();
    let creds = home.path(".syft-creds");
    let log = creds.join("syft-notify.log");
    let _watching = Watching::start(&home);
    until("the first look", || {
        creds.join("notification_state.json").exists()
    });
    home.submit("before the rotation");
    until("the first mail", || tells_of(&log, "before the rotation"));

    let text = fs::read_to_string(repository("templates/logging/logrotate.conf")).unwrap();
    let (user, group) = (id("-un"), id("-gn"));
    let text = text
        .replace("/home/do/.syft-creds", &creds.display().to_string())
        .replace("su do do", &format!("su {user} {group}"));
    let config = home.beside("logrotate.conf");
    // logrotate takes no config that others may write.
    syft_state::fs::write_atomic(&config, text.as_bytes(), 0o644).unwrap();
    let mut rotate = home.command("logrotate");
    rotate
        .args(["--force", "--state"])
        .arg(home.beside("logrotate.state"));
    succeed(rotate.arg(&config));

    home.submit("after the rotation");
    until("the second mail", || tells_of(&log, "after the rotation"));
    assert!(!tells_of(&log, "before the rotation"));
    let dated: Vec<_> = fs::read_dir(&creds)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.display().to_string().contains("syft-notify.log-"))
        .collect();
    let [dated] = &dated[..] else {
        panic!("{dated:?}");
    };
    assert!(tells_of(dated, "before the rotation"));
    for line in [lines(dated), lines(&log)].concat() {
        Record::of(&line);
    }
}

fn id(option: &str) -> String {
    let output = succeed(Command::new("id").arg(option));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
