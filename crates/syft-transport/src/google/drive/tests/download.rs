use super::*;

const CONTENT: &[u8] = b"0123456789";

/// Answers range requests as Drive does.
fn media(seen: &Seen) -> Act {
    let Some(range) = seen.header("range") else {
        return Act::Answer(200, Vec::new(), CONTENT.to_vec());
    };
    let (start, end) = range
        .strip_prefix("bytes=")
        .unwrap()
        .split_once('-')
        .unwrap();
    let start: usize = start.parse().unwrap();
    let end = end
        .parse()
        .map_or(CONTENT.len(), |end: usize| (end + 1).min(CONTENT.len()));
    if start >= CONTENT.len() {
        return Act::Answer(
            416,
            vec![("content-range", "bytes */10".into())],
            Vec::new(),
        );
    }
    let range = format!("bytes {start}-{}/{}", end - 1, CONTENT.len());
    Act::Answer(
        206,
        vec![("content-range", range)],
        CONTENT[start..end].to_vec(),
    )
}

async fn read(script: &Script, limit: u64) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let length = drive(script)
        .read(&FileId::new("1"), limit, &mut content)
        .await?;
    assert_eq!(length, content.len() as u64);
    Ok(content)
}

#[tokio::test]
async fn a_file_is_read_up_to_its_limit() {
    let script = Script::new(media).await;
    assert_eq!(read(&script, 10).await.unwrap(), CONTENT);
    assert_eq!(script.seen()[0].target, "/drive/v3/files/1?alt=media");
    assert_eq!(script.seen()[0].header("accept-encoding"), Some("identity"));
}

/// T6: nobody fills our memory or disk.
#[tokio::test]
async fn a_file_beyond_its_limit_is_not_read() {
    let script = Script::new(media).await;
    let mut content = Vec::new();
    let error = drive(&script)
        .read(&FileId::new("1"), 9, &mut content)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 9, .. }), "{error}");
    assert_eq!((content.len(), script.count()), (0, 1));
}

/// T6: the length that is promised may be a lie.
#[tokio::test]
async fn a_stream_without_a_length_is_stopped_at_the_limit() {
    let body = b"6\r\n012345\r\n6\r\n678901\r\n0\r\n\r\n".to_vec();
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let script = Script::acts([status(500)]).await;
    let mut drive = drive(&script);
    let port = listener.local_addr().unwrap().port();
    drive.drive.drive.set_port(Some(port)).unwrap();
    let server = async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(&[head, body].concat()).await.unwrap();
        stream
    };
    let mut content = Vec::new();
    let id = FileId::new("1");
    let (result, _stream) = tokio::join!(drive.read(&id, 11, &mut content), server);
    assert!(matches!(
        result.unwrap_err(),
        Error::TooLarge { limit: 11, .. }
    ));
    assert!(content.len() <= 11);
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_stopped() {
    let mut broken = 0;
    let script = Script::new(move |seen| {
        broken += 1;
        if broken == 1 {
            Act::Truncate(4, CONTENT.to_vec())
        } else {
            media(seen)
        }
    })
    .await;
    assert_eq!(read(&script, 10).await.unwrap(), CONTENT);
    assert_eq!(script.seen()[1].header("range"), Some("bytes=4-"));
}

#[tokio::test]
async fn a_server_that_starts_anew_does_not_double_the_beginning() {
    let mut broken = 0;
    let script = Script::new(move |_| {
        broken += 1;
        if broken == 1 {
            Act::Truncate(4, CONTENT.to_vec())
        } else {
            Act::Answer(200, Vec::new(), CONTENT.to_vec())
        }
    })
    .await;
    assert_eq!(read(&script, 10).await.unwrap(), CONTENT);
}

#[tokio::test]
async fn a_file_that_changes_meanwhile_is_not_mixed() {
    let mut broken = 0;
    let script = Script::new(move |_| {
        broken += 1;
        if broken == 1 {
            return Act::Truncate(4, CONTENT.to_vec());
        }
        Act::Answer(
            206,
            vec![("content-range", "bytes 4-11/12".into())],
            b"abcdefgh".to_vec(),
        )
    })
    .await;
    let error = read(&script, 100).await.unwrap_err();
    assert!(
        error.to_string().contains("changed while it was read"),
        "{error}"
    );
}

#[tokio::test]
async fn a_download_that_always_breaks_is_unavailable() {
    let script = Script::acts([Act::Truncate(0, CONTENT.to_vec())]).await;
    let error = read(&script, 10).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(script.count(), 5);
}

#[tokio::test]
async fn what_is_not_shared_is_not_found() {
    let script = Script::acts([refusal(404, "notFound")]).await;
    let error = read(&script, 10).await.unwrap_err();
    assert_eq!(error.to_string(), "file 1 was not found");
}

#[track_caller]
fn check_range(range: Range<u64>, expected: &[u8]) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(async {
        let script = Script::new(media).await;
        let mut content = Vec::new();
        let id = FileId::new("1");
        let length = drive(&script)
            .read_range(&id, range, &mut content)
            .await
            .unwrap();
        assert_eq!(content, expected);
        assert_eq!(length, expected.len() as u64);
    });
}

#[test]
fn ranges() {
    check_range(0..10, CONTENT);
    check_range(2..5, b"234");
    check_range(8..100, b"89");
    check_range(10..12, b"");
    check_range(50..60, b"");
    check_range(5..5, b"");
}
