//! The example `rpc` at a terminal.

use std::{
    fs,
    io::Write as _,
    process::{Output, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::desk::{ALICE, BOB, Desk, Program, run, wait};

const DAY: Duration = Duration::from_secs(86_400);

fn serve(desk: &Desk) -> (Program, String) {
    let mut program = desk.start("rpc", ALICE, &["serve", "--json"]);
    let hello: Value = serde_json::from_str(&program.line()).unwrap();
    let url = hello["serving"].as_str().unwrap().to_owned();
    assert_eq!(url, "syft://alice@example.com/app_data/echo/rpc/echo");
    (program, url)
}

/// Runs a command that ends with a code, and returns what it prints on both streams.
#[track_caller]
fn check(desk: &Desk, line: &[&str], code: i32) -> (String, String) {
    let output: Output = desk.command("rpc", BOB, line).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, errors) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{line:?}: {errors}");
    (out, errors)
}

#[test]
fn the_echo_answers_bodies_of_every_kind() {
    let desk = Desk::new();
    let (mut server, url) = serve(&desk);
    let (out, _) = check(&desk, &["call", &url, "--body", r#"{"a": 1}"#], 0);
    assert_eq!(out, "{\"a\": 1}\n");
    let (out, _) = check(&desk, &["call", &url, "--text", "{no JSON"], 0);
    assert_eq!(out, "{no JSON\n");
    let (out, _) = check(&desk, &["call", &url], 0);
    assert_eq!(out, "");

    let (out, _) = check(&desk, &["--json", "call", &url, "--body", "[1]"], 0);
    let reply: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&reply["status"], &reply["body"]),
        (&json!(200), &json!([1]))
    );
    assert_eq!(reply["headers"], json!({"X-Sender": BOB}));

    let bytes = [0, 255, 10, 13, 128];
    let mut command = desk.command("rpc", BOB, &["call", &url, "--file", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stdout),
        (Some(0), bytes.to_vec())
    );

    let methods: Vec<Value> = (0..5)
        .map(|_| serde_json::from_str::<Value>(&server.line()).unwrap()["method"].take())
        .collect();
    assert_eq!(methods, ["POST", "POST", "GET", "POST", "POST"]);
    server.stop();
}

#[test]
fn people_see_who_serves_what() {
    let desk = Desk::new();
    let (out, errors) = check(&desk, &["list", "echo"], 0);
    assert_eq!(
        (out.as_str(), errors.as_str()),
        ("", "nobody is known here to run \"echo\"\n")
    );
    let (_, errors) = check(&desk, &["schema", "echo", "--datasite", ALICE], 1);
    assert!(
        errors.contains("no schema of \"echo\" by alice@example.com is here"),
        "{errors}"
    );

    let (server, _) = serve(&desk);
    let (out, _) = check(&desk, &["list", "echo"], 0);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("alice@example.com  since 20"), "{out}");
    assert_eq!(lines[1], "  /echo() → any");
    assert_eq!(
        lines[2],
        "      Sends back the body and says who has sent it."
    );
    let (out, _) = check(&desk, &["schema", "echo", "--datasite", ALICE], 0);
    let schema: Value = serde_json::from_str(&out).unwrap();
    let place = desk
        .datasites()
        .join(ALICE)
        .join("app_data/echo/rpc/rpc.schema.json");
    let published: Value = serde_json::from_slice(&fs::read(place).unwrap()).unwrap();
    assert_eq!(schema, published);
    let (out, _) = check(&desk, &["list", "echo", "--json"], 0);
    let live: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&live["datasite"], &live["endpoints"]),
        (&json!(ALICE), &published)
    );

    // A peer's schema is a peer's text.
    let theirs = desk.datasites().join("eve@example.org/app_data/echo/rpc");
    fs::create_dir_all(&theirs).unwrap();
    let schema = r#"{"/x": {"description": "\u001b[2J", "args": {"\u001b]0;": {"type": "str", "required": true}}}}"#;
    fs::write(theirs.join("rpc.schema.json"), schema).unwrap();
    let (out, _) = check(&desk, &["list", "echo"], 0);
    assert!(
        out.contains("eve@example.org") && !out.contains('\u{1b}'),
        "{out}"
    );
    fs::write(theirs.join("rpc.schema.json"), "[]").unwrap();
    let (_, errors) = check(&desk, &["list", "echo"], 0);
    assert!(
        errors.starts_with("warning: a schema is left out: \"eve@"),
        "{errors}"
    );
    server.stop();
}

#[test]
fn every_outcome_has_its_code() {
    let desk = Desk::new();
    let (server, url) = serve(&desk);
    let unknown = url.replace("rpc/echo", "rpc/other");
    let (out, errors) = check(&desk, &["call", &unknown], 3);
    assert_eq!(out, "There is no such endpoint.\n");
    assert_eq!(errors, "error: the answer is 404\n");
    let nobody = url.replace("app_data/echo", "app_data/nobody");
    let (_, errors) = check(&desk, &["call", &nobody, "--timeout", "1s"], 4);
    assert!(
        errors.contains("expired before anybody answered"),
        "{errors}"
    );
    let hint =
        "next: no schema of \"nobody\" by alice@example.com is here: `rpc list nobody` tells";
    assert!(errors.contains(hint), "{errors}");
    let leftovers = desk
        .datasites()
        .join(ALICE)
        .join("app_data/nobody/rpc/echo")
        .join(BOB);
    assert_eq!(fs::read_dir(leftovers).unwrap().count(), 0);

    for wrong in [
        &["call", "https://example.org/"][..],
        &["call", &url, "--body", "{no JSON"],
        &["call", &url, "--body", "1", "--text", "1"],
        &["call", &url, "--timeout", "1.5h"],
        &["call", &url, "--method", "BREW"],
        &["cleanup"],
        &["cleanup", "echo", "--older-than", "0d"],
        &["call", &url, "--header", " : x"],
        &["call", &url, "--header", "a\nb: x"],
        &["schema", "echo", "--datasite", "alice"],
    ] {
        check(&desk, wrong, 2);
    }
    let (_, errors) = check(&desk, &["call", "syft://alice@example.com/public/x"], 2);
    assert!(errors.contains("next: an endpoint is syft://"), "{errors}");
    for wrong in [
        &["list", "../echo"],
        &["schema", "../echo"],
        &["cleanup", "../echo"],
        &["serve", "--app=../echo"],
    ] {
        let (_, errors) = check(&desk, wrong, 2);
        assert!(errors.contains("cannot be the name of an app"), "{errors}");
    }

    let second = desk.command("rpc", ALICE, &["serve"]).output().unwrap();
    let errors = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("another process answers the requests of \"echo\""),
        "{errors}"
    );
    server.stop();
}

/// Says what a caller can know whose request nobody answers.
#[test]
fn silence_is_explained_by_what_is_here() {
    let desk = Desk::new();
    let place = desk.datasites().join(ALICE).join("app_data/mute/rpc");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("rpc.schema.json"), r#"{"/a": {}, "/.": {}}"#).unwrap();
    for (endpoint, wanted) in [
        ("/a", "next: its schema is here since 20"),
        ("/", "next: its schema is here since 20"),
        (
            "/b",
            "next: its schema has no /b: `rpc schema mute --datasite alice@example.com` tells",
        ),
    ] {
        let url = format!("syft://{ALICE}/app_data/mute/rpc{endpoint}");
        let (_, errors) = check(&desk, &["call", &url, "--timeout", "1s"], 4);
        assert!(errors.contains(wanted), "{endpoint}: {errors}");
    }
    let (_, errors) = check(&desk, &["schema", "mute"], 1);
    assert!(
        errors.contains("next: `--datasite alice@example.com` has one"),
        "{errors}"
    );
}

#[test]
fn nothing_is_written_where_no_client_is() {
    let desk = Desk::new();
    let nowhere = desk.datasites().join("nowhere");
    let config = desk.config("carol@example.com");
    let text = json!({"data_dir": nowhere, "email": "carol@example.com"});
    fs::write(&config, text.to_string()).unwrap();
    let url = "syft://alice@example.com/app_data/app/rpc/x";
    for line in [
        &["call", url][..],
        &["list", "app"],
        &["serve"],
        &["cleanup", "app"],
    ] {
        let output = desk.command("rpc", "carol@example.com", line).output();
        let output = output.unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line:?}: {errors}");
        assert!(errors.contains("there is no SyftBox at"), "{errors}");
        assert!(
            errors.contains("next: start the SyftBox client"),
            "{errors}"
        );
    }
    assert!(!nowhere.exists());
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let desk = Desk::new();
    let place = desk.datasites().join(ALICE).join("app_data/app/rpc");
    fs::create_dir_all(&place).unwrap();
    // More than a pipe holds, so that the end of its reader is noticed.
    let endpoints: serde_json::Map<String, Value> = (0..5_000)
        .map(|number| (format!("/endpoint/{number}"), json!({})))
        .collect();
    let schema = Value::Object(endpoints).to_string();
    fs::write(place.join("rpc.schema.json"), schema).unwrap();
    let mut command = desk.command("rpc", BOB, &["list", "app"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""));
}

#[test]
fn a_config_that_is_not_there_is_said() {
    let output = run("rpc", &["--config", "/nowhere/config.json", "list", "echo"])
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("is the client set up here?"), "{errors}");
    assert!(errors.contains("/nowhere/config.json"), "{errors}");
    assert!(
        errors.contains("next: name the client's config by --config"),
        "{errors}"
    );
}

#[test]
fn a_request_that_the_relay_refuses_has_its_code() {
    let desk = Desk::new();
    let url = "syft://alice@example.com/app_data/app/rpc/x";
    let mut command = desk.command("rpc", BOB, &["call", url]);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let directory = desk
        .datasites()
        .join(ALICE)
        .join("app_data/app/rpc/x")
        .join(BOB);
    let request = || {
        let mut entries = fs::read_dir(&directory).ok()?;
        let path = entries.next()?.unwrap().path();
        (path.extension()? == "request").then_some(path)
    };
    wait("the request is written", || request().is_some());
    // What the Go client does on the caller's machine when the relay refuses a file.
    let request = request().unwrap();
    fs::rename(&request, request.with_extension("rejected.request")).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{errors}");
    assert!(
        errors.contains("the relay has refused the request"),
        "{errors}"
    );
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn a_cleanup_lists_first_and_deletes_then() {
    let desk = Desk::new();
    let old = desk.answered_request("app", "ping", 31 * DAY);
    let young = desk.answered_request("app", "ping", DAY);
    let clean = |line: &[&str]| {
        let line = [&["cleanup", "app"], line].concat();
        desk.finish("rpc", ALICE, &line)
    };
    let listed = clean(&["--dry-run"]);
    assert!(listed.contains(old.to_str().unwrap()), "{listed}");
    assert!(
        listed.contains("\nwould delete 1 requests, 1 responses, "),
        "{listed}"
    );
    assert!(old.exists());
    assert!(clean(&[]).starts_with("deleted 1 requests, 1 responses, "));
    assert!(!old.exists() && young.exists());
    let done: Value = serde_json::from_str(&clean(&["--older-than", "1h", "--json"])).unwrap();
    assert_eq!(
        (&done["requests_deleted"], &done["errors"]),
        (&json!(1), &json!(0))
    );
    assert!(!young.exists());

    let (_, errors) = check(&desk, &["cleanup", "app"], 1);
    assert!(
        errors.contains("there are no endpoints of \"app\" here"),
        "{errors}"
    );
}
