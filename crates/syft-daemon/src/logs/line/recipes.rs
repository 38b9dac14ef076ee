//! The recipes that people know from Python's `syft-notify` for its log, on a log of ours.

use std::process::Command;

use chrono::{NaiveDate, TimeZone};

use super::*;

const SENT_PER_HOUR: &str = r#"grep "✅ Sent" ~/.syft-creds/syft-notify.log | \
  awk '{print $1" "$2}' | cut -d':' -f1 | uniq -c"#;
const ERRORS: &str = r#"grep "ERROR" ~/.syft-creds/syft-notify.log | wc -l"#;
const LAST_SENT: &str = r#"grep "✅ Sent" ~/.syft-creds/syft-notify.log | tail -1"#;

fn at(hour: u32, minute: u32) -> DateTime<Local> {
    let day = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
    let time = day.and_hms_opt(hour, minute, 0).unwrap();
    Local.from_local_datetime(&time).unwrap()
}

fn run(home: &std::path::Path, recipe: &str) -> String {
    let mut bash = Command::new("bash");
    bash.args(["-c", recipe]).env("HOME", home);
    let output = bash.output().unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn t23_grep_and_awk_give_right_numbers() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join(".syft-creds/syft-notify.log");
    let mut file = crate::logs::LogFile::open(&log, Line::text("syft-notify")).unwrap();
    let sent_in = [(8, 3), (9, 1), (11, 12), (23, 5)];
    let mut last = String::new();
    for (hour, sent) in sent_in {
        for minute in 0..sent {
            let mut put = |level, message: &str| {
                let line = Line::text("syft-notify").compose(at(hour, minute), level, message);
                file.write_line(line.as_bytes());
                line
            };
            put(Level::INFO, "📧 new job \"a\n✂\" from ds@example.org");
            last = put(Level::INFO, "✅ Sent \"New Job: a\" to do@example.org");
            put(
                Level::WARN,
                "⚠️  Drive is not available; the next look tries again",
            );
            if minute == 0 {
                put(
                    Level::ERROR,
                    "cannot send \"Job Approved\"\nto ds@example.org",
                );
            }
        }
    }
    file.write_line(b"thread 'main' panicked at src/main.rs:1:1:");

    let per_hour = run(home.path(), SENT_PER_HOUR);
    let counts: Vec<Vec<&str>> = per_hour
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let truth: Vec<[String; 3]> = sent_in
        .iter()
        .map(|(hour, sent)| {
            [
                sent.to_string(),
                "2026-01-31".to_owned(),
                format!("{hour:02}"),
            ]
        })
        .collect();
    assert_eq!(counts, truth);
    let errors = (sent_in.len() + 1).to_string();
    assert_eq!(run(home.path(), ERRORS).trim(), errors);
    assert_eq!(run(home.path(), LAST_SENT), last);
}
