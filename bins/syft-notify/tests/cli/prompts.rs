//! Questions at a terminal: what is asked, and what Ctrl+C leaves behind (nothing).

use syft_emulator::scopes;

use crate::{
    desk::{Desk, Google, OTHER, OWNER},
    terminal::{CTRL_C, Terminal},
};

const EMAIL: &str = "Your e-mail address";
const ROOT: &str = "SyftBox directory";
const JSON: &str = "Path of the downloaded JSON";

#[test]
fn ctrl_c_at_each_question_of_a_fresh_set_up() {
    let answers = [
        (EMAIL, "do@example.org\r"),
        (ROOT, "\r"),
        (JSON, "nowhere\r"),
    ];
    for stop in 0..answers.len() {
        let desk = Desk::new();
        let mut terminal = Terminal::open(&desk, "init --google-endpoint http://127.0.0.1:1");
        for (question, keys) in &answers[..stop] {
            terminal.answer(question, keys);
        }
        terminal.answer(answers[stop].0, CTRL_C);
        terminal
            .end()
            .fails(1, &["interrupted; nothing was changed"]);
        assert_eq!(desk.home_files(), [], "{stop}");
    }
}

#[test]
fn ctrl_c_while_the_browser_is_waited_for() {
    let (google, desk) = (Google::start(), Desk::new());
    desk.put_credentials(&google);
    for way in ["--no-browser", "--paste"] {
        let line = format!(
            "init --email {OWNER} --google-endpoint {} {way}",
            google.url()
        );
        let mut terminal = Terminal::open(&desk, &line);
        terminal.answer(ROOT, "\r");
        terminal.answer(google.url(), CTRL_C);
        terminal
            .end()
            .fails(1, &["interrupted; nothing was changed"]);
        assert_eq!(desk.home_files(), [], "{way}");
    }
}

#[test]
fn a_mistyped_address_is_asked_for_again() {
    let desk = Desk::new();
    let mut terminal = Terminal::open(&desk, "init --local hub");
    terminal.answer(EMAIL, "nobody\r");
    terminal.shows("is not an e-mail address");
    terminal.answer(EMAIL, "do@example.org\r");
    terminal.answer(ROOT, "\r");
    terminal.end().succeeds();
    assert!(desk.config_text().contains("do_email: do@example.org"));
}

#[test]
fn an_existing_config_is_asked_about() {
    let desk = Desk::local();
    let before = desk.home_files();
    for (keys, says) in [
        ("n", "nothing was changed"),
        (CTRL_C, "nothing was changed"),
        ("\r", "nothing was changed"),
    ] {
        let mut terminal = Terminal::open(&desk, "init --interval 99");
        terminal.answer("Set it up anew?", keys);
        terminal.end().fails(1, &[says]);
        assert_eq!(desk.home_files(), before);
    }
    let mut terminal = Terminal::open(&desk, "init --interval 99");
    terminal.answer("Set it up anew?", "y");
    terminal.end().succeeds();
    assert!(desk.config_text().contains("interval: 99"));
}

#[test]
fn a_token_of_somebody_else_is_asked_about() {
    let (google, desk) = (Google::start(), Desk::new());
    let token = "home/.syft-creds/token_do.json";
    desk.put_token(&google, token, OTHER, &[scopes::DRIVE]);
    let before = desk.home_files();
    for keys in ["n", CTRL_C] {
        let line = format!("init --email {OWNER} --google-endpoint {}", google.url());
        let mut terminal = Terminal::open(&desk, &line);
        terminal.answer(ROOT, "\r");
        terminal.answer("Log in and replace the Google Drive token?", keys);
        terminal.end().fails(1, &["nothing was changed"]);
        assert_eq!(desk.home_files(), before);
    }
}

#[test]
fn forgetting_is_asked_about() {
    let desk = Desk::local();
    let state = "{\"notified_jobs\": {\"my job\": [\"new\"]}}";
    desk.write("home/.syft-creds/notification_state.json", state);
    let before = desk.home_files();
    for keys in ["n", CTRL_C] {
        let mut terminal = Terminal::open(&desk, "state reset --jobs");
        terminal.answer("Forget 1 entry?", keys);
        terminal.end().fails(1, &["nothing was changed"]);
        assert_eq!(desk.home_files(), before);
    }
    let mut terminal = Terminal::open(&desk, "state reset --jobs");
    terminal.answer("Forget 1 entry?", "y");
    terminal.end().succeeds().says("forgot 1 entry");
}

/// A code that is none is asked for again, and the right one still works.
#[test]
fn three_attempts_to_paste() {
    let (google, desk) = (Google::start(), Desk::new());
    desk.put_credentials(&google);
    let line = format!(
        "init --email {OWNER} --google-endpoint {} --paste",
        google.url()
    );
    let mut terminal = Terminal::open(&desk, &line);
    terminal.answer(ROOT, "\r");
    terminal.answer(
        "Paste that address",
        "http://localhost:1/?state=other&code=x\r",
    );
    terminal.shows("it belongs to another attempt");
    terminal.answer("Paste that address", "rubbish\r");
    terminal.shows("the code was rejected");
    terminal.answer("Paste that address", "more rubbish\r");
    terminal.end().fails(4, &["nothing was changed"]);
    assert_eq!(desk.home_files(), []);
}
