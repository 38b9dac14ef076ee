//! `run` under somebody who looks after it, and for those who ask by HTTP.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixDatagram,
    time::Duration,
};

use syft_emulator::{Effect, Fault};

use crate::{
    background::{is_alive, log, pid, signal, until_logged, worker},
    desk::{Desk, Google, Running, until},
};

/// A service manager's end of the notification socket.
struct Manager(UnixDatagram);

impl Manager {
    fn at(desk: &Desk) -> Self {
        let socket = UnixDatagram::bind(desk.path("notify")).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        Self(socket)
    }

    fn run(desk: &Desk, watchdog: Option<u64>) -> Running {
        let mut command = desk.command(&["run", "--interval", "1"]);
        command.env("NOTIFY_SOCKET", desk.path("notify"));
        if let Some(usec) = watchdog {
            command.env("WATCHDOG_USEC", usec.to_string());
        }
        desk.begin(command, "run")
    }

    /// Waits until all of this was told, in this order.
    #[track_caller]
    fn hears(&self, parts: &[&str]) {
        let mut told = Vec::new();
        for part in parts {
            loop {
                let mut bytes = [0; 4096];
                let length = self.0.recv(&mut bytes);
                let length =
                    length.unwrap_or_else(|error| panic!("no {part:?} in {told:#?}: {error}"));
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                let is_it = text.contains(part);
                told.push(text);
                if is_it {
                    break;
                }
            }
        }
    }
}

/// T25: systemd knows by itself when it is ready, when it reloads and when it stops.
#[test]
fn t25_a_service_manager_hears_how_it_goes() {
    let desk = Desk::local();
    let manager = Manager::at(&desk);
    let running = Manager::run(&desk, None);
    manager.hears(&["STATUS=watching for do@example.org\nREADY=1\n"]);
    signal("HUP", running.id());
    manager.hears(&["RELOADING=1\nMONOTONIC_USEC=", "READY=1"]);
    desk.write_config("do_email: 3\n");
    signal("HUP", running.id());
    manager.hears(&[
        "RELOADING=1",
        "STATUS=the config of before stays in force: ",
    ]);
    assert_eq!(running.signal("TERM").0, Some(0));
    manager.hears(&["STOPPING=1"]);
}

#[test]
fn the_watchdog_is_told_of_progress() {
    let desk = Desk::local();
    let manager = Manager::at(&desk);
    let running = Manager::run(&desk, Some(200_000));
    manager.hears(&["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
    assert_eq!(running.signal("TERM").0, Some(0));
}

/// `systemctl status` shows the last of these.
#[test]
fn trouble_is_told_when_it_comes_and_when_it_goes() {
    let google = Google::start();
    let desk = Desk::google(&google);
    let manager = Manager::at(&desk);
    let running = Manager::run(&desk, None);
    manager.hears(&["STATUS=watching for "]);
    for api in ["drive.changes.*", "drive.files.list"] {
        google.emulator.inject(Fault::new(Effect::Garbage).api(api));
    }
    manager.hears(&["STATUS=Drive could not be looked at: "]);
    google.emulator.clear_faults();
    manager.hears(&["STATUS=watching for "]);
    assert_eq!(running.signal("TERM").0, Some(0));
}

#[test]
fn a_failure_is_told_with_its_reason() {
    let desk = Desk::local();
    desk.write("home/.syft-creds/notification_state.json", "{");
    let manager = Manager::at(&desk);
    let running = Manager::run(&desk, None);
    assert_eq!(running.wait(), Some(1));
    manager.hears(&["notification_state.json is damaged"]);
}

#[test]
fn a_worker_is_not_for_people() {
    let desk = Desk::local();
    desk.run(&["run", "--supervised"]).fails(
        1,
        &["--supervised is for the worker of `syft-notify start`"],
    );
}

/// Returns the answer to a request, with its head.
fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Returns an address that is free now.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn set_http(desk: &Desk, address: &str) {
    let config = desk.config_text();
    let others: Vec<&str> = config
        .lines()
        .filter(|line| !line.starts_with("http:"))
        .collect();
    desk.write_config(&format!("{}\nhttp: {address}\n", others.join("\n")));
}

#[test]
fn the_health_page_of_a_daemon() {
    let desk = Desk::local();
    let (first, second) = (free_address(), free_address());
    set_http(&desk, &first);
    desk.run(&["start", "--interval", "1"]).succeeds();
    until_logged(&desk, "health and metrics at ");
    until_logged(&desk, "first look");
    for path in ["/health", "/ready"] {
        let answer = get(&first, path).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    until(
        || {
            let metrics = get(&first, "/metrics").unwrap();
            metrics.contains("syft_notify_looks_total{outcome=\"complete\"}")
        },
        || get(&first, "/metrics").unwrap(),
    );
    desk.run(&["status"])
        .succeeds()
        .says(&format!("http://{first}/health"));
    set_http(&desk, &second);
    desk.run(&["reload"]).succeeds();
    assert!(get(&second, "/health").unwrap().starts_with("HTTP/1.1 200"));
    until(|| get(&first, "/health").is_none(), || log(&desk));
}

#[test]
fn an_address_that_is_taken() {
    let desk = Desk::local();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    set_http(&desk, &taken);
    desk.run(&["start"])
        .fails(1, &["it did not start: ", &taken]);
    let free = free_address();
    set_http(&desk, &free);
    desk.run(&["start"]).succeeds();
    set_http(&desk, &taken);
    desk.run(&["reload"])
        .fails(1, &[&taken, "the config of before stays in force"]);
    assert!(get(&free, "/health").unwrap().starts_with("HTTP/1.1 200"));
}

/// `log.path` and `log.format` hold for the daemon and for those who ask about it.
#[test]
fn a_log_elsewhere_and_as_json() {
    let desk = Desk::local();
    let config = desk.config_text();
    desk.write_config(&format!(
        "{config}log:\n  path: ../logs/mine.log\n  format: json\n  level: debug\n"
    ));
    desk.run(&["start", "--interval", "1"]).succeeds();
    let path = desk.path("home/logs/mine.log");
    until(
        || fs::read_to_string(&path).unwrap().contains("looked: "),
        || fs::read_to_string(&path).unwrap(),
    );
    for line in fs::read_to_string(&path).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["name"], "syft-notify");
    }
    let status = desk.run(&["status", "--json"]).succeeds().json();
    assert_eq!(status["log"], path.display().to_string());
    assert_eq!(status["recent"].as_array().unwrap().len(), 5);
}

/// A supervisor's log may be the program's own; `run --log-file` writes it itself.
#[test]
fn a_foreground_run_with_a_log_file() {
    let desk = Desk::local();
    let running = desk.start(&["run", "--log-file", "--interval", "1"]);
    until_logged(&desk, "watching for ");
    running.until_it_says("watching for ");
    let status = desk.run(&["status", "--json"]).succeeds().json();
    assert!(!status["recent"].as_array().unwrap().is_empty());
    assert_eq!(running.signal("TERM").0, Some(0));
    let running = desk.start(&["run", "--log-file=mine.log", "--interval", "1"]);
    until(
        || {
            let text = fs::read_to_string(desk.path("mine.log"));
            text.is_ok_and(|text| text.contains("watching for "))
        },
        || running.log(),
    );
    assert_eq!(running.signal("TERM").0, Some(0));
}

/// T23: whatever it says, no line of the log has another form.
#[test]
fn t23_every_line_has_the_documented_form() {
    let desk = Desk::local();
    let config = desk.config_text();
    desk.write_config(&format!("{config}intervall: 3\n"));
    desk.run(&["start", "--interval", "1", "-v"]).succeeds();
    until_logged(&desk, "looked: ");
    signal("KILL", worker(&desk));
    until_logged(&desk, "the worker failed");
    let id = pid(&desk);
    desk.run(&["stop"]).succeeds();
    assert!(!is_alive(id));
    let text = log(&desk);
    assert!(
        text.contains("the key `intervall` means nothing here"),
        "{text}"
    );
    for line in text.lines() {
        let mut parts = line.splitn(4, " - ");
        let time = parts.next().unwrap();
        assert!(
            chrono::NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S").is_ok(),
            "{line}"
        );
        assert_eq!(parts.next(), Some("syft-notify"), "{line}");
        let level = parts.next().unwrap();
        assert!(
            ["DEBUG", "INFO", "WARNING", "ERROR"].contains(&level),
            "{line}"
        );
    }
}
