//! A mail server and a webhook of other people's making, and `syft-notify` without Gmail.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use syft_monitor::fixtures::{Layout, SampleClient, SampleJob};
use syft_state::fs::write_atomic;
use syft_tests::home::SYFT_NOTIFY;
use syft_transport::LocalDrive;
use tempfile::TempDir;

use crate::{peers::peers, programs::interop_file};

const OWNER: &str = "do@example.org";
const DS: &str = "ds@example.org";
/// Its umlaut shows that passwords are sent as they are.
const PASSWORD: &str = "geheimnis, größer\n";

/// No answer takes longer, or something is wrong.
const LIMIT: Duration = Duration::from_secs(60);

/// Both servers, and a data owner who uses them.
struct Scene {
    folder: TempDir,
    servers: Child,
    /// What the servers say.
    lines: Receiver<String>,
    ports: Value,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.servers.kill().ok();
        self.servers.wait().ok();
    }
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        let write = |name: &str, text: &str| {
            write_atomic(&folder.path().join(name), text.as_bytes(), 0o600).unwrap();
        };
        write("password", PASSWORD);
        write("key", "key of the webhook\n");
        let mut servers = Command::new(aiosmtpd())
            .args(["-W", "ignore"])
            .arg(interop_file("receivers.py"))
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(servers.stdout.take().unwrap()).lines();
        let (say, said) = mpsc::channel();
        std::thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .try_for_each(|line| say.send(line))
        });
        let mut scene = Self {
            folder,
            servers,
            lines: said,
            ports: Value::Null,
        };
        scene.ports = scene.next();
        fs::create_dir_all(scene.path("SyftBox").join(OWNER)).unwrap();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the next thing that a server says.
    #[track_caller]
    fn next(&self) -> Value {
        let line = self.lines.recv_timeout(LIMIT).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn configure(&self, encryption: &str, more: &str) {
        let config = format!(
            "do_email: {OWNER}\nsyftbox_root: SyftBox\nbackend: local:hub\n\
             state_path: state.json\nmail: smtp\nsmtp:\n  host: localhost\n  port: {}\n  \
             encryption: {encryption}\n  username: do\n  password_file: password\n  \
             from: notices@hospital.example\n{more}",
            self.ports[encryption]
        );
        write_atomic(&self.path("daemon.yaml"), config.as_bytes(), 0o600).unwrap();
    }

    fn notify(&self, line: &[&str]) -> Output {
        let config = self.path("daemon.yaml");
        Command::new(&*SYFT_NOTIFY)
            .args(line)
            .arg("--config")
            .arg(config)
            .env("HOME", self.folder.path())
            .env("SSL_CERT_FILE", self.path("ca.pem"))
            .output()
            .unwrap()
    }

    #[track_caller]
    fn expect(&self, code: i32, line: &[&str]) -> String {
        let output = self.notify(line);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(output.status.code(), Some(code), "{line:?}: {text}");
        for secret in [PASSWORD.trim(), "key of the webhook", "hunter2"] {
            assert!(!text.contains(secret), "{text}");
        }
        text
    }

    async fn submit(&self, job: &str) {
        let drive = LocalDrive::open(&self.path("hub"), DS.parse().unwrap()).unwrap();
        let job = SampleJob::bash(Layout::W4, OWNER, DS, job);
        SampleClient::new(Arc::new(drive))
            .submit(&job)
            .await
            .unwrap();
    }
}

/// Returns the Python interpreter that has aiosmtpd.
fn aiosmtpd() -> PathBuf {
    peers()
        .venv("aiosmtpd-1.4.6", &["aiosmtpd==1.4.6"])
        .join("python")
}

/// Makes an authority and a certificate of `localhost`.
fn certificates(folder: &Path) {
    let write = |name: &str, pem: &str| {
        write_atomic(&folder.join(name), pem.as_bytes(), 0o600).unwrap();
    };
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    write("ca.pem", &authority.pem());
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    write("cert.pem", &params.signed_by(&key, &issuer).unwrap().pem());
    write("key.pem", &key.serialize_pem());
}

/// Python's library finds nothing to complain about, and everything in its place.
#[track_caller]
fn check_mail(mail: &Value, subject: &str, to: &str) {
    assert_eq!(mail["mail"], subject, "{mail}");
    assert_eq!(mail["sender"], "notices@hospital.example");
    assert_eq!(mail["recipients"], json!([to]));
    assert_eq!(mail["addresses"], json!([to]));
    assert_eq!(mail["type"], "multipart/alternative");
    assert_eq!(mail["defects"], json!([]), "{mail}");
    assert_eq!(mail["header_defects"], json!([]), "{mail}");
    assert_eq!(mail["encrypted"], true);
    assert_eq!(mail["user"], "do");
    let headers = &mail["headers"];
    assert_eq!(headers["from"], "SyftBox <notices@hospital.example>");
    assert_eq!(headers["reply-to"], OWNER);
    assert_eq!(headers["auto-submitted"], "auto-generated");
    let id = headers["message-id"].as_str().unwrap();
    assert!(id.ends_with("@example.org>"), "{id}");
    assert!(mail["html"].as_str().unwrap().contains("<html"));
    assert!(!mail["text"].as_str().unwrap().contains("<html"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_mailed_once_by_a_real_mail_server() {
    let scene = Scene::new();
    for (round, encryption) in ["starttls", "tls"].into_iter().enumerate() {
        scene.configure(encryption, "");
        if round == 0 {
            scene.expect(0, &["run", "--once"]);
        }
        let job = format!("größe {round}");
        scene.submit(&job).await;
        scene.expect(0, &["run", "--once", "--jobs-only"]);
        let mail = scene.next();
        check_mail(&mail, &format!("New Job: {job}"), OWNER);
        assert!(mail["text"].as_str().unwrap().contains(&job));
        scene.expect(0, &["run", "--once", "--jobs-only"]);
        scene.expect(0, &["test-email"]);
        // Had the second look sent anything, it would have come first.
        let id = scene.next()["headers"]["message-id"].to_string();
        assert!(id.contains("syft.test."), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_reported_and_repeated_only_on_request() {
    let scene = Scene::new();
    scene.configure("starttls", "");
    scene.expect(0, &["run", "--once"]);
    scene.submit("one").await;
    fs::File::create(scene.path("drop-answer")).unwrap();
    let text = scene.expect(6, &["run", "--once", "--jobs-only"]);
    assert!(
        text.contains("may or may not have been carried out"),
        "{text}"
    );
    let first = scene.next();
    check_mail(&first, "New Job: one", OWNER);
    scene.expect(0, &["run", "--once", "--jobs-only"]);
    scene.expect(0, &["queue", "retry", "--all", "--yes"]);
    scene.expect(0, &["run", "--once", "--jobs-only"]);
    let second = scene.next();
    check_mail(&second, "New Job: one", OWNER);
    assert_eq!(
        first["headers"]["message-id"],
        second["headers"]["message-id"]
    );
}

#[test]
fn a_wrong_password_ends_the_program_before_it_watches() {
    let scene = Scene::new();
    scene.configure("starttls", "");
    write_atomic(&scene.path("password"), b"wrong\n", 0o600).unwrap();
    for line in [&["run"][..], &["run", "--once"], &["test-email"]] {
        let text = scene.expect(4, line);
        assert!(text.contains("the server says 535 5.7.8"), "{text}");
        assert!(
            text.contains("check `username` and the password in"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_verifies_what_a_webhook_is_told() {
    let scene = Scene::new();
    let hook = format!(
        "webhooks:\n  - name: ops\n    url: http://127.0.0.1:{}/hunter2\n    \
         secret_file: key\n    events: [new_job]\n",
        scene.ports["web"]
    );
    scene.configure("tls", &hook);
    scene.expect(0, &["run", "--once"]);
    scene.submit("größe").await;
    fs::File::create(scene.path("refuse-call")).unwrap();
    scene.expect(5, &["run", "--once", "--jobs-only"]);
    let queue = scene.notify(&["queue", "list", "--json"]).stdout;
    let queue: Value = serde_json::from_slice(&queue).unwrap();
    let name = queue["waiting"][0]["name"].as_str().unwrap();
    scene.expect(0, &["queue", "retry", name, "--yes"]);
    scene.expect(0, &["run", "--once", "--jobs-only"]);
    let said = [scene.next(), scene.next(), scene.next()];
    let (mails, calls): (Vec<_>, Vec<_>) = said.iter().partition(|line| line["mail"].is_string());
    let ([mail], [refused, taken]) = (&mails[..], &calls[..]) else {
        panic!("{said:#?}")
    };
    check_mail(mail, "New Job: größe", OWNER);
    assert_eq!(
        (&refused["status"], &taken["status"]),
        (&json!(503), &json!(204))
    );
    assert_eq!(
        (&refused["signed"], &taken["signed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(refused["call"], taken["call"]);
    assert_eq!(refused["body"], taken["body"]);
    assert_eq!(taken["body"]["id"], taken["call"]);
    assert_eq!(taken["body"]["event"], "new_job");
    assert_eq!(taken["body"]["subject"], "New Job: größe");
}
