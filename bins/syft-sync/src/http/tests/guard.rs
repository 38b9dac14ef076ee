//! Who is answered, and how little the others cost.

use super::*;

#[tokio::test]
async fn web_pages_of_strangers_are_refused() {
    let bench = Bench::new().await;
    for (headers, expected) in [
        ("Host: localhost", 202),
        ("Host: 127.0.0.1:9", 202),
        ("Host: [::1]:9", 202),
        ("Host: evil.example", 421),
        ("Host: localhost.evil.example", 421),
        ("Host: 127.0.0.1.nip.io", 421),
        ("Host: 10.0.0.1", 421),
        ("Host: localhost\r\nHost: evil.example", 421),
        ("Host: localhost\r\nOrigin: http://localhost:3000", 202),
        ("Host: localhost\r\nOrigin: http://127.0.0.1", 202),
        ("Host: localhost\r\nOrigin: http://evil.example", 403),
        ("Host: localhost\r\nOrigin: null", 403),
        (
            "Host: localhost\r\nOrigin: http://localhost.evil.example",
            403,
        ),
        ("Host: localhost\r\nSec-Fetch-Site: cross-site", 403),
        ("Host: localhost\r\nSec-Fetch-Site: same-site", 403),
    ] {
        let head = format!("POST /pause HTTP/1.1\r\n{headers}");
        assert_eq!(bench.status(&head).await, expected, "{headers}");
        let done = usize::from(expected == 202);
        assert_eq!(bench.wanted().len(), done, "{headers}");
    }
    let absolute = "POST http://evil.example/pause HTTP/1.1\r\nHost: localhost";
    assert_eq!(bench.status(absolute).await, 421);
}

#[tokio::test]
async fn no_answer_lets_other_pages_read_it() {
    let bench = Bench::new().await;
    let token = bench.token();
    let request = format!(
        "GET /status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Origin: http://localhost\r\n\r\n"
    );
    let answer = ask(bench.serving.control, &request).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    assert!(answer.contains("cache-control: no-store"), "{answer}");
    assert!(!answer.contains("access-control"), "{answer}");
}

#[tokio::test]
async fn only_those_who_know_the_token_are_answered() {
    let bench = Bench::new().await;
    let token = bench.token();
    let half = &token[..32];
    for (header, expected) in [
        (String::new(), 401),
        ("Authorization: Bearer \r\n".to_owned(), 401),
        (format!("Authorization: Bearer {half}\r\n"), 401),
        (format!("Authorization: Basic {token}\r\n"), 401),
        (format!("Authorization: {token}\r\n"), 401),
        (
            format!("Authorization: Bearer {token}\r\nAuthorization: Bearer x\r\n"),
            401,
        ),
        (format!("Authorization: Bearer {token}\r\n"), 200),
        (format!("authorization: bearer {token}\r\n"), 200),
    ] {
        for path in ["/status", "/nowhere", "/events", "/metrics"] {
            if expected == 200 && path != "/status" {
                continue;
            }
            let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
            let answer = ask(bench.serving.control, &request).await;
            assert_eq!(status(&answer), expected, "{path} {header}");
            assert!(!answer.contains(&token));
        }
    }
    let request = "POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(status(&ask(bench.serving.control, request).await), 401);
    assert_eq!(bench.wanted(), []);
    let health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(status(&ask(bench.serving.control, health).await), 200);
}

#[tokio::test]
async fn files_of_the_api_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let bench = Bench::new().await;
    for name in ["http.token", "sync-daemon.http.json"] {
        let metadata = bench.directory.path().join(name).metadata().unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let debugged = format!("{:?}", bench.serving);
    assert!(!debugged.contains(&bench.token()));
    bench.serving.stop().await;
    assert!(
        !bench
            .directory
            .path()
            .join("sync-daemon.http.json")
            .exists()
    );
}

#[tokio::test]
async fn large_bodies_heads_and_nonsense_are_cut_off() {
    let bench = Bench::new().await;
    let token = bench.token();
    let head = format!("Host: localhost\r\nAuthorization: Bearer {token}\r\n");
    let large = 1024 * 1024;
    let body = " ".repeat(large);
    let requests = [
        format!(
            "POST /jobs/documents/trigger HTTP/1.1\r\n{head}Content-Length: {large}\r\n\r\n{body}"
        ),
        format!("GET /status HTTP/1.1\r\n{head}X: {body}\r\n\r\n"),
        "\0\r\n\r\n".to_owned(),
    ];
    for request in requests {
        let answer = status(&ask(bench.serving.control, &request).await);
        assert!(matches!(answer, 0 | 400..=499), "{answer}");
    }
    assert_eq!(bench.wanted(), []);
    assert!(bench.control().get("/status").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn those_who_say_nothing_keep_nobody_out_for_long() {
    let bench = Bench::new().await;
    let mut silent = Vec::new();
    for _ in 0..2 * LIMITS.connections {
        silent.push(TcpStream::connect(bench.serving.control).await.unwrap());
    }
    let health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(status(&ask(bench.serving.control, health).await), 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let bench = Bench::new().await;
    let token = bench.token();
    let request = format!(
        "POST /jobs/documents/trigger HTTP/1.1\r\nHost: localhost\r\n\
         Authorization: Bearer {token}\r\nContent-Length: 10\r\n\r\n{{"
    );
    assert_eq!(status(&ask(bench.serving.control, &request).await), 504);
    assert_eq!(bench.wanted(), []);
}

#[tokio::test]
async fn a_token_for_other_machines_outlives_the_daemon() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.token");
    token::kept(&path).unwrap();
    let first = std::fs::read_to_string(&path).unwrap();
    token::kept(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    std::fs::write(&path, "short").unwrap();
    let error = token::kept(&path).unwrap_err().to_string();
    assert!(error.ends_with("metrics.token holds no token"), "{error}");
}

#[tokio::test]
async fn a_token_goes_to_programs_of_this_machine_alone() {
    let directory = tempfile::tempdir().unwrap();
    let paths = Paths::new(directory.path(), "sync-daemon");
    assert!(Control::find(&paths).unwrap().is_none());
    let record = client::record(&paths);
    for (content, words) in [
        ("{", "does not say where the daemon answers"),
        (
            r#"{"address":"10.0.0.1:80","metrics":null,"token_file":"/x","pid":1}"#,
            "is not an address of this machine alone",
        ),
    ] {
        #[expect(clippy::disallowed_methods, reason = "a test's own files")]
        std::fs::write(&record, content).unwrap();
        let error = Control::find(&paths).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let dead = r#"{"address":"127.0.0.1:9","metrics":null,"token_file":"/x","pid":1}"#;
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    std::fs::write(&record, dead).unwrap();
    assert!(Control::find(&paths).unwrap().is_none());
}
