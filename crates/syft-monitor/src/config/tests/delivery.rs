use super::*;
use crate::event::Template;

const BOX: &str = "do_email: do@example.org\nsyftbox_root: /x\n";

fn with(text: &str) -> Config {
    parse(&format!("{BOX}{text}\n")).unwrap()
}

/// The error names the key and says what would be right.
#[track_caller]
fn check_refused(text: &str, key: &str, part: &str) {
    let key = format!("`{key}`");
    check_error(&format!("{BOX}{text}\n"), &[&key, part]);
}

#[test]
fn delivery_has_defaults() {
    let config = with("");
    assert_eq!((config.mail, &config.smtp), (MailBy::Gmail, &None));
    assert!(config.webhooks.is_empty() && config.http.is_none());
    assert_eq!((config.digest, config.heartbeat), (None, None));
    assert_eq!((config.quiet_hours, config.time_zone), (None, None));
    let LogConfig {
        format,
        level,
        path,
    } = config.log;
    assert_eq!((format, level), (LogFormat::Text, LogLevel::Info));
    assert_eq!(path, Path::new("/home/me/.syft-creds/syft-notify.log"));
    let config = with("state_path: s/state.json\nbackend: local:hub\nlog: {level: debug}");
    assert_eq!(config.log.path, Path::new("/etc/syft/s/syft-notify.log"));
    assert_eq!(
        (config.mail, config.log.level),
        (MailBy::Local, LogLevel::Debug)
    );
}

#[test]
fn reads_the_ways_of_delivery() {
    let config = with(
        "smtp: {host: mail.example.org, username: me, password_file: ~/pw, from: box@example.org}
digest: 3600
quiet_hours: 22:00-07:00
heartbeat: 86400
time_zone: Europe/Berlin
http: localhost:9461
log: {format: json, path: logs/notify.log}
webhooks:
  - {url: \"https://hooks.example.org/T0/secret\", events: [peer_request, new_job]}
  - {name: ops, url: \"http://[::1]:80/x\", format: ntfy, secret_file: hook.secret}",
    );
    let smtp = config.smtp.unwrap();
    assert_eq!(config.mail, MailBy::Smtp);
    assert_eq!((smtp.port, smtp.encryption), (587, Encryption::StartTls));
    assert_eq!(smtp.login.unwrap().password_file, Path::new("/home/me/pw"));
    assert_eq!(smtp.from.as_str(), "box@example.org");
    assert_eq!(config.digest, Some(Duration::from_secs(3600)));
    assert_eq!(config.quiet_hours.unwrap().to_string(), "22:00-07:00");
    assert_eq!(config.time_zone, Some(Tz::Europe__Berlin));
    assert_eq!(config.http.unwrap().to_string(), "127.0.0.1:9461");
    assert_eq!(config.log.path, Path::new("/etc/syft/logs/notify.log"));
    let [first, second] = &config.webhooks[..] else {
        panic!("{:?}", config.webhooks)
    };
    assert_eq!((&*first.name, &*second.name), ("hook-1", "ops"));
    assert_eq!(first.events, [Template::NewJob, Template::PeerRequest]);
    assert_eq!(second.events, Template::EVENTS);
    assert_eq!(
        (first.format, second.format),
        (WebhookFormat::Json, WebhookFormat::Ntfy)
    );
    assert!(config.unknown_keys.is_empty());
}

#[test]
fn the_port_goes_with_the_encryption() {
    #[track_caller]
    fn check(text: &str, port: u16) {
        assert_eq!(with(text).smtp.unwrap().port, port);
    }
    check("smtp: {host: x.org, encryption: tls}", 465);
    check("smtp: {host: 127.0.0.1, encryption: none}", 25);
    check(
        "smtp: {host: localhost, encryption: none, port: 1025}",
        1025,
    );
    check("smtp: {host: \"[::1]\", encryption: none}", 25);
}

#[test]
fn refuses_what_is_unsafe_or_makes_no_sense() {
    let refused = check_refused;
    refused("mail: smtp", "mail", "section `smtp`");
    refused("mail: local", "mail", "local:DIR");
    refused("mail: gmial", "mail", "is it `gmail`?");
    refused("smtp: {}", "smtp.host", "missing");
    for host in [
        "smtp://x.org",
        "x.org:25",
        "\"a b\"",
        "\"x\\ny\"",
        "a@b",
        "x/y",
    ] {
        refused(
            &format!("smtp: {{host: {host}}}"),
            "smtp.host",
            "name of a server",
        );
    }
    refused(
        "smtp: {host: x.org, encryption: none}",
        "smtp.encryption",
        "this machine",
    );
    refused(
        "smtp: {host: x.org, encryption: ssl}",
        "smtp.encryption",
        "starttls, tls, none",
    );
    refused("smtp: {host: x.org, port: 0}", "smtp.port", "0");
    refused(
        "smtp: {host: x.org, username: me}",
        "smtp.username",
        "`password_file`",
    );
    refused(
        "smtp: {host: x.org, password_file: f}",
        "smtp.password_file",
        "`username`",
    );
    refused("smtp: {host: x.org, from: me}", "smtp.from", "@");
    refused("digest: 0", "digest", "a day");
    refused("digest: 86401", "digest", "a day");
    refused("heartbeat: 59", "heartbeat", "a minute");
    refused("heartbeat: .inf", "heartbeat", "30 days");
    refused("quiet_hours: all night", "quiet_hours", "22:00-07:00");
    refused(
        "time_zone: Europe/Berln",
        "time_zone",
        "is it `Europe/Berlin`?",
    );
    refused("http: 0.0.0.0:9461", "http", "this machine alone");
    refused("http: \"[::]:9461\"", "http", "this machine alone");
    refused("http: 192.168.1.5:80", "http", "this machine alone");
    refused("http: \"9461\"", "http", "127.0.0.1:9461");
    refused("log: {level: inof}", "log.level", "is it `info`?");
    refused("log: {format: xml}", "log.format", "text, json");
    refused("log: {path: ~bob/x}", "log.path", "~name");
    let hook = |keys: &str, key: &str, part: &str| {
        check_refused(&format!("webhooks: [{{{keys}}}]"), key, part);
    };
    hook("name: a", "webhooks.url", "missing");
    hook("url: \"http://x.org\"", "webhooks.url", "https");
    hook("url: \"file:///etc/passwd\"", "webhooks.url", "https");
    hook("url: \"http://127.0.0.1.x.org\"", "webhooks.url", "https");
    hook("url: \"https://me:pw@x.org\"", "webhooks.url", "password");
    hook(
        "url: \"https://x.org\", name: a b",
        "webhooks.name",
        "letters",
    );
    hook(
        "url: \"https://x.org\", name: mail",
        "webhooks.name",
        "mail",
    );
    hook(
        "url: \"https://x.org\", format: xml",
        "webhooks.format",
        "slack",
    );
    hook(
        "url: \"https://x.org\", events: []",
        "webhooks.events",
        "leave it out",
    );
    hook(
        "url: \"https://x.org\", events: [new_jobs]",
        "webhooks.events",
        "is it `new_job`?",
    );
    let two = "webhooks: [{url: \"https://x.org\", name: a}, {url: \"https://y.org\", name: a}]";
    refused(two, "webhooks.name", "two are called a");
}

#[test]
fn secrets_are_neither_taken_nor_shown() {
    let secrets = [
        (
            "smtp: {host: x.org, password: s3cret}",
            "smtp.password",
            "`password_file`",
        ),
        (
            "smtp: {host: x.org, password: [s3cret]}",
            "smtp.password",
            "`password_file`",
        ),
        (
            "webhooks: [{url: \"https://x.org/s3cret\", secret: s3cret}]",
            "webhooks.secret",
            "`secret_file`",
        ),
        ("smtp: s3cret", "smtp", "keys with their values"),
        ("webhooks: \"https://x.org/s3cret\"", "webhooks", "a list"),
        (
            "webhooks: [\"https://x.org/s3cret\"]",
            "webhooks[0]",
            "keys with their values",
        ),
        (
            "webhooks: [{url: \"http://x.org/s3cret\"}]",
            "webhooks.url",
            "https",
        ),
        (
            "webhooks: [{url: \"https://s3cret:x\"}]",
            "webhooks.url",
            "port",
        ),
    ];
    for (text, key, part) in secrets {
        let message = parse(&format!("{BOX}{text}\n")).unwrap_err().to_string();
        assert!(message.contains(key) && message.contains(part), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }
    let config = with("webhooks: [{url: \"https://x.org/s3cret?s3cret\"}]");
    let shown = format!("{config:?}");
    assert!(
        shown.contains("https://x.org") && !shown.contains("s3cret"),
        "{shown}"
    );
}

#[test]
fn suggests_keys_of_sections() {
    #[track_caller]
    fn check(text: &str, said: &str) {
        let keys = with(text).unknown_keys;
        assert_eq!(
            keys.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [said]
        );
    }
    check(
        "smtp: {host: x.org, user_name: me}",
        "the key `smtp.user_name` means nothing here; is it `username`?",
    );
    check(
        "webhooks: [{url: \"https://x.org\", event: [new_job]}]",
        "the key `webhooks.0.event` means nothing here; is it `events`?",
    );
    check(
        "log: {levle: info}",
        "the key `log.levle` means nothing here; is it `level`?",
    );
    check(
        "quiet_hour: 1",
        "the key `quiet_hour` means nothing here; is it `quiet_hours`?",
    );
}

#[test]
fn every_key_is_read() {
    let all = KEYS
        .iter()
        .map(|(key, _)| format!("{key}: null\n"))
        .collect::<String>();
    let text = all
        .replace("do_email: null", "do_email: a@b.c")
        .replace("syftbox_root: null", "syftbox_root: /x");
    assert!(parse(&text).unwrap().unknown_keys.is_empty());
    for (section, keys) in SECTIONS {
        for (key, _) in *keys {
            let value = match *section {
                "webhooks" => format!(
                    "[{{url: \"https://x.org\", {}}}]",
                    if *key == "url" {
                        "name: a".to_owned()
                    } else {
                        format!("{key}: null")
                    }
                ),
                "smtp" if *key != "host" => format!("{{host: x.org, {key}: null}}"),
                "smtp" => "{host: x.org}".to_owned(),
                _ => format!("{{{key}: null}}"),
            };
            let config = with(&format!("{section}: {value}"));
            assert!(config.unknown_keys.is_empty(), "{section}.{key}");
        }
    }
}
