//! The protocol of service managers, over real sockets.

use std::{
    ffi::OsString,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
    time::Duration,
};

use syft_daemon::{Error, Notifier};

type Variables<'a> = &'a [(&'a str, &'a str)];

fn notifier(variables: Variables<'_>) -> Result<Notifier, Error> {
    Notifier::systemd(|name| {
        let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
        Some(OsString::from(value))
    })
}

fn heard(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 4096];
    let read = socket.recv(&mut bytes).unwrap();
    String::from_utf8(bytes[..read].to_vec()).unwrap()
}

#[track_caller]
fn check(socket: &UnixDatagram, name: &str) {
    let timeout = Duration::from_secs(5);
    socket.set_read_timeout(Some(timeout)).unwrap();
    let notifier = notifier(&[("NOTIFY_SOCKET", name)]).unwrap();
    assert_eq!(notifier.watchdog_period(), None);
    notifier.status("waiting for the network\nREADY=1");
    assert_eq!(heard(socket), "STATUS=waiting for the network READY=1\n");
    notifier.ready("watching");
    assert_eq!(heard(socket), "STATUS=watching\nREADY=1\n");
    notifier.watchdog();
    assert_eq!(heard(socket), "WATCHDOG=1\n");
    notifier.reloading();
    let reloading = heard(socket);
    let time = reloading
        .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
        .unwrap();
    assert!(time.trim_end().parse::<u64>().unwrap() > 0);
    notifier.stopping("as asked");
    assert_eq!(heard(socket), "STATUS=as asked\nSTOPPING=1\n");
    notifier.status(&"ä".repeat(5000));
    assert_eq!(heard(socket), format!("STATUS={}\n", "ä".repeat(500)));
}

#[test]
fn a_manager_at_a_path_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    check(&socket, path.to_str().unwrap());
}

#[test]
fn a_manager_with_an_abstract_name_is_told() {
    let name = format!("syft-daemon-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    check(&socket, &format!("@{name}"));
}

#[test]
fn without_a_manager_nobody_is_told() {
    for variables in [
        &[][..],
        &[("NOTIFY_SOCKET", "")],
        &[("WATCHDOG_USEC", "1000")],
    ] {
        let notifier = notifier(variables).unwrap();
        notifier.ready("watching");
        assert_eq!(notifier.watchdog_period(), None);
    }
    Notifier::none().watchdog();
}

#[test]
fn a_manager_that_cannot_be_told_is_an_error_at_the_start_and_none_later() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let name = path.to_str().unwrap();
    for bad in [name, "relative", "vsock:2:1234", "/\0"] {
        let error = notifier(&[("NOTIFY_SOCKET", bad)]).unwrap_err();
        assert!(matches!(&error, Error::Socket { .. }), "{error}");
    }
    let socket = UnixDatagram::bind(&path).unwrap();
    let notifier = notifier(&[("NOTIFY_SOCKET", name)]).unwrap();
    drop(socket);
    notifier.ready("watching");
}

#[test]
fn a_manager_that_does_not_listen_makes_nobody_wait() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let _socket = UnixDatagram::bind(&path).unwrap();
    let notifier = notifier(&[("NOTIFY_SOCKET", path.to_str().unwrap())]).unwrap();
    // More than any queue of datagrams holds.
    for _ in 0..10_000 {
        notifier.watchdog();
    }
}

#[test]
fn the_watchdog_is_asked_for_twice_per_deadline_and_only_of_us() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let _socket = UnixDatagram::bind(&path).unwrap();
    let socket = ("NOTIFY_SOCKET", path.to_str().unwrap());
    let own = std::process::id().to_string();
    let minute = Some(Duration::from_secs(60));
    let cases: [(Variables<'_>, Option<Duration>); 5] = [
        (&[socket, ("WATCHDOG_USEC", "120000000")], minute),
        (
            &[
                socket,
                ("WATCHDOG_USEC", "120000000"),
                ("WATCHDOG_PID", &own),
            ],
            minute,
        ),
        (
            &[
                socket,
                ("WATCHDOG_USEC", "120000000"),
                ("WATCHDOG_PID", "1"),
            ],
            None,
        ),
        (&[socket, ("WATCHDOG_USEC", "0")], None),
        (&[socket, ("WATCHDOG_USEC", "soon")], None),
    ];
    for (variables, period) in cases {
        let notifier = notifier(variables).unwrap();
        assert_eq!(notifier.watchdog_period(), period, "{variables:?}");
    }
}
