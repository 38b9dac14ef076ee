//! Behind a company's proxy that opens TLS, by environment alone.

use std::{
    path::Path,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use syft_emulator::scopes;

use crate::google::Google;

const DO: &str = "do@example.org";

async fn whoami(arguments: Vec<String>, environment: Vec<(&'static str, String)>) -> Output {
    let run = move || {
        Command::new(env!("CARGO_BIN_EXE_whoami"))
            .args(arguments)
            .env_clear()
            .envs(environment)
            .output()
            .unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn google_is_reached_through_a_proxy_with_its_own_authority() {
    let google = Google::start().await;
    let token = text(&google.token_file(DO, &[scopes::DRIVE]));
    let ca = google.path("ca.pem");
    syft_state::fs::write_atomic(&ca, google.emulator.ca_pem().as_bytes(), 0o600).unwrap();
    let proxy = ("HTTPS_PROXY", google.emulator.url().to_owned());

    let trusting = vec![proxy.clone(), ("SSL_CERT_FILE", text(&ca))];
    let output = whoami(vec![token.clone()], trusting).await;
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "do@example.org\n",
        "{output:?}"
    );
    let requests = google.emulator.requests();
    assert_eq!(requests.last().unwrap().host, "www.googleapis.com");

    let output = whoami(vec![token], vec![proxy]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        error.contains("not trusted") && error.contains("SSL_CERT_FILE"),
        "{error}"
    );
}

#[tokio::test]
async fn no_proxy_is_honoured() {
    let google = Google::start().await;
    let token = text(&google.token_file(DO, &[scopes::DRIVE]));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = (
        "HTTP_PROXY",
        format!("http://{}", listener.local_addr().unwrap()),
    );
    let counter = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&counter);
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });

    let arguments = vec![token, google.emulator.url().to_owned()];
    let output = whoami(arguments.clone(), vec![proxy.clone()]).await;
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(counter.load(Ordering::SeqCst), 1);

    let without = vec![proxy, ("NO_PROXY", "127.0.0.1".to_owned())];
    let output = whoami(arguments, without).await;
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "do@example.org\n",
        "{output:?}"
    );
    assert_eq!(counter.load(Ordering::SeqCst), 1);
    server.abort();
}
