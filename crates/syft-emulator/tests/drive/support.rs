//! An emulator and accounts that talk to it.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use syft_emulator::{Emulator, Options};

pub(crate) const SCOPE: &str = "https://www.googleapis.com/auth/drive";
pub(crate) const FOLDER: &str = "application/vnd.google-apps.folder";

pub(crate) async fn emulator() -> Emulator {
    // Another test of this process may have been faster.
    drop(rustls::crypto::ring::default_provider().install_default());
    Emulator::start(Options::default())
        .await
        .expect("it starts")
}

/// One account's client.
pub(crate) struct Account {
    url: String,
    token: String,
    client: reqwest::Client,
}

impl Account {
    pub(crate) fn new(emulator: &Emulator, email: &str) -> Self {
        Self::with_scope(emulator, email, SCOPE)
    }

    pub(crate) fn with_scope(emulator: &Emulator, email: &str, scope: &str) -> Self {
        let token = emulator.token(email, &[scope]);
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        Self {
            url: emulator.url().to_owned(),
            token: token["token"].as_str().expect("an access token").to_owned(),
            client: client.build().expect("a client"),
        }
    }

    /// A request with this account's token; `path` may be a whole URL.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.token)
    }

    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        let url = match path.starts_with("http") {
            true => path.to_owned(),
            false => format!("{}{path}", self.url),
        };
        self.client.request(method, url)
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        Answer::of(self.request(Method::GET, path).query(query)).await
    }

    pub(crate) async fn list(&self, query: &[(&str, &str)]) -> Answer {
        self.get("/drive/v3/files", query).await
    }

    /// Names found by a query, in the order given.
    pub(crate) async fn names(&self, q: &str, order: &str) -> Vec<String> {
        let answer = self.list(&[("q", q), ("orderBy", order)]).await.ok();
        let files = answer["files"].as_array().expect("a list").iter();
        files.map(|file| text(&file["name"])).collect()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    /// Creates a file without content and returns its id.
    pub(crate) async fn make(&self, body: Value) -> String {
        let made = self.post("/drive/v3/files", body).await.ok();
        text(&made["id"])
    }

    pub(crate) async fn share(&self, id: &str, with: &str, role: &str) -> Answer {
        let body = serde_json::json!({"type": "user", "role": role, "emailAddress": with});
        self.post(&format!("/drive/v3/files/{id}/permissions"), body)
            .await
    }
}

/// Status and JSON of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        Self::read(request.send().await.expect("an answer")).await
    }

    pub(crate) async fn read(response: Response) -> Self {
        let status = response.status();
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, body }
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.body
    }

    /// Checks a refusal's status and reason, and that it has the shape of Google's errors.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, reason: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let error = &self.body["error"];
        assert_eq!(error["code"], status, "{self:?}");
        assert_eq!(error["errors"][0]["reason"], reason, "{self:?}");
        assert_eq!(error["errors"][0]["message"], error["message"]);
        text(&error["message"])
    }
}

#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a string: {value}"))
        .to_owned()
}
