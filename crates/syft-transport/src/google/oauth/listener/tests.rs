use secrecy::ExposeSecret as _;

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

async fn get(port: u16, target: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn bind() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn only_the_right_address_with_the_right_state_ends_the_wait() {
    let (listener, port) = bind().await;
    let browser = async {
        // A browser's connection in advance, which says nothing.
        let _silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert!(get(port, "/favicon.ico").await.starts_with("HTTP/1.1 404"));
        assert!(get(port, "/").await.starts_with("HTTP/1.1 404"));
        assert!(get(port, "/?code=theirs").await.starts_with("HTTP/1.1 400"));
        assert!(
            get(port, "/?code=theirs&state=S2")
                .await
                .starts_with("HTTP/1.1 400")
        );
        assert!(
            get(port, "/?error=access_denied&state=S2")
                .await
                .starts_with("HTTP/1.1 400")
        );
        assert!(get(port, "/?state=S1").await.starts_with("HTTP/1.1 400"));
        let page = get(port, "/?state=S1&code=4%2Fours&scope=x").await;
        assert!(
            page.starts_with("HTTP/1.1 200") && page.contains("close this window"),
            "{page}"
        );
        assert!(!page.contains("ours"), "{page}");
    };
    let (code, ()) = tokio::join!(wait(&listener, "S1", LIMIT), browser);
    assert_eq!(code.unwrap().expose_secret(), "4/ours");
}

#[tokio::test]
async fn a_refusal_ends_the_wait() {
    let (listener, port) = bind().await;
    let browser = get(port, "/?error=access_denied&state=S1");
    let (answer, page) = tokio::join!(wait(&listener, "S1", LIMIT), browser);
    assert!(matches!(
        answer.unwrap_err(),
        Error::PermissionDenied { .. }
    ));
    assert!(page.contains("no access"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_longer_than_the_limit() {
    let (listener, _) = bind().await;
    let error = wait(&listener, "S1", Duration::from_secs(300))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("nobody answered within 300 seconds"),
        "{error}"
    );
}
