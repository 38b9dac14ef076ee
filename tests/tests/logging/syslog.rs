//! Real rsyslog and syslog-ng pass a real log on, across a rotation, as messages of RFC 5424.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use chrono::DateTime;
use syft_tests::home::{Home, repository};

use crate::{
    peers::Peer,
    record::{Record, fill, lines, look, set_form},
};

/// No line takes longer on its way, or something is wrong.
const LIMIT: Duration = Duration::from_secs(60);

/// A log server that takes one connection, and hands over its lines.
struct Server {
    port: u16,
    lines: mpsc::Receiver<String>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let (connection, _) = listener.accept().unwrap();
            for line in BufReader::new(connection).lines() {
                if sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { port, lines }
    }

    #[track_caller]
    fn take(&self, count: usize) -> Vec<String> {
        let next = |index| {
            let line = self.lines.recv_timeout(LIMIT);
            line.unwrap_or_else(|error| panic!("{index} of {count} lines: {error}"))
        };
        (0..count).map(next).collect()
    }
}

/// A program that ends with its value.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Writes a config of ours for this home and this server, and returns its directory.
fn config(home: &Home, server: &Server, name: &str, ports: &str) -> std::path::PathBuf {
    let text = fs::read_to_string(repository("templates/logging").join(name)).unwrap();
    let creds = home.path(".syft-creds").display().to_string();
    let ours = ports.replace(|c: char| c.is_ascii_digit(), "");
    let (before, after) = ours.split_at(ours.len() - 1);
    let port = format!("{before}{}{after}", server.port);
    for needed in ["/home/do/.syft-creds", "logs.example.org", ports] {
        assert!(text.contains(needed), "{needed}");
    }
    let text = text
        .replace("/home/do/.syft-creds", &creds)
        .replace("logs.example.org", "127.0.0.1")
        .replace(ports, &port);
    let directory = home.beside("syslog");
    fs::create_dir_all(&directory).unwrap();
    syft_state::fs::write_atomic(&directory.join(name), text.as_bytes(), 0o600).unwrap();
    directory
}

fn rsyslog(home: &Home, server: &Server) -> Running {
    let peer = Peer::rsyslog();
    let directory = config(home, server, "rsyslog.conf", "port=\"514\"");
    let modules = peer.rsyslog_modules();
    let main = format!(
        "global(workDirectory=\"{}\")\ninclude(file=\"{}\")\n",
        directory.display(),
        directory.join("rsyslog.conf").display()
    );
    syft_state::fs::write_atomic(&directory.join("main.conf"), main.as_bytes(), 0o600).unwrap();
    let mut command = peer.command("usr/sbin/rsyslogd");
    command.arg("-n").arg("-f").arg(directory.join("main.conf"));
    command.arg("-M").arg(modules).arg("-i");
    Running::start(command.arg(directory.join("pid")))
}

fn syslog_ng(home: &Home, server: &Server) -> Running {
    let peer = Peer::syslog_ng();
    let directory = config(home, server, "syslog-ng.conf", "port(601)");
    let mut command = peer.command("usr/sbin/syslog-ng");
    command.args(["--foreground", "--no-caps", "--cfgfile"]);
    command.arg(directory.join("syslog-ng.conf"));
    command.arg("--module-path").arg(peer.syslog_ng_modules());
    for (option, name) in [
        ("--persist-file", "persist"),
        ("--pidfile", "pid"),
        ("--control", "ctl"),
    ] {
        command.arg(option).arg(directory.join(name));
    }
    Running::start(&mut command)
}

/// Reads a message of RFC 5424, and its severity as our word for it.
fn received(line: &str) -> Record {
    let (priority, rest) = line.strip_prefix('<').unwrap().split_once(">1 ").unwrap();
    let parts: Vec<&str> = rest.splitn(6, ' ').collect();
    let [time, _host, name, "-", "-", rest] = parts[..] else {
        panic!("{line}");
    };
    // syslog-ng numbers its messages: [meta sequenceId="1"].
    let message = match rest.strip_prefix('[') {
        Some(data) => data.split_once("] ").unwrap().1,
        None => rest.strip_prefix("- ").unwrap(),
    };
    let levels = [
        ("27", "ERROR"),
        ("28", "WARNING"),
        ("30", "INFO"),
        ("31", "DEBUG"),
    ];
    let level = levels.iter().find(|(number, _)| *number == priority);
    Record {
        time: DateTime::parse_from_rfc3339(time).unwrap().timestamp(),
        name: name.to_owned(),
        level: level.unwrap_or_else(|| panic!("{line}")).1.to_owned(),
        message: message.to_owned(),
    }
}

/// The reader has read all of a file of 10 MB when the program begins the next one.
#[track_caller]
fn check(form: &str, reader: fn(&Home, &Server) -> Running) {
    let home = Home::new();
    set_form(&home, form);
    let log = home.path(".syft-creds/syft-notify.log");
    look(&home, "zeroth \"job\" – ünïcode – with - dashes");
    fill(&log);

    let server = Server::start();
    let _reader = reader(&home, &server);
    let before = lines(&log);
    let mut got = server.take(before.len());
    look(&home, "first after");
    look(&home, "second after");
    let rotated = lines(&home.path(".syft-creds/syft-notify.log.1"));
    let all = [rotated.clone(), lines(&log)].concat();
    assert!(rotated.len() >= before.len() && all.len() > before.len() + 2);
    got.extend(server.take(all.len() - before.len()));

    assert!(all.iter().any(|line| line.contains("✅ Sent")), "{all:?}");
    for (line, got) in all.iter().zip(&got) {
        assert_eq!(received(got), Record::of(line), "{line}\n{got}");
    }
}

#[test]
fn rsyslog_passes_on_every_line_of_text_across_a_rotation() {
    check("text", rsyslog);
}

#[test]
fn rsyslog_passes_on_every_line_of_json_across_a_rotation() {
    check("json", rsyslog);
}

#[test]
fn syslog_ng_passes_on_every_line_of_text_across_a_rotation() {
    check("text", syslog_ng);
}

#[test]
fn syslog_ng_passes_on_every_line_of_json_across_a_rotation() {
    check("json", syslog_ng);
}
