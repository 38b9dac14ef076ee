//! What the book says of RPC is what the library does; its Rust is compiled by the package's
//! documentation tests.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::{collections::BTreeSet, process::Command};

use syft_rpc_events::{
    Endpoint, Router, ServerOptions, Status,
    message::{Request, Response},
};
use syft_state::Timestamp;
use uuid::Uuid;

const RPC: &str = include_str!("../../docs/src/rpc.md");
const WIRE: &str = include_str!("../../docs/src/wire-formats.md");

/// Returns the blocks of code of a kind.
fn blocks<'a>(page: &'a str, kind: &str) -> Vec<&'a str> {
    let blocks = page.split("```").skip(1).step_by(2);
    let blocks = blocks.filter_map(|block| block.split_once('\n'));
    blocks
        .filter(|(name, _)| *name == kind)
        .map(|(_, text)| text.trim_end())
        .collect()
}

/// Returns the text below a heading, up to the next one.
fn section<'a>(page: &'a str, title: &str) -> &'a str {
    let (_, text) = page.split_once(&format!("# {title}\n")).unwrap();
    text.split("\n#").next().unwrap()
}

/// Returns the cells of the rows of a section's tables.
fn rows(section: &str) -> Vec<Vec<String>> {
    let rows = section.lines().filter(|line| line.starts_with("| "));
    rows.map(|row| {
        let cells = row.trim_matches('|').split(" | ");
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    })
    .collect()
}

#[test]
fn the_messages_of_the_book_are_messages() {
    let messages = blocks(WIRE, "json");
    let [request, response] = messages[..] else {
        panic!("{messages:?}")
    };
    let read = Request::parse(request.as_bytes(), Uuid::nil(), Timestamp::EPOCH).unwrap();
    assert_eq!(String::from_utf8(read.encode()).unwrap(), request);
    let answer = Response::parse(response.as_bytes(), Uuid::nil(), Timestamp::EPOCH).unwrap();
    assert_eq!(String::from_utf8(answer.encode()).unwrap(), response);
    assert_eq!(
        (answer.id, answer.url, answer.expires),
        (read.id, read.url, read.expires)
    );
}

#[test]
fn the_status_codes_of_the_book_can_be_expressed_and_no_others() {
    let (_, list) = section(WIRE, "Status codes")
        .split_once("419 and 499: ")
        .unwrap();
    let list = list.split(".\n").next().unwrap().replace("and", ",");
    let mut told = BTreeSet::new();
    for item in list
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
    {
        let (first, last) = item.split_once('–').unwrap_or((item, item));
        told.extend(first.parse::<u16>().unwrap()..=last.parse().unwrap());
    }
    let known: BTreeSet<u16> = (0..=999)
        .filter(|code| Status::new(*code).is_some())
        .collect();
    assert_eq!(told, known);
}

#[test]
fn the_limits_of_the_book_are_the_defaults() {
    let rows = rows(section(RPC, "Limits"));
    let limit = |name: &str| {
        let row = rows
            .iter()
            .find(|row| row[0] == name || row[1].contains(name));
        row.unwrap_or_else(|| panic!("{name}"))[1].replace(',', "")
    };
    let options = ServerOptions::default();
    let mib = |bytes: u64| format!("{} MiB (", bytes / 1024 / 1024);
    assert!(limit("Endpoint::max_body").starts_with(&mib(Endpoint::MAX_BODY as u64)));
    assert!(limit("max_file").starts_with(&mib(options.max_file)));
    assert!(limit("handlers at once").starts_with(&format!("{} ", options.concurrency)));
    assert!(limit("waiting_per_sender").starts_with(&format!("{} ", options.waiting_per_sender)));
    assert!(limit("(waiting)").starts_with(&format!("{} ", options.waiting)));
    let minutes = Endpoint::TIMEOUT.as_secs() / 60;
    assert!(limit("Endpoint::timeout").starts_with(&format!("{minutes} minutes ")));
}

#[test]
fn names_that_the_book_calls_refused_are() {
    let (_, told) = RPC.split_once("These names are refused").unwrap();
    let told = told.split("`allow_unsynced_names`").next().unwrap();
    let names: Vec<&str> = told.split('`').skip(1).step_by(2).collect();
    assert!(names.len() > 6, "{names:?}");
    for name in names {
        // Endings stand for names that have them.
        let stem = if [".log", ".tmp"].contains(&name) {
            "x"
        } else {
            ""
        };
        let path = format!("/v1/{stem}{name}/y");
        let router = Router::new().on_request(&path, || ());
        assert!(router.clone().build().is_err(), "{path}");
        assert!(router.allow_unsynced_names().build().is_ok(), "{path}");
    }
}

fn help(command: &[&str]) -> String {
    let tests = std::env::current_exe().unwrap();
    let program = tests.ancestors().nth(2).unwrap().join("examples/rpc");
    let output = Command::new(program).args(command).arg("--help").output();
    let output = output.unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the words that begin with two dashes.
fn options(text: &str) -> BTreeSet<String> {
    let is_end = |c: char| !(c.is_ascii_lowercase() || c == '-');
    let words = text.split(is_end).filter(|word| word.starts_with("--"));
    let options = words.filter(|word| !word.starts_with("---") && *word != "--help");
    options.map(str::to_owned).collect()
}

#[test]
fn the_book_names_every_command_and_option_of_rpc() {
    let page = section(RPC, "At a terminal");
    let mut known = options(&help(&[]));
    for command in ["serve", "call", "list", "schema", "cleanup"] {
        assert!(page.contains(&format!("`rpc {command} ")), "{command}");
        known.extend(options(&help(&[command])));
    }
    known.remove("--version");
    assert_eq!(options(page), known);
}

#[test]
fn the_book_names_the_exit_codes_of_rpc() {
    let help = help(&[]).split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, codes) = help.split_once("Exit codes: ").unwrap();
    let codes = codes.trim_end_matches('.').split(", ");
    let told = rows(section(RPC, "At a terminal"));
    let mut checked = 0;
    for code in codes {
        let (code, meaning) = code.split_once(' ').unwrap();
        let row = told.iter().find(|row| row[0] == code);
        let row = row.unwrap_or_else(|| panic!("{code}"));
        assert!(row[1].starts_with(meaning), "{code}: {meaning}");
        checked += 1;
    }
    assert_eq!(checked, 6);
}
