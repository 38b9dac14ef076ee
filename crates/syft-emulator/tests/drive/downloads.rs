use reqwest::Method;
use serde_json::json;

use crate::support::{Account, Answer, FOLDER, emulator, text};

#[tokio::test]
async fn ranges_and_what_cannot_be_downloaded() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, "me@example.org");
    let made = me
        .request(Method::POST, "/upload/drive/v3/files?uploadType=media")
        .header("content-type", "text/plain")
        .body("0123456789");
    let path = format!(
        "/drive/v3/files/{}",
        text(&Answer::of(made).await.ok()["id"])
    );
    let media = format!("{path}?alt=media&acknowledgeAbuse=true");
    for (range, status, shown, body) in [
        ("bytes=2-4", 206, Some("bytes 2-4/10"), "234"),
        ("bytes=7-", 206, Some("bytes 7-9/10"), "789"),
        ("bytes=-2", 206, Some("bytes 8-9/10"), "89"),
        ("bytes=0-99", 206, Some("bytes 0-9/10"), "0123456789"),
        ("lines=1-2", 200, None, "0123456789"),
    ] {
        let response = me
            .request(Method::GET, &media)
            .header("range", range)
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status().as_u16(), status, "{range}");
        assert_eq!(response.headers()["content-type"], "text/plain");
        let found = response
            .headers()
            .get("content-range")
            .map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(found.as_deref(), shown);
        assert_eq!(response.text().await.expect("a body"), body);
    }
    let beyond = me
        .request(Method::GET, &media)
        .header("range", "bytes=10-")
        .send()
        .await
        .expect("an answer");
    assert_eq!(beyond.headers()["content-range"], "bytes */10");
    Answer::read(beyond)
        .await
        .refused(416, "requestedRangeNotSatisfiable");
    let folder = me.make(json!({"mimeType": FOLDER})).await;
    let media = [("alt", "media")];
    me.get(&format!("/drive/v3/files/{folder}"), &media)
        .await
        .refused(403, "fileNotDownloadable");
    let plain = [("mimeType", "text/plain")];
    me.get(&format!("{path}/export"), &plain)
        .await
        .refused(403, "fileNotExportable");
    me.get(&format!("{path}/export"), &[])
        .await
        .refused(400, "required");
    let document = me
        .make(json!({"mimeType": "application/vnd.google-apps.document"}))
        .await;
    me.get(&format!("/drive/v3/files/{document}"), &media)
        .await
        .refused(403, "fileNotDownloadable");
    assert_eq!(
        me.get(&format!("/drive/v3/files/{document}/export"), &plain)
            .await
            .ok(),
        ""
    );
}
