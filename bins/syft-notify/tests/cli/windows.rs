//! Terminals that are watched, interrupted and closed.

use syft_emulator::{Effect, Fault};

use crate::{
    background::{is_alive, pid, signal},
    desk::{Desk, Google, until},
    terminal::{CTRL_C, Terminal},
};

/// What tmux tells the program of a window, and screen.
const WINDOWS: [(&str, &str); 2] = [
    ("TMUX", "/tmp/tmux-0/default,1,0"),
    ("STY", "1.syft-notify"),
];

#[test]
fn a_window_of_its_own_shows_the_log() {
    for window in WINDOWS {
        let desk = Desk::local();
        let line = "exec \"$SYFT_NOTIFY\" start --interval 1";
        let mut terminal = Terminal::run(&desk, line, &[window]);
        terminal.shows("✅ started (PID ");
        terminal.shows("This window follows the log");
        terminal.shows(" - syft-notify - INFO - first look");
        terminal.types(CTRL_C);
        assert_eq!(terminal.end().code, Some(0));
        let id = pid(&desk);
        let again = Terminal::run(&desk, line, &[window]);
        again.shows("running already");
        again.shows(" - syft-notify - INFO - first look");
        again.close();
        assert_eq!(pid(&desk), id);
    }
}

/// A shell that stays is where a person goes on to type.
#[test]
fn a_shell_in_a_window_gets_its_prompt_back() {
    let desk = Desk::local();
    let line = "\"$SYFT_NOTIFY\" start; echo code $?";
    let terminal = Terminal::run(&desk, &format!("bash --norc -ic '{line}'"), &WINDOWS[..0]);
    terminal.shows("code 0");
    let desk = Desk::local();
    desk.write("lines", &format!("{line}\n"));
    let terminal = Terminal::run(&desk, "exec bash --norc -i", &WINDOWS[..1]);
    let mut terminal = terminal;
    terminal.types(&format!("{line}\r"));
    terminal.shows("code 0");
}

#[test]
fn a_start_that_fails_keeps_its_window() {
    let desk = Desk::new();
    let line = "exec \"$SYFT_NOTIFY\" start";
    let mut terminal = Terminal::run(&desk, line, &WINDOWS[..1]);
    terminal.shows("run `syft-notify init`");
    terminal.answer("Press Ctrl+C to close this window.", CTRL_C);
    assert_eq!(terminal.end().code, Some(1));
}

#[test]
fn a_window_ends_when_it_is_stopped_elsewhere() {
    let desk = Desk::local();
    let line = "exec \"$SYFT_NOTIFY\" start";
    let terminal = Terminal::run(&desk, line, &WINDOWS[..1]);
    terminal.shows("This window follows the log");
    desk.run(&["stop"]).succeeds();
    terminal.shows("syft-notify has stopped.");
    assert_eq!(terminal.end().code, Some(0));
}

#[test]
fn ctrl_c_while_it_starts_stops_nothing() {
    let google = Google::start();
    let desk = Desk::google(&google);
    google
        .emulator
        .inject(Fault::new(Effect::Latency { millis: 8_000 }).api("drive.about.get"));
    let mut terminal = Terminal::open(&desk, "start");
    terminal.shows("waiting until it is ready: ");
    terminal.types(CTRL_C);
    terminal.end().fails(
        1,
        &[
            "interrupted; syft-notify goes on starting in the background",
            "`syft-notify stop` ends it",
        ],
    );
    assert!(is_alive(pid(&desk)));
    google.emulator.clear_faults();
}

#[test]
fn a_closed_terminal_ends_a_foreground_run_well() {
    let desk = Desk::local();
    let terminal = Terminal::open(&desk, "run --interval 1 --log-file");
    terminal.shows("Press Ctrl+C to stop.");
    let id = pid(&desk);
    terminal.close();
    until(|| !is_alive(id), || crate::background::log(&desk));
    let log = crate::background::log(&desk);
    assert!(log.contains("the terminal was closed"), "{log}");
    assert!(log.trim_end().ends_with(" - INFO - stopped"), "{log}");
}

#[test]
fn nohup_is_respected() {
    let desk = Desk::local();
    let line = "nohup \"$SYFT_NOTIFY\" run --interval 1 --log-file > nohup.out 2>&1";
    let terminal = Terminal::run(&desk, line, &[]);
    crate::background::until_logged(&desk, "watching for ");
    let id = pid(&desk);
    terminal.close();
    desk.run(&["reload"]).succeeds();
    signal("HUP", id);
    desk.run(&["reload"]).succeeds();
    assert_eq!(pid(&desk), id);
    desk.run(&["stop"]).succeeds();
}
