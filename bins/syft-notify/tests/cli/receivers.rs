//! A mail server and webhooks instead of Gmail, through the whole program.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::{
    desk::{Desk, Google, OWNER, until},
    running::submit,
};

/// What a server has been given, and what it is to do next.
#[derive(Debug, Default)]
struct Given {
    taken: Vec<String>,
    /// How often the connection ends instead of an answer that is waited for.
    drops: usize,
    /// How many clients wait for an answer that is never given.
    waiting: usize,
    /// Whether greetings and their like, or the answers to mails, are never given.
    is_mute: [bool; 2],
    /// What a webhook answers.
    status: u16,
}

/// A server on a thread of its own, for as long as the test runs.
struct Server {
    address: SocketAddr,
    given: Arc<Mutex<Given>>,
}

impl Server {
    fn start(serve: fn(TcpStream, &Mutex<Given>) -> std::io::Result<()>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let given = Arc::new(Mutex::new(Given {
            status: 200,
            ..Given::default()
        }));
        let shared = given.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                // A client that leaves early ends its connection, not the server.
                std::thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Self { address, given }
    }

    fn mail() -> Self {
        Self::start(speak_smtp)
    }

    fn web() -> Self {
        Self::start(speak_http)
    }

    fn taken(&self) -> Vec<String> {
        self.given.lock().unwrap().taken.clone()
    }

    /// Returns the mails that hold this, with folded header lines made whole.
    fn about(&self, part: &str) -> usize {
        let taken = self.taken();
        let whole = taken.iter().map(|mail| mail.replace("\r\n ", " "));
        whole.filter(|mail| mail.contains(part)).count()
    }

    fn change(&self, change: impl FnOnce(&mut Given)) {
        change(&mut self.given.lock().unwrap());
    }
}

fn speak_smtp(stream: TcpStream, given: &Mutex<Given>) -> std::io::Result<()> {
    let mut write = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    if given.lock().unwrap().is_mute[0] {
        return wait_for_the_end(&mut lines, given);
    }
    write.write_all(b"220 here\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let answer = match line.split(' ').next() {
            Some("DATA") => {
                write.write_all(b"354 go on\r\n")?;
                let mut mail = String::new();
                while let Some(line) = lines.next().transpose()?.filter(|line| line != ".") {
                    mail += &format!("{line}\r\n");
                }
                let shared = given;
                let mut given = given.lock().unwrap();
                given.taken.push(mail);
                if given.is_mute[1] {
                    drop(given);
                    return wait_for_the_end(&mut lines, shared);
                }
                if given.drops > 0 {
                    given.drops -= 1;
                    return Ok(());
                }
                "250 taken"
            }
            Some("NOOP") if given.lock().unwrap().is_mute[0] => {
                return wait_for_the_end(&mut lines, given);
            }
            Some("QUIT") => "221 bye",
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}

fn wait_for_the_end(
    lines: &mut impl Iterator<Item = std::io::Result<String>>,
    given: &Mutex<Given>,
) -> std::io::Result<()> {
    given.lock().unwrap().waiting += 1;
    lines.try_for_each(|line| line.map(drop))
}

fn speak_http(stream: TcpStream, given: &Mutex<Given>) -> std::io::Result<()> {
    let mut write = stream.try_clone()?;
    let mut read = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let mut line = String::new();
        if read.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(number) = line.to_lowercase().strip_prefix("content-length: ") {
            length = number.trim().parse().unwrap();
        }
        head += &line;
    }
    let mut body = vec![0; length];
    read.read_exact(&mut body)?;
    let mut given = given.lock().unwrap();
    given.taken.push(head + &String::from_utf8(body).unwrap());
    if given.drops > 0 {
        given.drops -= 1;
        return Ok(());
    }
    let status = given.status;
    write!(
        write,
        "HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

/// A desk whose first look is done, with more in its config.
fn desk(more: &str) -> Desk {
    let desk = Desk::local();
    desk.run(&["run", "--once"]).succeeds();
    let config = desk.config_text();
    desk.write_config(&format!("{config}\n{more}"));
    desk
}

fn by_mail_server(server: &Server) -> Desk {
    desk(&format!(
        "mail: smtp\nsmtp:\n  host: 127.0.0.1\n  port: {}\n  encryption: none\n  \
         from: notices@hospital.example\n",
        server.address.port()
    ))
}

fn webhook(server: &Server, name: &str, more: &str) -> String {
    format!(
        "  - name: {name}\n    url: http://{}/hunter2\n{more}",
        server.address
    )
}

fn rows(desk: &Desk, list: &str) -> Vec<Value> {
    let json = desk.run(&["queue", "list", "--json"]).succeeds().json();
    json[list].as_array().unwrap().clone()
}

#[test]
fn with_google_the_token_for_drive_is_enough() {
    let (server, google) = (Server::mail(), Google::start());
    let desk = Desk::google(&google);
    std::fs::remove_file(desk.path("gmail.json")).unwrap();
    let config = desk.config_text();
    let port = server.address.port();
    desk.write_config(&format!(
        "{config}\nmail: smtp\nsmtp: {{host: 127.0.0.1, port: {port}, encryption: none}}\n"
    ));
    desk.run(&["run", "--once"]).succeeds();
    desk.run(&["test-email"]).succeeds();
    assert_eq!(server.about(&format!("To: <{OWNER}>")), 1);
}

#[test]
fn a_kill_while_the_server_has_a_mail_is_reported_and_nothing_is_repeated() {
    let server = Server::mail();
    let desk = by_mail_server(&server);
    submit(&desk, &["zero"]);
    desk.run(&["run", "--once"]).succeeds();
    submit(&desk, &["one"]);
    server.change(|given| given.is_mute = [false, true]);
    let running = desk.start(&["run", "--interval", "1"]);
    until(
        || server.about("Subject: New Job: one\r\n") == 1,
        || running.log(),
    );
    running.signal("KILL");
    server.change(|given| given.is_mute = [false, false]);
    desk.run(&["run", "--once"])
        .fails(6, &["may or may not have been sent"]);
    desk.run(&["run", "--once"]).succeeds();
    assert_eq!(server.about("Subject: New Job: one\r\n"), 1);
    assert_eq!(rows(&desk, "given_up")[0]["may_have_arrived"], true);
}

#[test]
fn a_kill_while_the_server_is_waited_for_leaves_no_doubt() {
    let server = Server::mail();
    let desk = by_mail_server(&server);
    submit(&desk, &["zero"]);
    desk.run(&["run", "--once"]).succeeds();
    let running = desk.start(&["run", "--interval", "1", "-v"]);
    running.until_it_says("looked: ");
    server.change(|given| given.is_mute = [true, false]);
    submit(&desk, &["one"]);
    until(
        || server.given.lock().unwrap().waiting > 0,
        || running.log(),
    );
    running.signal("KILL");
    server.change(|given| given.is_mute = [false, false]);
    desk.run(&["run", "--once"]).succeeds();
    assert_eq!(server.about("Subject: New Job: one\r\n"), 1);
    assert!(rows(&desk, "given_up").is_empty());
}

/// Lets everything that waits go at the next look.
fn retry_all(desk: &Desk) {
    let waiting = rows(desk, "waiting");
    assert!(!waiting.is_empty());
    let names = waiting.iter().map(|row| row["name"].as_str().unwrap());
    let line: Vec<&str> = ["queue", "retry", "--yes"]
        .into_iter()
        .chain(names)
        .collect();
    desk.run(&line).succeeds();
}

#[test]
fn mails_go_through_a_mail_server_without_any_token() {
    let server = Server::mail();
    let desk = by_mail_server(&server);
    submit(&desk, &["one"]);
    desk.run(&["run", "--once"])
        .succeeds()
        .says("✅ Sent New Job: one");
    desk.run(&["run", "--once"]).succeeds();
    assert_eq!(
        server.about("Subject: New Job: one\r\n"),
        1,
        "{:?}",
        server.taken()
    );
    assert_eq!(
        server.about("<notices@hospital.example>"),
        server.taken().len()
    );
    assert_eq!(
        server.about(&format!("Reply-To: <{OWNER}>")),
        server.taken().len()
    );
}

#[test]
fn a_lost_answer_is_reported_and_not_repeated_until_somebody_says_so() {
    let server = Server::mail();
    let desk = by_mail_server(&server);
    submit(&desk, &["zero"]);
    desk.run(&["run", "--once"]).succeeds();
    submit(&desk, &["one"]);
    server.change(|given| given.drops = 1);
    let ran = desk.run(&["run", "--once"]);
    ran.fails(
        6,
        &[
            "may or may not have been carried out",
            "the server ended the connection",
        ],
    );
    for _ in 0..2 {
        desk.run(&["run", "--once"]).succeeds();
    }
    assert_eq!(server.about("Subject: New Job: one\r\n"), 1);
    let given_up = rows(&desk, "given_up");
    let [row] = &given_up[..] else {
        panic!("{given_up:?}")
    };
    assert_eq!(row["may_have_arrived"], true);
    let name = row["name"].as_str().unwrap();
    desk.run(&["queue", "retry", name, "--yes"]).succeeds();
    desk.run(&["run", "--once"]).succeeds();
    assert_eq!(server.about("Subject: New Job: one\r\n"), 2);
    assert!(rows(&desk, "given_up").is_empty());
}

#[test]
fn mails_wait_for_a_mail_server_that_is_away() {
    let server = Server::mail();
    let desk = by_mail_server(&server);
    let config = desk.config_text();
    let unused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let away = config.replace(
        &format!("port: {}", server.address.port()),
        &format!("port: {}", unused.port()),
    );
    desk.write_config(&away);
    submit(&desk, &["one"]);
    desk.run(&["run", "--once"]).fails(
        5,
        &[
            &format!(
                "mail server 127.0.0.1:{} is not available now",
                unused.port()
            ),
            "mails wait for it",
        ],
    );
    assert!(!rows(&desk, "waiting").is_empty());
    desk.run(&["test-email"])
        .fails(5, &["is not available now"]);
    desk.write_config(&config);
    retry_all(&desk);
    desk.run(&["run", "--once"]).succeeds();
    assert_eq!(server.about("Subject: New Job: one\r\n"), 1);
}

#[test]
fn a_test_mail_goes_to_every_receiver() {
    let (mail, good, bad) = (Server::mail(), Server::web(), Server::web());
    bad.change(|given| given.status = 500);
    let desk = by_mail_server(&mail);
    let config = desk.config_text();
    let hooks = |more: &str| format!("{config}\nwebhooks:\n{}{more}", webhook(&good, "good", ""));
    desk.write_config(&hooks(""));
    desk.run(&["test-email"])
        .succeeds()
        .says("a test mail to do@example.org")
        .says(&format!(
            "a test notice to webhook good at http://{}.",
            good.address
        ));
    assert_eq!((mail.taken().len(), good.taken().len()), (1, 1));

    desk.write_config(&hooks(&webhook(&bad, "bad", "")));
    let reason = format!(
        "webhook bad at http://{} is not available now: it answers with status 500",
        bad.address
    );
    let ran = desk.run(&["test-email"]).fails(5, &[&reason]);
    let ran = ran
        .says("a test mail to")
        .says("a test notice to webhook good");
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    let json = desk.run(&["test-email", "--json"]).fails(5, &[]).json();
    assert_eq!(json["sent"], false);
    assert_eq!(json["promise"], "at-most-once");
    let expected = json!([
        {"name": "mail", "sent": true, "promise": "at-most-once", "error": null},
        {"name": "good", "sent": true, "promise": "at-least-once", "error": null},
        {"name": "bad", "sent": false, "promise": null, "error": reason},
    ]);
    assert_eq!(json["receivers"], expected);

    // A mail server that is away takes nothing from the webhooks.
    let before = good.taken().len();
    let away = hooks("").replace("host: 127.0.0.1", "host: localhost.example.invalid");
    desk.write_config(&away.replace("encryption: none", "encryption: tls"));
    desk.run(&["test-email"])
        .fails(5, &["mail server localhost.example.invalid"]);
    assert_eq!(good.taken().len(), before + 1);
}

#[test]
fn a_webhook_hears_of_each_event_once() {
    let server = Server::web();
    let desk = Desk::local();
    desk.run(&["run", "--once"]).succeeds();
    let config = desk.config_text();
    let hook = webhook(&server, "ops", "    events: [new_job]\n");
    desk.write_config(&format!("{config}\nwebhooks:\n{hook}"));
    submit(&desk, &["one"]);
    // The receiver is away at first, and then its answer is lost: it is called again.
    server.change(|given| given.status = 503);
    desk.run(&["run", "--once"])
        .fails(5, &["webhook ops at http://127.0.0.1"]);
    server.change(|given| (given.status, given.drops) = (204, 1));
    for _ in 0..2 {
        retry_all(&desk);
        desk.run(&["run", "--once"]);
    }
    desk.run(&["run", "--once"]).succeeds();
    let calls = server.taken();
    assert_eq!(calls.len(), 3, "{calls:?}");
    let key = |call: &String| {
        let line = call
            .lines()
            .find(|line| line.starts_with("idempotency-key: "));
        line.unwrap().to_owned()
    };
    assert!(calls.iter().all(|call| key(call) == key(&calls[0])));
    let body = calls[2].split_once("\r\n\r\n").unwrap().1;
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["event"], "new_job");
    assert_eq!(body["subject"], "New Job: one");
    assert_eq!(body["to"], OWNER);
    assert!(body["data"].to_string().contains("one"), "{body}");
    // The mails went their own way.
    assert_eq!(crate::running::mails(&desk, OWNER).len(), 2);
}

#[test]
fn nothing_secret_is_printed() {
    let server = Server::web();
    let desk = desk(&format!("webhooks:\n{}", webhook(&server, "ops", "")));
    for line in [
        &["config", "show"][..],
        &["config", "show", "--json"],
        &["status"],
        &["doctor", "--offline"],
        &["run", "--once", "-vv"],
    ] {
        let ran = desk.run(line);
        assert!(
            !format!("{}{}", ran.out, ran.err).contains("hunter2"),
            "{line:?}"
        );
    }
}
