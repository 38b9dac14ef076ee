mod peer;

use mail_parser::MessageParser;
use syft_state::Timestamp;

use self::peer::{Act, At, Peer};
use super::*;
use crate::{
    conformance::{self, Correspondents},
    mail::MessageId,
};

const PASSWORD: &str = "hunter2 ü";
/// How long a server may take that is known to say nothing.
const SHORT: Duration = Duration::from_millis(300);

fn offers(encryption: Encryption) -> [Vec<&'static str>; 2] {
    match encryption {
        Encryption::None => [vec!["8BITMIME"], vec![]],
        Encryption::StartTls => [vec!["STARTTLS"], vec!["AUTH LOGIN PLAIN"]],
        Encryption::Tls => [vec![], vec!["AUTH PLAIN"]],
    }
}

async fn peer(encryption: Encryption) -> Peer {
    Peer::start(encryption == Encryption::Tls, offers(encryption)).await
}

fn server(peer: &Peer, encryption: Encryption) -> Server {
    let password_file = peer.directory.path().join("password");
    syft_state::fs::write_atomic(&password_file, PASSWORD.as_bytes(), 0o600).unwrap();
    Server {
        host: "localhost".into(),
        port: peer.address.port(),
        encryption,
        login: (encryption != Encryption::None).then(|| Login {
            username: "do".into(),
            password_file,
        }),
        extra_roots: vec![peer.ca()],
        patience: Patience {
            farewell: Duration::from_millis(100),
            idle: Duration::from_secs(60),
            ..Patience::default()
        },
    }
}

fn smtp(peer: &Peer, encryption: Encryption) -> Smtp {
    let from = "notices@hospital.example".parse().unwrap();
    Smtp::new(server(peer, encryption), from).unwrap()
}

fn mail(number: usize) -> Mail {
    let from = "do@example.org".parse().unwrap();
    Mail {
        message_id: MessageId::new(&format!("n{number}"), &from),
        from,
        from_name: "SyftBox".into(),
        to: "o'brien+lab@example.org".parse().unwrap(),
        subject: "Ärger\r\nRCPT TO:<eve@example.org>".into(),
        date: Timestamp::from_seconds(1_765_362_413),
        text: "one\n.\n..two\n.three\n\r\n.\r\nRCPT TO:<eve@example.org>\n".into(),
        html: None,
        in_reply_to: None,
        references: Vec::new(),
        about: None,
    }
}

const ALL: [Encryption; 3] = [Encryption::StartTls, Encryption::Tls, Encryption::None];

#[tokio::test]
async fn conforms() {
    for encryption in ALL {
        let peer = peer(encryption).await;
        let from: Email = "do@example.org".parse().unwrap();
        let who = Correspondents {
            from: from.clone(),
            to: "O'Brien+lab@Example.org".parse().unwrap(),
        };
        let smtp = Smtp::new(server(&peer, encryption), from).unwrap();
        let delivered = async || peer.taken();
        conformance::delivery(&smtp, &who, delivered).await;
        conformance::exactly_once(&smtp, &who, delivered).await;
        conformance::threading(&smtp, &who, delivered).await;
        assert_eq!(smtp.promise(), Promise::AtMostOnce);
        assert_eq!(
            peer.connections(),
            1,
            "one connection for all: {encryption:?}"
        );
    }
}

#[tokio::test]
async fn what_is_said() {
    let peer = peer(Encryption::StartTls).await;
    let smtp = smtp(&peer, Encryption::StartTls);
    let id = smtp.send(&mail(1), None).await.unwrap();
    assert_eq!(id.as_str(), "2.0.0 Ok: queued as 4ABC");
    let expected = [
        "EHLO hospital.example",
        "STARTTLS",
        "EHLO hospital.example",
        "AUTH PLAIN AGRvAGh1bnRlcjIgw7w=",
        "MAIL FROM:<notices@hospital.example>",
        "RCPT TO:<o'brien+lab@example.org>",
        "DATA",
    ];
    assert_eq!(peer.said(), expected);
    let [raw] = &peer.taken()[..] else {
        panic!("{:?}", peer.taken())
    };
    let message = MessageParser::new().parse(raw).unwrap();
    let address = |list: Option<&mail_parser::Address<'_>>| {
        let first = list.and_then(|list| list.first()).unwrap();
        first.address().unwrap().to_owned()
    };
    assert_eq!(address(message.from()), "notices@hospital.example");
    assert_eq!(address(message.reply_to()), "do@example.org");
    assert_eq!(message.message_id(), Some("n1@example.org"));
    assert_eq!(
        message.body_text(0).unwrap().trim_end(),
        mail(1)
            .text
            .replace("\r\n", "\n")
            .replace('\n', "\r\n")
            .trim_end()
    );
}

#[tokio::test]
async fn the_older_way_to_log_in_is_known() {
    let offers = [vec!["STARTTLS"], vec!["AUTH LOGIN"]];
    let peer = Peer::start(false, offers).await;
    smtp(&peer, Encryption::StartTls).check().await.unwrap();
    let said = peer.said();
    assert_eq!(said[3..], ["AUTH LOGIN", "ZG8=", "aHVudGVyMiDDvA=="]);
}

/// Sends one mail to a server that does this; returns the error and whether the mail is there.
async fn fail(encryption: Encryption, mail: &Mail, at: At, act: Act) -> (Error, bool) {
    let peer = peer(encryption).await;
    peer.once(at, act);
    let mut server = server(&peer, encryption);
    if matches!(act, Act::Hang | Act::Drip) {
        server.patience.acceptance = SHORT;
        if !matches!(at, At::Content | At::Dot) {
            server.patience.command = SHORT;
        }
    }
    let smtp = Smtp::new(server, "do@example.org".parse().unwrap()).unwrap();
    let error = smtp.send(mail, None).await.unwrap_err();
    let text = format!("{error} {error:?} {smtp:?}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(!text.contains("AGRvAGh1bnRlcjI"), "{text}");
    let is_there = !peer.taken().is_empty();
    // The next mail goes, whatever happened to this one.
    let patient = Server {
        patience: Patience::default(),
        ..smtp.server.clone()
    };
    let smtp = Smtp {
        server: patient,
        ..smtp
    };
    smtp.send(&self::mail(2), None).await.unwrap();
    (error, is_there)
}

async fn check(at: At, act: Act, kind: &str) {
    let (error, is_there) = fail(Encryption::StartTls, &mail(1), at, act).await;
    let debug = format!("{error:?}");
    assert!(debug.starts_with(kind), "{at:?} {act:?}: {debug}");
    let is_doubtful = matches!(error, Error::Ambiguous { .. });
    assert_eq!(is_there, is_doubtful, "{at:?} {act:?}");
}

const BEFORE_THE_MAIL: [At; 9] = [
    At::Greeting,
    At::Ehlo,
    At::StartTls,
    At::Handshake,
    At::SecureEhlo,
    At::Auth,
    At::Mail,
    At::Rcpt,
    At::Data,
];

#[tokio::test]
async fn what_breaks_before_the_dot_has_sent_nothing() {
    for at in BEFORE_THE_MAIL {
        check(at, Act::Drop, "Unavailable").await;
        check(at, Act::Hang, "Unavailable").await;
    }
    // More than the system takes from us before the server does.
    let mut long = mail(1);
    long.text = "a line of a very long mail\n".repeat(1 << 19);
    for act in [Act::Drop, Act::Hang] {
        let (error, is_there) = fail(Encryption::StartTls, &long, At::Content, act).await;
        assert!(
            matches!(error, Error::Unavailable { .. }),
            "{act:?}: {error}"
        );
        assert!(!is_there);
    }
}

#[tokio::test]
async fn a_short_mail_is_out_with_its_dot_before_a_break_shows() {
    let (error, is_there) = fail(Encryption::StartTls, &mail(1), At::Content, Act::Drop).await;
    assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
    assert!(!is_there);
}

#[tokio::test]
async fn what_breaks_after_the_dot_is_in_doubt() {
    for act in [
        Act::Drop,
        Act::Hang,
        Act::Endless,
        Act::Drip,
        Act::Say("nonsense"),
        Act::Say("354 more"),
        Act::Say("999 beyond"),
    ] {
        check(At::Dot, act, "Ambiguous").await;
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_no_answer() {
    for at in [
        At::Greeting,
        At::Ehlo,
        At::SecureEhlo,
        At::Auth,
        At::Mail,
        At::Data,
    ] {
        check(at, Act::Endless, "Unavailable").await;
        check(at, Act::Drip, "Unavailable").await;
        check(at, Act::Say("nonsense"), "Garbled").await;
    }
}

#[tokio::test]
async fn a_no_is_a_no_at_every_step() {
    let (greeting, login) = ("PermissionDenied", "Unauthenticated");
    let permanent = [
        (At::Greeting, greeting),
        (At::Ehlo, greeting),
        (At::StartTls, greeting),
        (At::SecureEhlo, greeting),
        (At::Auth, login),
        (At::Mail, greeting),
        (At::Rcpt, "Rejected"),
        (At::Data, "Rejected"),
        (At::Dot, "Rejected"),
    ];
    for (at, kind) in permanent {
        check(at, Act::Say("550 5.1.1 no"), kind).await;
        check(at, Act::Say("451 4.3.0 later"), "Unavailable").await;
        check(at, Act::Say("421 4.3.2 later"), "Unavailable").await;
    }
    check(At::Auth, Act::Say("535 5.7.8 hunter2"), login).await;
    check(At::Mail, Act::Say("530 5.7.0 who?"), login).await;
    check(At::Data, Act::Say("250 not yet"), "Garbled").await;
    check(At::Mail, Act::Say("354 go on"), "Garbled").await;
}

#[tokio::test]
async fn an_encrypted_start_fails_as_well() {
    for at in [
        At::Handshake,
        At::Greeting,
        At::SecureEhlo,
        At::Auth,
        At::Mail,
    ] {
        for act in [Act::Drop, Act::Hang] {
            let (error, is_there) = fail(Encryption::Tls, &mail(1), at, act).await;
            assert!(
                matches!(error, Error::Unavailable { .. }),
                "{at:?}: {error}"
            );
            assert!(!is_there);
        }
    }
}

#[tokio::test]
async fn encryption_is_not_left_to_the_server() {
    let peer = Peer::start(false, [vec!["AUTH PLAIN"], vec![]]).await;
    let smtp = smtp(&peer, Encryption::StartTls);
    let error = smtp.send(&mail(1), None).await.unwrap_err();
    assert!(
        error.to_string().contains("does not offer STARTTLS"),
        "{error}"
    );
    assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
    assert_eq!(peer.said(), ["EHLO hospital.example"]);
}

#[tokio::test]
async fn nothing_said_in_the_clear_is_believed_afterwards() {
    let peer = peer(Encryption::StartTls).await;
    // The answers to EHLO, AUTH, MAIL, RCPT and DATA of somebody in between.
    let injected =
        "220 go on\r\n250 AUTH PLAIN\r\n235 in\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 ok";
    peer.once(At::StartTls, Act::Say(injected));
    let smtp = smtp(&peer, Encryption::StartTls);
    smtp.send(&mail(1), None).await.unwrap();
    assert_eq!(peer.taken().len(), 1);
}

#[tokio::test]
async fn a_certificate_of_nobody_known_or_of_another_is_not_trusted() {
    let peer = peer(Encryption::StartTls).await;
    let strangers = Server {
        extra_roots: Vec::new(),
        ..server(&peer, Encryption::StartTls)
    };
    let other_name = Server {
        host: "127.0.0.1".into(),
        ..server(&peer, Encryption::StartTls)
    };
    for server in [strangers, other_name] {
        let smtp = Smtp::new(server, "do@example.org".parse().unwrap()).unwrap();
        let error = smtp.send(&mail(1), None).await.unwrap_err();
        assert!(
            error.to_string().contains("certificate is not trusted"),
            "{error}"
        );
    }
    let said = peer.said();
    assert!(
        !said.iter().any(|line| line.starts_with("AUTH")),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_server_without_a_known_way_to_log_in_gets_no_password() {
    let peer = Peer::start(false, [vec!["STARTTLS"], vec!["AUTH CRAM-MD5"]]).await;
    let error = smtp(&peer, Encryption::StartTls).check().await.unwrap_err();
    assert!(error.to_string().contains("neither AUTH PLAIN"), "{error}");
    assert!(matches!(error, Error::Unauthenticated { .. }), "{error}");
}

#[tokio::test]
async fn nobody_there() {
    let peer = peer(Encryption::Tls).await;
    let mut server = server(&peer, Encryption::Tls);
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    server.port = unused.local_addr().unwrap().port();
    drop(unused);
    let smtp = Smtp::new(server, "do@example.org".parse().unwrap()).unwrap();
    let error = smtp.send(&mail(1), None).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_password_changes_without_a_restart_and_is_private() {
    let peer = peer(Encryption::StartTls).await;
    let smtp = smtp(&peer, Encryption::StartTls);
    let file = smtp.server.login.as_ref().unwrap().password_file.clone();
    syft_state::fs::write_atomic(&file, b"another\n", 0o600).unwrap();
    smtp.check().await.unwrap();
    assert_eq!(peer.said()[3], "AUTH PLAIN AGRvAGFub3RoZXI=");
    syft_state::fs::write_atomic(&file, b"another\n", 0o640).unwrap();
    let error = Smtp::new(smtp.server.clone(), smtp.from.clone()).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn plain_text_stays_on_this_machine_and_carries_no_password() {
    let peer = peer(Encryption::None).await;
    let with = |host: &str, login: bool| {
        let mut server = server(&peer, Encryption::None);
        server.host = host.into();
        server.login = login.then(|| Login {
            username: "do".into(),
            password_file: peer.directory.path().join("password"),
        });
        Smtp::new(server, "do@example.org".parse().unwrap())
    };
    with("127.0.0.1", false).unwrap();
    with("::1", false).unwrap();
    for (host, login) in [
        ("mail.example.org", false),
        ("10.0.0.1", false),
        ("localhost", true),
    ] {
        let error = with(host, login).unwrap_err().to_string();
        assert!(error.contains("without encryption"), "{error}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced_before_a_mail_is_on_its_way() {
    let peer = peer(Encryption::StartTls).await;
    let smtp = smtp(&peer, Encryption::StartTls);
    for act in [Act::Drop, Act::Say("421 4.4.2 too long idle")] {
        smtp.stage(&mail(1)).await.unwrap();
        let before = peer.connections();
        peer.once(At::Noop, act);
        smtp.stage(&mail(1)).await.unwrap();
        assert_eq!(peer.connections(), before + 1);
    }
    assert!(peer.taken().is_empty());
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed() {
    let peer = peer(Encryption::StartTls).await;
    let mut server = server(&peer, Encryption::StartTls);
    server.patience.idle = Duration::from_millis(20);
    let smtp = Smtp::new(server, "do@example.org".parse().unwrap()).unwrap();
    smtp.send(&mail(1), None).await.unwrap();
    let quit = async {
        while peer.said().last().is_none_or(|line| line != "QUIT") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), quit)
        .await
        .unwrap();
    smtp.send(&mail(2), None).await.unwrap();
    assert_eq!(peer.connections(), 2);
}
