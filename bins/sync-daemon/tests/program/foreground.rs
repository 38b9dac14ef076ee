//! `start --foreground`, as every service manager runs it.

use std::{fs, time::Duration};

use rustix::process::Signal;

use crate::desk::{Desk, JOB};

/// B-T1, G1, G2, G3, G12: a whole day of the daemon, with the options behind the command.
#[test]
fn a_job_mirrors_files_at_the_start_and_when_it_is_triggered() {
    let desk = Desk::new(JOB);
    desk.write("source/letter", "dear");
    desk.write("destination/only here", "stays");
    let old = fs::metadata(desk.path("source/letter"))
        .unwrap()
        .modified()
        .unwrap()
        - Duration::from_secs(3600);
    fs::File::options()
        .write(true)
        .open(desk.path("source/letter"))
        .unwrap()
        .set_modified(old)
        .unwrap();
    let daemon = desk.foreground(&["--log-level", "debug"]);
    desk.until_there("destination/letter", "dear");
    desk.until("the run is over", || {
        desk.status()["jobs"][0]["last_run"]["report"]["status"] == "success"
    });
    let copied = fs::metadata(desk.path("destination/letter")).unwrap();
    assert_eq!(copied.modified().unwrap(), old);

    desk.write("source/deeper/second", "sir");
    desk.prints(&["trigger", "documents", "--wait"]);
    assert_eq!(
        desk.read("destination/deeper/second").as_deref(),
        Some("sir")
    );
    assert_eq!(desk.read("destination/only here").as_deref(), Some("stays"));
    assert!(desk.prints(&["runs"]).contains("documents"));

    desk.run(&["stop"], 0);
    assert_eq!(daemon.end(), Some(0));
    desk.run(&["status"], 3);
}

/// G14: the last write of a burst arrives, too.
#[test]
fn a_watcher_triggers_its_job() {
    let watcher = format!(
        "{JOB}[[file_watchers]]
id = \"documents-watcher\"
watch_path = \"@/source\"
sync_job_id = \"documents\"
enabled = true
recursive = true
debounce_ms = 100
watch_events = [\"create\", \"write\", \"remove\", \"rename\"]
"
    );
    let desk = Desk::new(&watcher);
    let daemon = desk.foreground(&[]);
    desk.until("the first run is over", || {
        desk.status()["jobs"][0]["last_run"]["report"]["status"] == "success"
    });
    for version in 0..20 {
        desk.write("source/draft", &format!("version {version}"));
    }
    desk.until_there("destination/draft", "version 19");
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.end(), Some(0));
}

/// G7, G25: what is new comes into force, and what is broken does not.
#[test]
fn the_config_is_read_again_without_a_stop() {
    let desk = Desk::new(JOB);
    let daemon = desk.foreground(&[]);
    let second = JOB
        .replace("documents", "pictures")
        .replace("destination\"", "album\"");
    desk.write("source/photo", "cheese");
    desk.configure(&second);
    desk.run(&["reload"], 0);
    desk.until_there("album/photo", "cheese");
    desk.until("the old job is gone", || {
        desk.status()["jobs"][0]["id"] == "pictures"
    });

    // A config that is broken changes nothing, and is told to who asks.
    desk.configure("[[sync_jobs]]\nid = \"documents\"\nnonsense = 1\n");
    let (_, said) = desk.run(&["reload"], 2);
    assert!(said.contains("nonsense"), "{said}");
    assert_eq!(desk.status()["jobs"][0]["id"], "pictures");
    daemon.signal(Signal::INT);
    assert_eq!(daemon.end(), Some(0));
}
