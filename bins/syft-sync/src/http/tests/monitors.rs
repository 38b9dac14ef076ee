//! The port of monitors.

use super::*;

#[tokio::test]
async fn the_port_of_monitors_shows_and_does_nothing() {
    let bench = Bench::new().await;
    let address = bench.serving.metrics.unwrap();
    let get = |path: &str, more: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
        async move { ask(address, &request).await }
    };
    let page = get("/metrics", "").await;
    assert!(
        page.contains("content-type: text/plain; version=0.0.4"),
        "{page}"
    );
    assert!(page.contains("# TYPE log_buffer_size gauge"), "{page}");
    let page = get(
        "/metrics",
        "Accept: application/openmetrics-text;version=1.0.0\r\n",
    )
    .await;
    assert!(page.ends_with("# EOF\n"), "{page}");
    let ready = get("/ready", "").await;
    assert!(
        status(&ready) == 503 && ready.contains("it is starting"),
        "{ready}"
    );
    let health = get("/health", "").await;
    let body: Value = serde_json::from_str(health.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["status"], "ok");
    assert_eq!(body["service"], "syft-sync");
    bench
        .desk
        .ills
        .lock()
        .unwrap()
        .push("the queue stands still".to_owned());
    let health = get("/health", "").await;
    assert!(
        status(&health) == 503 && health.contains("stands still"),
        "{health}"
    );
    for path in ["/", "/status", "/jobs", "/stop", "/metrics/"] {
        assert_eq!(status(&get(path, "").await), 404, "{path}");
    }
    let stop = "POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(status(&ask(address, stop).await), 405);
    let strange = "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert_eq!(status(&ask(address, strange).await), 421);
}

#[tokio::test]
async fn other_machines_need_a_token_to_see_metrics() {
    let bench = Bench::with(|setup| {
        let page = setup.metrics.as_mut().unwrap();
        page.address = "0.0.0.0:0".parse().unwrap();
        page.path = "/{x}/*".to_owned();
    })
    .await;
    let port = bench.serving.metrics.unwrap().port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let kept = std::fs::read_to_string(bench.directory.path().join("metrics.token")).unwrap();
    assert_ne!(kept, bench.token());
    for (token, expected) in [(kept.as_str(), 200), (&bench.token(), 401), ("", 401)] {
        let request = format!(
            "GET /{{x}}/* HTTP/1.1\r\nHost: nas.example\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        assert_eq!(status(&ask(address, &request).await), expected);
    }
}

#[tokio::test]
async fn a_port_in_use_is_an_error_that_names_the_holder() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut setup = setup(directory.path());
    setup.metrics.as_mut().unwrap().address = taken.local_addr().unwrap();
    let backend: Arc<dyn Backend> = Arc::<Desk>::default();
    let error = serve(setup, backend, numbers(), Events::default()).await;
    let error = error.unwrap_err().to_string();
    let holder = format!("(PID {})", std::process::id());
    assert!(
        error.contains("is in use by ") && error.ends_with(&holder),
        "{error}"
    );
}
