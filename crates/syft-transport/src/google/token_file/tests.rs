use std::{io::Write as _, os::unix::fs::PermissionsExt as _};

use serde_json::json;

use super::*;

/// As google-auth 2.41 writes it, with a key that we do not know.
const SAMPLE: &str = r#"{"token":"ya29.old","refresh_token":"1//old","token_uri":"https://evil.example/token","client_id":"id","client_secret":"secret","scopes":["https://www.googleapis.com/auth/drive"],"universe_domain":"googleapis.com","rapt_token":"r","account":"","expiry":"2025-12-10T15:16:48.123456Z"}"#;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn fresh() -> Fresh {
    Fresh {
        access_token: "ya29.new".into(),
        expiry: "2026-11-21T10:26:53Z".parse().unwrap(),
        refresh_token: None,
    }
}

#[test]
fn a_file_of_python_is_read() {
    let stored = read(file(SAMPLE).path()).unwrap();
    assert_eq!(stored.client_id, "id");
    assert_eq!(stored.refresh_token.expose_secret(), "1//old");
    assert_eq!(stored.access_token.unwrap().expose_secret(), "ya29.old");
    assert_eq!(stored.expiry, Some("2025-12-10T15:16:48Z".parse().unwrap()));
    assert_eq!(stored.scopes, ["https://www.googleapis.com/auth/drive"]);
}

#[track_caller]
fn check_expiry(text: &str, expected: Option<&str>) {
    assert_eq!(
        parse_expiry(text),
        expected.map(|time| time.parse().unwrap()),
        "{text}"
    );
}

#[test]
fn expiries_are_utc_without_an_offset() {
    check_expiry("2025-12-10T15:16:48.123456Z", Some("2025-12-10T15:16:48Z"));
    check_expiry("2025-12-10T15:16:48Z", Some("2025-12-10T15:16:48Z"));
    check_expiry("2025-12-10T15:16:48.5", Some("2025-12-10T15:16:48Z"));
    check_expiry("2025-12-10T15:16:48", Some("2025-12-10T15:16:48Z"));
    check_expiry("2025-12-10T15:16:48+00:00", None);
    check_expiry("tomorrow", None);
}

#[test]
fn scopes_may_be_one_text() {
    let text = SAMPLE.replace(r#"["https://www.googleapis.com/auth/drive"]"#, r#""a b""#);
    assert_eq!(read(file(&text).path()).unwrap().scopes, ["a", "b"]);
    let text = SAMPLE.replace(r#"["https://www.googleapis.com/auth/drive"]"#, "null");
    assert_eq!(
        read(file(&text).path()).unwrap().scopes,
        Vec::<String>::new()
    );
}

#[test]
fn an_update_changes_the_token_and_its_expiry_and_nothing_else() {
    let file = file(SAMPLE);
    update(file.path(), &fresh()).unwrap();
    let expected = SAMPLE
        .replace("ya29.old", "ya29.new")
        .replace("2025-12-10T15:16:48.123456Z", "2026-11-21T10:26:53.000000Z");
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), expected);
    let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_new_refresh_token_replaces_the_old_one() {
    let file = file(SAMPLE);
    let refresh_token = Some("1//new".into());
    update(
        file.path(),
        &Fresh {
            refresh_token,
            ..fresh()
        },
    )
    .unwrap();
    assert_eq!(
        read(file.path()).unwrap().refresh_token.expose_secret(),
        "1//new"
    );
}

#[test]
fn a_link_leads_to_the_file_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (
        folder.path().join("real.json"),
        folder.path().join("token.json"),
    );
    std::fs::File::create(&real)
        .unwrap()
        .write_all(SAMPLE.as_bytes())
        .unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    update(&link, &fresh()).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(
        read(&real).unwrap().access_token.unwrap().expose_secret(),
        "ya29.new"
    );
}

#[test]
fn a_new_file_has_the_form_of_google_auth() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.json");
    let stored = Stored {
        expiry: Some("2026-11-21T10:26:53.5Z".parse().unwrap()),
        ..read(file(SAMPLE).path()).unwrap()
    };
    create(&path, &stored, "https://oauth2.googleapis.com/token").unwrap();
    let written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let expected = json!({
        "token": "ya29.old",
        "refresh_token": "1//old",
        "token_uri": "https://oauth2.googleapis.com/token",
        "client_id": "id",
        "client_secret": "secret",
        "scopes": ["https://www.googleapis.com/auth/drive"],
        "universe_domain": "googleapis.com",
        "account": "",
        "expiry": "2026-11-21T10:26:53.500000Z",
    });
    assert_eq!(written.to_string(), expected.to_string());
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[track_caller]
fn check_bad(text: &str, expected: &str) {
    let error = read(file(text).path()).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    assert!(error.contains("syft-notify init"), "{error}");
    for secret in ["ya29", "1//", "secret\""] {
        assert!(!error.contains(secret), "{error}");
    }
}

#[test]
fn a_broken_file_is_named_and_nothing_of_it_is_told() {
    check_bad("", "no JSON (line 1");
    check_bad(&SAMPLE[..60], "no JSON (line 1");
    check_bad("[]", "no JSON object");
    check_bad(&SAMPLE.replace("refresh_token", "x"), "no refresh_token");
    check_bad(&SAMPLE.replace(r#""1//old""#, "null"), "no refresh_token");
    check_bad(&SAMPLE.replace("client_secret", "x"), "no client_secret");
}

#[test]
fn a_missing_file_says_what_to_do() {
    let error = read(Path::new("/nowhere/token.json")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/nowhere/token.json is not authorised: there is no such token file: run `syft-notify init`"
    );
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?} {:?}", read(file(SAMPLE).path()).unwrap(), fresh());
    for secret in ["ya29", "1//", "\"secret\""] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
