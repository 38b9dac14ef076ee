use syft_monitor::config::Locations;

use super::*;

const TEXT: &str = "do_email: do@example.org
syftbox_root: /box
log: {level: debug}
smtp:
  # the clinic's own
  host: mail.example.org

  from: box@example.org
webhooks:
  - url: https://hooks.example.org/T0/s3cret
    format: slack
quota:
  units_per_day: 1000
";

fn config() -> Config {
    let locations = Locations {
        home: "/home/me".into(),
        creds_dir: "/home/me/.syft-creds".into(),
    };
    Config::parse(TEXT, Path::new("/c.yaml"), &locations).unwrap()
}

#[track_caller]
fn check_origin(key: &str, expected: &str) {
    assert_eq!(origin(TEXT, key, &config()), expected, "{key}");
}

#[test]
fn every_key_tells_the_line_that_sets_it() {
    check_origin("syftbox_root", "/c.yaml:2");
    check_origin("interval", "default");
    check_origin("log.level", "/c.yaml:3");
    check_origin("log.format", "default");
    check_origin("smtp.host", "/c.yaml:6");
    check_origin("smtp.from", "/c.yaml:8");
    check_origin("smtp.port", "default");
    check_origin("webhooks", "/c.yaml:9");
    check_origin("quota.units_per_day", "/c.yaml:13");
    check_origin("quota.units_per_minute", "default");
}

#[test]
fn all_keys_are_shown_and_no_secret() {
    let config = config();
    let shown: Vec<(String, Value)> = keys()
        .map(|key| (key.clone(), value(&config, &key)))
        .collect();
    let of = |wanted: &str| &shown.iter().find(|(key, _)| key == wanted).unwrap().1;
    assert_eq!(of("smtp.port"), 587);
    assert_eq!(of("mail"), "smtp");
    assert_eq!(of("log.level"), "debug");
    assert_eq!(of("webhooks")[0]["url"], "https://hooks.example.org/…");
    assert!(!format!("{shown:?}").contains("s3cret"));
    // A key without a value in force would be shown as one that nobody set.
    for (key, value) in &shown {
        let is_optional = [
            "quota.",
            "smtp.",
            "drive_token",
            "templates",
            "google_",
            "digest",
        ];
        let is_optional = is_optional.iter().any(|start| key.starts_with(start))
            || ["quiet_hours", "heartbeat", "time_zone", "http"].contains(&key.as_str());
        assert!(is_optional || !value.is_null(), "{key}");
    }
}
