use std::sync::{Arc, Mutex as StdMutex};

use bytes::Bytes;

use super::*;
use crate::drive::Content;

fn new_entry(content: Content) -> NewEntry {
    NewEntry {
        id: Some(FileId::new("N")),
        name: "o'brien \"x\"\n".into(),
        parent: Some(FileId::new("P")),
        content,
    }
}

fn created() -> Value {
    file("N", "o'brien \"x\"\n", &["P"])
}

#[tokio::test]
async fn a_small_file_is_one_request() {
    let script = Script::acts([answer(created())]).await;
    let entry = new_entry(Content::Bytes(Bytes::from_static(b"--x\r\n")));
    assert_eq!(
        drive(&script).create(entry).await.unwrap().id,
        FileId::new("N")
    );
    let [request] = &script.seen()[..] else {
        panic!()
    };
    assert_eq!(
        (request.method.as_str(), request.path()),
        ("POST", "/upload/drive/v3/files")
    );
    assert_eq!(request.query("uploadType").as_deref(), Some("multipart"));
    let boundary = request.header("content-type").unwrap();
    let boundary = boundary
        .strip_prefix("multipart/related; boundary=")
        .unwrap();
    let body = request.text();
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    let metadata: Value = serde_json::from_str(parts[1].split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(metadata["id"], "N");
    assert_eq!(metadata["name"], "o'brien \"x\"\n");
    assert_eq!(metadata["parents"], json!(["P"]));
    assert!(parts[2].ends_with("\r\n\r\n--x\r\n\r\n"), "{:?}", parts[2]);
    assert_eq!(parts[3], "--\r\n");
}

#[tokio::test]
async fn ids_are_made_in_advance_so_that_a_repeated_creation_is_done_once() {
    let script = Script::acts([
        answer(json!({"ids": ["M", "N"]})),
        Act::Drop,
        refusal(409, "fileIdInUse"),
        answer(created()),
        answer(created()),
    ])
    .await;
    let drive = drive(&script);
    let entry = NewEntry {
        id: None,
        ..new_entry(Content::Folder)
    };
    let error = drive.create(entry.clone()).await.unwrap_err();
    // What has this id is a file, and we made a folder.
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    let entry = NewEntry {
        content: Content::Bytes(Bytes::new()),
        ..entry
    };
    assert_eq!(drive.create(entry).await.unwrap().id, FileId::new("N"));
    let creation = "POST /drive/v3/files";
    assert_eq!(
        calls(&script),
        [
            "GET /drive/v3/files/generateIds",
            creation,
            creation,
            "GET /drive/v3/files/N",
            "POST /upload/drive/v3/files"
        ]
    );
    assert_eq!(
        serde_json::from_slice::<Value>(&script.seen()[2].body).unwrap()["id"],
        "N"
    );
}

#[tokio::test]
async fn a_creation_that_was_done_is_done() {
    let script = Script::acts([status(500), refusal(409, "fileIdInUse"), answer(created())]).await;
    let entry = new_entry(Content::Bytes(Bytes::new()));
    drive(&script).create(entry).await.unwrap();
    assert_eq!(script.count(), 3);
}

/// notify.md §1.2: Google sometimes drops the parents.
#[tokio::test]
async fn a_file_in_the_wrong_folder_is_moved() {
    let script = Script::acts([answer(file("N", "x", &["root1"])), answer(created())]).await;
    let entry = drive(&script)
        .create(new_entry(Content::Folder))
        .await
        .unwrap();
    assert_eq!(entry.parents, [FileId::new("P")]);
    let repair = &script.seen()[1];
    assert_eq!(
        (repair.method.as_str(), repair.path()),
        ("PATCH", "/drive/v3/files/N")
    );
    assert_eq!(repair.query("addParents").as_deref(), Some("P"));
    assert_eq!(repair.query("removeParents").as_deref(), Some("root1"));
}

#[tokio::test]
async fn a_file_that_arrived_in_part_is_not_uploaded() {
    let mut part = created();
    part["size"] = "3".into();
    let script = Script::acts([answer(part)]).await;
    let entry = new_entry(Content::Bytes(Bytes::from_static(b"12345")));
    let error = drive(&script).create(entry).await.unwrap_err();
    assert!(
        error.to_string().contains("3 bytes instead of 5"),
        "{error}"
    );
}

#[tokio::test]
async fn a_local_file_that_is_missing_is_named() {
    let script = Script::acts([status(500)]).await;
    let entry = new_entry(Content::File("/nowhere/archive".into()));
    let error = drive(&script).create(entry).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot access /nowhere/archive");
}

/// What happens to the n-th chunk that arrives.
type Fault = fn(&mut Sessions, Seen) -> Act;

/// A server of resumable uploads.
#[derive(Default)]
struct Sessions {
    base: String,
    sessions: usize,
    received: Vec<u8>,
    total: usize,
    puts: usize,
    faults: Vec<(usize, Fault)>,
}

impl Sessions {
    fn act(&mut self, seen: &Seen) -> Act {
        if seen.method == "POST" {
            assert_eq!(seen.query("uploadType").as_deref(), Some("resumable"));
            self.total = seen
                .header("x-upload-content-length")
                .unwrap()
                .parse()
                .unwrap();
            self.sessions += 1;
            self.received.clear();
            let session = format!(
                "{}upload/drive/v3/files?upload_id=s{}",
                self.base, self.sessions
            );
            return Act::Answer(200, vec![("location", session)], Vec::new());
        }
        assert_eq!(seen.header("authorization"), None);
        self.puts += 1;
        let fault = self.faults.iter().find(|(put, _)| *put == self.puts);
        match fault.copied() {
            Some((_, fault)) => fault(self, seen.clone()),
            None => self.put(seen),
        }
    }

    fn put(&mut self, seen: &Seen) -> Act {
        if seen.query("upload_id") != Some(format!("s{}", self.sessions)) {
            return status(404);
        }
        let range = seen
            .header("content-range")
            .unwrap()
            .strip_prefix("bytes ")
            .unwrap();
        let (range, total) = range.split_once('/').unwrap();
        assert_eq!(total, self.total.to_string());
        if let Some((start, end)) = range.split_once('-') {
            assert_eq!(start, self.received.len().to_string());
            self.received.extend_from_slice(&seen.body);
            assert_eq!(end, (self.received.len() - 1).to_string());
        }
        self.state()
    }

    fn state(&self) -> Act {
        if self.received.len() == self.total {
            let mut file = created();
            file["size"] = self.total.to_string().into();
            return answer(file);
        }
        let range = format!("bytes=0-{}", self.received.len().saturating_sub(1));
        let range = (!self.received.is_empty()).then_some(("range", range));
        Act::Answer(308, range.into_iter().collect(), Vec::new())
    }
}

/// Uploads 9 MiB from a file; returns how many sessions and chunks it took.
async fn upload(faults: Vec<(usize, Fault)>) -> (Result<Entry>, usize, usize) {
    let content: Vec<u8> = (0..9 << 20).map(|i: u32| (i % 251) as u8).collect();
    let mut local = tempfile::NamedTempFile::new().unwrap();
    local.write_all(&content).unwrap();
    let server = Arc::new(StdMutex::new(Sessions {
        faults,
        ..Sessions::default()
    }));
    let inner = server.clone();
    let script = Script::new(move |seen| inner.lock().unwrap().act(seen)).await;
    server.lock().unwrap().base = script.url.to_string();
    let entry = new_entry(Content::File(local.path().to_owned()));
    let result = drive(&script).create(entry).await;
    let server = server.lock().unwrap();
    if result.is_ok() {
        assert!(server.received == content);
    }
    (result, server.sessions, server.puts)
}

#[tokio::test]
async fn a_large_file_goes_up_in_chunks() {
    let (result, sessions, puts) = upload(Vec::new()).await;
    assert_eq!(result.unwrap().size, Some(9 << 20));
    assert_eq!((sessions, puts), (1, 3));
}

#[tokio::test]
async fn an_upload_goes_on_after_a_broken_connection() {
    // Chunk 2 is lost; chunk 3 arrives but its answer does not.
    let lost: Fault = |_, _| Act::Drop;
    let arrived: Fault = |server, seen| {
        server.put(&seen);
        Act::Drop
    };
    let (result, sessions, puts) = upload(vec![(2, lost), (4, arrived)]).await;
    result.unwrap();
    assert_eq!((sessions, puts), (1, 6));
}

#[tokio::test]
async fn an_upload_goes_on_from_what_the_server_has() {
    let part: Fault = |server, seen| {
        server.received.extend_from_slice(&seen.body[..256 << 10]);
        server.state()
    };
    let (result, sessions, puts) = upload(vec![(2, part)]).await;
    result.unwrap();
    assert_eq!((sessions, puts), (1, 4));
}

#[tokio::test]
async fn troubles_of_the_server_are_waited_out() {
    let busy: Fault = |_, _| status(503);
    let odd: Fault = |_, _| refusal(400, "badRequest");
    let (result, sessions, _) = upload(vec![(1, busy), (4, odd), (7, busy)]).await;
    result.unwrap();
    assert_eq!(sessions, 1);
}

#[tokio::test]
async fn a_forgotten_upload_begins_anew() {
    let forgotten: Fault = |_, _| status(404);
    let (result, sessions, _) = upload(vec![(2, forgotten)]).await;
    result.unwrap();
    assert_eq!(sessions, 2);
}

#[tokio::test]
async fn an_upload_that_never_works_ends() {
    let never: Fault = |_, _| Act::Drop;
    let (result, ..) = upload((1..100).map(|put| (put, never)).collect()).await;
    assert!(result.unwrap_err().is_transient());
    let forgotten: Fault = |_, _| status(410);
    let (result, sessions, _) = upload((1..100).map(|put| (put, forgotten)).collect()).await;
    result.unwrap_err();
    assert!(sessions <= 5, "{sessions}");
}

#[tokio::test]
async fn content_goes_nowhere_else() {
    let elsewhere = vec![("location", "http://evil.example/upload".to_owned())];
    let script = Script::acts([Act::Answer(200, elsewhere, Vec::new())]).await;
    let entry = new_entry(Content::Bytes(vec![0; 6 << 20].into()));
    let error = drive(&script).create(entry).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("does not say where to upload to"),
        "{error}"
    );
}
