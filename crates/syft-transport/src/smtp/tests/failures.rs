//! What breaks at each step, and what is known then.

use super::{
    peer::{Act, At},
    *,
};

/// How long a server may take that is known to say nothing.
const SHORT: Duration = Duration::from_millis(300);

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
