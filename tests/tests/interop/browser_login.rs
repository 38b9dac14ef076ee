//! `syft-notify init` with a real browser: Chromium, driven by chromedriver.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use syft_emulator::{Emulator, Options};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout, Command},
};

use syft_tests::home::SYFT_NOTIFY;

const OWNER: &str = "do@example.org";
/// The name of an element's id in WebDriver's answers, fixed by the standard.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// No page takes longer, or something is wrong.
const LIMIT: Duration = Duration::from_secs(30);

/// A browser without a window.
struct Browser {
    client: reqwest::Client,
    session: String,
    driver: Child,
    _said: Lines<BufReader<ChildStdout>>,
}

impl Browser {
    async fn open() -> Self {
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = said.next_line().await.unwrap().unwrap();
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments}
        }}});
        let sessions = format!("http://127.0.0.1:{port}/session");
        let made = post(&client, &sessions, &wanted).await;
        Self {
            session: format!("{sessions}/{}", made["sessionId"].as_str().unwrap()),
            client,
            driver,
            _said: said,
        }
    }

    async fn go_to(&self, url: &str) {
        let command = format!("{}/url", self.session);
        post(&self.client, &command, &json!({"url": url})).await;
    }

    async fn click(&self, selector: &str) {
        let find = format!("{}/element", self.session);
        let by = json!({"using": "css selector", "value": selector});
        let found = post(&self.client, &find, &by).await;
        let id = found[ELEMENT].as_str().unwrap();
        let click = format!("{}/element/{id}/click", self.session);
        post(&self.client, &click, &json!({})).await;
    }

    async fn page(&self) -> String {
        let command = format!("{}/source", self.session);
        let answer = self.client.get(command).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["value"].as_str().unwrap().to_owned()
    }

    /// Opens a consent page and allows what it asks for.
    async fn allow(&self, link: &str) {
        self.go_to(link).await;
        self.shows("Let this program in?").await;
        self.click("button[value=allow]").await;
        self.shows("SyftBox has got its access").await;
    }

    /// Waits for a page, to which a click only begins to lead.
    async fn shows(&self, text: &str) {
        let deadline = Instant::now() + LIMIT;
        let mut page = self.page().await;
        while !page.contains(text) {
            assert!(Instant::now() < deadline, "{page}");
            page = self.page().await;
        }
    }

    async fn close(mut self) {
        self.client.delete(&self.session).send().await.unwrap();
        self.driver.kill().await.unwrap();
    }
}

async fn post(client: &reqwest::Client, url: &str, body: &Value) -> Value {
    let answer = client.post(url).json(body).send().await.unwrap();
    let status = answer.status();
    let mut answer: Value = answer.json().await.unwrap();
    assert!(status.is_success(), "{url}: {answer}");
    answer["value"].take()
}

fn set_up(home: &Path, emulator: &Emulator) -> Child {
    let credentials = home.join("credentials.json");
    let text = emulator.credentials().to_string();
    syft_state::fs::write_atomic(&credentials, text.as_bytes(), 0o600).unwrap();
    Command::new(&*SYFT_NOTIFY)
        .args(["init", "--no-browser", "--email", OWNER])
        .args(["--google-endpoint", emulator.url(), "--credentials"])
        .arg(credentials)
        .env("HOME", home)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn next_link(said: &mut BufReader<ChildStderr>) -> String {
    loop {
        let mut line = String::new();
        let length = said.read_line(&mut line).await.unwrap();
        assert!(length > 0, "the program ended without a link");
        if line.trim_start().starts_with("http://") {
            return line.trim().to_owned();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_logs_in_with_chromium() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut program = set_up(home.path(), &emulator);
    let mut said = BufReader::new(program.stderr.take().unwrap());
    let browser = Browser::open().await;
    for _token in ["Drive", "Gmail"] {
        browser.allow(&next_link(&mut said).await).await;
    }
    let mut rest = String::new();
    said.read_to_string(&mut rest).await.unwrap();
    assert!(program.wait().await.unwrap().success(), "{rest}");
    assert!(rest.contains("mails arrive exactly once"), "{rest}");
    browser.close().await;
    let sent = Command::new(&*SYFT_NOTIFY)
        .arg("test-email")
        .env("HOME", home.path())
        .status()
        .await
        .unwrap();
    assert!(sent.success());
    assert_eq!(emulator.inbox(OWNER).len(), 1);
}
