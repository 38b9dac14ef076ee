use reqwest::{Method, Response, header::HeaderMap};
use serde_json::{Value, json};

use crate::support::{Account, Answer, FOLDER, emulator, text};

const ME: &str = "me@example.org";
const GRAIN: usize = 256 * 1024;

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .map(|value| value.to_str().expect("text").to_owned())
}

async fn content(me: &Account, id: &str) -> Vec<u8> {
    let request = me.request(Method::GET, &format!("/drive/v3/files/{id}?alt=media"));
    request
        .send()
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("a body")
        .to_vec()
}

#[tokio::test]
async fn simple_and_multipart() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let simple = me
        .request(
            Method::POST,
            "/upload/drive/v3/files?uploadType=media&fields=*",
        )
        .header("content-type", "text/plain")
        .body("abc");
    let made = Answer::of(simple).await.ok();
    assert_eq!(
        (&made["name"], &made["mimeType"], &made["size"]),
        (&json!("Untitled"), &json!("text/plain"), &json!("3"))
    );
    assert_eq!(made["md5Checksum"], "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(
        made["sha1Checksum"],
        "a9993e364706816aba3e25717850c26c9cd0d89d"
    );
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(made["sha256Checksum"], sha256);
    let revision = made["headRevisionId"].clone();
    let id = text(&made["id"]);
    let body = "--b\r\nContent-Type: application/json\r\n\r\n{\"name\":\"n\"}\r\n--b\r\n\
        Content-Type: text/x\r\n\r\nnew\r\n--b--";
    let change = me
        .request(
            Method::PATCH,
            &format!("/upload/drive/v3/files/{id}?uploadType=multipart&fields=*"),
        )
        .header("content-type", "multipart/related; boundary=b")
        .body(body);
    let changed = Answer::of(change).await.ok();
    assert_eq!(
        (&changed["name"], &changed["mimeType"]),
        (&json!("n"), &json!("text/x"))
    );
    assert_ne!(changed["headRevisionId"], revision);
    assert_eq!(content(&me, &id).await, b"new");
    let folder = me.make(json!({"mimeType": FOLDER})).await;
    let wrong = me
        .request(
            Method::PATCH,
            &format!("/upload/drive/v3/files/{folder}?uploadType=media"),
        )
        .body("x");
    Answer::of(wrong).await.refused(400, "badRequest");
    let untyped = me.request(Method::POST, "/upload/drive/v3/files").body("x");
    Answer::of(untyped).await.refused(400, "invalidParameter");
}

/// Opens a session and returns its URL.
async fn open(me: &Account, path: &str, total: Option<usize>, metadata: Value) -> String {
    let mut request = me
        .request(Method::POST, path)
        .header("x-upload-content-type", "application/x-test")
        .json(&metadata);
    if let Some(total) = total {
        request = request.header("x-upload-content-length", total);
    }
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    header(response.headers(), "location").expect("a session")
}

/// Sends a chunk without a token, as clients do.
async fn chunk(me: &Account, method: Method, url: &str, range: &str, bytes: &[u8]) -> Response {
    let request = me.anonymous(method, url).header("content-range", range);
    request
        .body(bytes.to_vec())
        .send()
        .await
        .expect("an answer")
}

#[track_caller]
fn incomplete(response: &Response, range: Option<&str>) {
    assert_eq!(response.status(), 308);
    assert_eq!(header(response.headers(), "range").as_deref(), range);
}

#[tokio::test]
async fn resumable_in_chunks_by_put_or_post() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let data: Vec<u8> = (0..2 * GRAIN + 100)
        .map(|at| u8::try_from(at % 251).expect("small"))
        .collect();
    let total = data.len();
    for (prefix, method) in [
        ("/upload", Method::PUT),
        ("/resumable/upload", Method::POST),
    ] {
        let path = format!("{prefix}/drive/v3/files?uploadType=resumable&fields=id,size,mimeType");
        let url = open(&me, &path, Some(total), json!({"name": "big"})).await;
        let ask = format!("bytes */{total}");
        incomplete(&chunk(&me, Method::PUT, &url, &ask, b"").await, None);
        let range = format!("bytes 0-{}/{total}", GRAIN - 1);
        let first = chunk(&me, method.clone(), &url, &range, &data[..GRAIN]).await;
        incomplete(&first, Some(&format!("bytes=0-{}", GRAIN - 1)));
        // A chunk that does not fill a grain is cut: the range is shorter than what was sent.
        let range = format!("bytes {GRAIN}-{}/{total}", GRAIN + 99);
        let short = chunk(&me, method.clone(), &url, &range, &data[GRAIN..GRAIN + 100]).await;
        incomplete(&short, Some(&format!("bytes=0-{}", GRAIN - 1)));
        let gap = format!("bytes {}-{}/{total}", GRAIN + 100, total - 1);
        let gap = chunk(&me, method.clone(), &url, &gap, &data[GRAIN + 100..]).await;
        Answer::read(gap).await.refused(400, "badRequest");
        let range = format!("bytes {GRAIN}-{}/{total}", total - 1);
        let last = chunk(&me, method, &url, &range, &data[GRAIN..]).await;
        let made = Answer::read(last).await.ok();
        let id = text(&made["id"]);
        assert_eq!(
            made,
            json!({"id": id, "size": total.to_string(), "mimeType": "application/x-test"})
        );
        assert_eq!(content(&me, &id).await, data);
        // Whoever lost the answer asks again and learns that all is done.
        let again = Answer::read(chunk(&me, Method::PUT, &url, &ask, b"").await)
            .await
            .ok();
        assert_eq!(again, made);
    }
    assert_eq!(me.names("name = 'big'", "name").await.len(), 2);
}

#[tokio::test]
async fn resumable_with_unknown_length_and_in_one_go() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let start = "/upload/drive/v3/files?uploadType=resumable";
    let url = open(&me, start, None, json!({"name": "stream"})).await;
    let whole = me.anonymous(Method::PUT, &url).body("all of it");
    let id = text(&Answer::of(whole).await.ok()["id"]);
    assert_eq!(content(&me, &id).await, b"all of it");
    let url = open(&me, start, None, json!({"name": "stream"})).await;
    let data = vec![7; GRAIN + 5];
    let first = chunk(
        &me,
        Method::PUT,
        &url,
        &format!("bytes 0-{}/*", GRAIN - 1),
        &data[..GRAIN],
    )
    .await;
    incomplete(&first, Some(&format!("bytes=0-{}", GRAIN - 1)));
    let range = format!("bytes {GRAIN}-{}/{}", GRAIN + 4, GRAIN + 5);
    let id = text(
        &Answer::read(chunk(&me, Method::PUT, &url, &range, &data[GRAIN..]).await)
            .await
            .ok()["id"],
    );
    assert_eq!(content(&me, &id).await, data);
    let url = open(&me, start, Some(0), json!({"name": "empty"})).await;
    let empty = Answer::of(me.anonymous(Method::PUT, &url).header("content-length", 0))
        .await
        .ok();
    assert_eq!(content(&me, &text(&empty["id"])).await, b"");
}

#[tokio::test]
async fn resumable_update_keeps_the_id() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let id = me.make(json!({"name": "file"})).await;
    // Python's client sends an empty body when there is nothing to say about the file.
    let request = me
        .request(
            Method::PATCH,
            &format!("/upload/drive/v3/files/{id}?uploadType=resumable&alt=json"),
        )
        .header("x-upload-content-type", "text/plain")
        .header("x-upload-content-length", 3);
    let response = request.send().await.expect("an answer");
    let url = header(response.headers(), "location").expect("a session");
    assert!(url.contains(&id), "{url}");
    let made = Answer::read(chunk(&me, Method::PUT, &url, "bytes 0-2/3", b"new").await)
        .await
        .ok();
    assert_eq!(
        made,
        json!({"kind": "drive#file", "id": id, "name": "file", "mimeType": "text/plain"})
    );
    assert_eq!(content(&me, &id).await, b"new");
}

#[tokio::test]
async fn sessions_end() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let start = "/upload/drive/v3/files?uploadType=resumable";
    let url = open(&me, start, Some(3), json!({})).await;
    let cancelled = me
        .anonymous(Method::DELETE, &url)
        .send()
        .await
        .expect("an answer");
    assert_eq!(cancelled.status().as_u16(), 499);
    let gone = chunk(&me, Method::PUT, &url, "bytes 0-2/3", b"abc").await;
    Answer::read(gone).await.refused(404, "notFound");
    let url = open(&me, start, Some(3), json!({})).await;
    emulator.advance(std::time::Duration::from_secs(8 * 24 * 3600));
    let old = chunk(&me, Method::PUT, &url, "bytes 0-2/3", b"abc").await;
    Answer::read(old).await.refused(404, "notFound");
}

#[tokio::test]
async fn bad_starts_and_chunks_are_refused() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let start = "/upload/drive/v3/files?uploadType=resumable";
    let nowhere = me.post(start, json!({"parents": ["nowhere"]})).await;
    nowhere.refused(404, "notFound");
    let huge = me
        .request(Method::POST, start)
        .header("x-upload-content-length", u64::MAX)
        .json(&json!({}));
    Answer::of(huge).await.refused(413, "uploadTooLarge");
    let anonymous = me.anonymous(Method::POST, start).json(&json!({}));
    Answer::of(anonymous).await.refused(401, "authError");
    let url = open(&me, start, Some(3), json!({})).await;
    for (range, bytes) in [
        ("bytes 0-9/10", &b"0123456789"[..]),
        ("bytes 0-2", b"abc"),
        ("bytes 0-1/3", b"abc"),
    ] {
        let refused = Answer::read(chunk(&me, Method::PUT, &url, range, bytes).await).await;
        refused.refused(400, "badRequest");
    }
}

/// The client's connection breaks in the middle of a chunk; what arrived in full grains is kept.
#[tokio::test]
async fn a_broken_connection_loses_little() {
    use tokio::io::AsyncWriteExt;
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let total = 4 * GRAIN;
    let url = open(
        &me,
        "/upload/drive/v3/files?uploadType=resumable",
        Some(total),
        json!({}),
    )
    .await;
    let address = emulator.url().trim_start_matches("http://").to_owned();
    let path = url.trim_start_matches(emulator.url());
    let mut stream = tokio::net::TcpStream::connect(&address)
        .await
        .expect("a connection");
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {total}\r\n\
         Content-Range: bytes 0-{}/{total}\r\n\r\n",
        total - 1
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
        .write_all(&vec![1; 2 * GRAIN + 1000])
        .await
        .expect("sent");
    stream.shutdown().await.expect("closed");
    drop(stream);
    let ask = format!("bytes */{total}");
    let expected = format!("bytes=0-{}", 2 * GRAIN - 1);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let response = chunk(&me, Method::PUT, &url, &ask, b"").await;
        if header(response.headers(), "range").as_deref() == Some(&expected) {
            break;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "the bytes never arrived"
        );
        tokio::task::yield_now().await;
    }
    let rest = format!("bytes {}-{}/{total}", 2 * GRAIN, total - 1);
    let last = chunk(&me, Method::PUT, &url, &rest, &vec![2; 2 * GRAIN]).await;
    let id = text(&Answer::read(last).await.ok()["id"]);
    let mut expected = vec![1; 2 * GRAIN];
    expected.extend(vec![2; 2 * GRAIN]);
    assert_eq!(content(&me, &id).await, expected);
}
