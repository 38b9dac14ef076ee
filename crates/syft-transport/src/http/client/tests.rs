use reqwest::Method;

use super::*;
use crate::http::{
    Operation, Repeat, check,
    script::{Act, Script, impatient_client, json, quick_client, refusal, status},
};

const CALL: Operation = Operation::new("a call", 5);

async fn get(script: &Script, repeat: Repeat) -> Result<serde_json::Value, Failure> {
    get_with(&quick_client(), script, repeat).await
}

async fn get_with(
    client: &Client,
    script: &Script,
    repeat: Repeat,
) -> Result<serde_json::Value, Failure> {
    let request = Request::new(CALL, Method::GET, script.url.clone());
    let attempt = || async {
        let answer = client.send(&request, None).await?.collect().await?;
        check("a call", answer)?.json("a call")
    };
    client.retry().run(repeat, attempt).await
}

#[track_caller]
fn succeeds(acts: Vec<Act>, requests: usize) {
    run(async {
        let script = Script::acts(acts).await;
        assert_eq!(get(&script, Repeat::Safe).await.unwrap()["ok"], true);
        assert_eq!(script.count(), requests);
    });
}

#[track_caller]
fn fails(act: Act, repeat: Repeat, requests: usize, expected: &str) {
    run(async {
        let script = Script::acts([act]).await;
        let failure = get(&script, repeat).await.unwrap_err();
        assert_eq!(failure.once_only().to_string(), expected);
        assert_eq!(script.count(), requests);
    });
}

fn run(test: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(test);
}

fn good() -> Act {
    json(serde_json::json!({ "ok": true }))
}

#[test]
fn what_may_pass_is_tried_again() {
    succeeds(vec![good()], 1);
    succeeds(vec![status(503), status(500), good()], 3);
    succeeds(
        vec![status(429), refusal(403, "userRateLimitExceeded"), good()],
        3,
    );
    succeeds(vec![Act::Drop, good()], 2);
    succeeds(vec![Act::Truncate(3, b"{\"ok\":true}".to_vec()), good()], 2);
    // A login page of the hotel's network.
    succeeds(
        vec![Act::Answer(200, Vec::new(), b"<html>".to_vec()), good()],
        2,
    );
    succeeds(vec![status(200), good()], 2);
}

#[test]
fn what_cannot_pass_is_not() {
    fails(
        status(400),
        Repeat::Safe,
        1,
        "a call was rejected: status 400",
    );
    fails(status(404), Repeat::Safe, 1, "a call was not found");
    fails(
        refusal(403, "storageQuotaExceeded"),
        Repeat::Safe,
        1,
        "a call was refused: storageQuotaExceeded (the account's storage is full)",
    );
}

#[test]
fn failures_end() {
    fails(
        status(503),
        Repeat::Safe,
        5,
        "a call is not available now: status 503",
    );
}

#[test]
fn what_must_not_happen_twice_is_asked_for_once() {
    let once = Repeat::OnlyIfRefused;
    fails(
        status(500),
        once,
        1,
        "a call may or may not have been carried out: status 500",
    );
    fails(
        status(502),
        once,
        1,
        "a call may or may not have been carried out: status 502",
    );
    fails(
        status(504),
        once,
        1,
        "a call may or may not have been carried out: status 504",
    );
    fails(
        status(200),
        once,
        1,
        "a call may or may not have been carried out: it is empty",
    );
    fails(
        status(503),
        once,
        5,
        "a call is not available now: status 503",
    );
    fails(
        status(429),
        once,
        5,
        "a call was refused because of too many calls",
    );
}

#[tokio::test]
async fn a_server_that_says_nothing_may_have_carried_the_request() {
    let script = Script::acts([Act::Hang]).await;
    let result = get_with(&impatient_client(), &script, Repeat::OnlyIfRefused).await;
    let error = result.unwrap_err().once_only().to_string();
    assert_eq!(
        error,
        "a call may or may not have been carried out: it took too long"
    );
    assert_eq!(script.count(), 1);
}

#[tokio::test]
async fn a_connection_that_breaks_may_have_carried_the_request() {
    let script = Script::acts([Act::Drop]).await;
    let failure = get(&script, Repeat::OnlyIfRefused).await.unwrap_err();
    assert!(failure.maybe_done);
    assert_eq!(script.count(), 1);
}

#[tokio::test]
async fn a_port_where_nobody_listens_has_carried_nothing() {
    let script = Script::acts([status(200)]).await;
    let url = script.url.clone();
    drop(script);
    // The port is free only once the task has ended.
    while tokio::net::TcpStream::connect(("127.0.0.1", url.port().unwrap()))
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    let request = Request::new(CALL, Method::GET, url);
    let failure = quick_client().send(&request, None).await.unwrap_err();
    assert!(!failure.maybe_done);
    assert!(
        failure.error.to_string().contains("the connection failed"),
        "{}",
        failure.error
    );
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let to = vec![("location", "/elsewhere".to_owned())];
    let script = Script::acts([Act::Answer(308, to, Vec::new())]).await;
    let request = Request::new(CALL, Method::PUT, script.url.clone());
    let reply = quick_client().send(&request, None).await.unwrap();
    assert_eq!(reply.status(), 308);
    assert_eq!(script.count(), 1);
}

#[tokio::test]
async fn an_error_is_not_read_to_its_end() {
    let script = Script::acts([Act::Answer(500, Vec::new(), vec![b'x'; 1 << 20])]).await;
    let request = Request::new(CALL, Method::GET, script.url.clone());
    let answer = quick_client()
        .send(&request, None)
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert_eq!(answer.body.len(), MAX_ERROR);
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_for_a_place() {
    let script = Script::acts([Act::Hang]).await;
    let client = Client::new(Options {
        proxies: Proxies::Never,
        concurrency: 2,
        call_timeout: Duration::from_millis(300),
        ..Options::default()
    })
    .unwrap();
    let request = Request::new(CALL, Method::GET, script.url.clone());
    let start = std::time::Instant::now();
    let calls = (0..4).map(|_| client.send(&request, None));
    let results = futures_util::future::join_all(calls).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!(script.count(), 4);
    assert!(
        start.elapsed() >= Duration::from_millis(550),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn nothing_secret_is_shown() {
    let url = "https://www.googleapis.com/upload?upload_id=s3cret"
        .parse()
        .unwrap();
    let request = Request::new(CALL, Method::PUT, url).body("text/plain", "s3cret");
    assert!(!format!("{request:?}").contains("s3cret"));
    let answer = Answer {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"s3cret"),
    };
    assert!(!format!("{answer:?}").contains("s3cret"));
}
