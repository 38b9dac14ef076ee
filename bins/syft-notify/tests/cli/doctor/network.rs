//! The ways to the network, and receivers besides Google.

use super::{close, doctor, finds, has_line, local, set_mode};
use crate::desk::{Google, Ran};

#[test]
fn mail_servers_and_webhooks() {
    let google = Google::start();
    let desk = local();
    let hooks =
        |url: &str| format!("webhooks:\n  - name: ops\n    url: {url}/secret-path?token=s3cret\n");
    let text = desk.config_text();
    desk.write_config(&format!("{text}{}", hooks(google.url())));
    close(&desk, "home/.syft-creds/daemon.yaml");
    finds(
        &desk,
        0,
        &["✅", "webhook ops", google.url(), "can be reached"],
    );
    let seen = google.emulator.requests();
    assert!(!format!("{seen:?}").contains("secret-path"), "{seen:?}");
    desk.write_config(&format!("{text}{}", hooks("http://127.0.0.1:9")));
    set_mode(&desk, "home/.syft-creds/daemon.yaml", 0o644);
    let ran = doctor(&desk).fails(1, &[]);
    has_line(
        &ran,
        &["❌", "webhook ops http://127.0.0.1:9 cannot be reached"],
    );
    has_line(
        &ran,
        &["⚠️", "others may read the addresses of your webhooks"],
    );
    assert!(
        !ran.out.contains("s3cret") && !ran.out.contains("secret-path"),
        "{}",
        ran.out
    );
    let smtp = "mail: smtp\nsmtp:\n  host: 127.0.0.1\n  port: 9\n  encryption: none\n";
    desk.write_config(&format!("{text}{smtp}"));
    finds(
        &desk,
        1,
        &["❌", "the mail server 127.0.0.1:9 cannot be reached"],
    );
    let ran = desk.run(&["doctor", "--offline"]).succeeds();
    has_line(
        &ran,
        &["✅", "the mail server is 127.0.0.1:9; it was not tried out"],
    );
}

#[test]
fn the_way_to_the_network() {
    let desk = local();
    let output = desk
        .command(&["doctor"])
        .env("HTTPS_PROXY", "http://me:s3cret@proxy.lan:3128")
        .env("NO_PROXY", "localhost")
        .env("SSL_CERT_FILE", desk.path("no-such.pem"))
        .output()
        .unwrap();
    let ran = Ran::of(output).fails(1, &[]);
    has_line(
        &ran,
        &[
            "✅",
            "HTTPS_PROXY names the proxy http://proxy.lan:3128, not for localhost",
        ],
    );
    has_line(
        &ran,
        &[
            "❌",
            "SSL_CERT_FILE",
            "no-such.pem cannot be used",
            "unset SSL_CERT_FILE",
        ],
    );
    assert!(!ran.out.contains("s3cret"), "{}", ran.out);
}
