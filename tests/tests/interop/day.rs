//! A day of a data owner and a data scientist who use `syft-client`, watched by `syft-notify`.

use std::{path::PathBuf, process::Command};

use serde_json::Value;
use syft_emulator::{Emulator, Mail, Options, scopes};
use syft_tests::{home::SYFT_NOTIFY, peers::succeed};
use tempfile::TempDir;

use crate::{
    peers::Release,
    programs::{environment, interop_file, token_file},
};

/// Two people with a computer each, and an emulated Google between them.
pub(crate) struct Day {
    pub(crate) emulator: Emulator,
    pub(crate) owner: &'static str,
    pub(crate) scientist: &'static str,
    folder: TempDir,
    python: PathBuf,
    environment: Vec<(&'static str, String)>,
    /// How many mails the data owner's account has sent so far.
    sent: usize,
    /// How many folders of each generation the last look knew.
    pub(crate) folders: Value,
}

/// Whose computer a program runs on.
#[derive(Clone, Copy)]
enum Whose {
    Owner,
    Scientist,
}

impl Day {
    /// Gives both their tokens; nobody has used SyftBox yet.
    pub(crate) async fn begin(
        release: Release,
        owner: &'static str,
        scientist: &'static str,
    ) -> Self {
        let emulator = Emulator::start(Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let tokens = [
            ("do.json", owner, scopes::DRIVE),
            ("ds.json", scientist, scopes::DRIVE),
            ("mail.json", owner, scopes::GMAIL_COMPOSE),
        ];
        for (name, email, scope) in tokens {
            token_file(&emulator, folder.path(), name, email, scope);
        }
        let python = tokio::task::spawn_blocking(move || release.python());
        Self {
            environment: environment(&emulator, folder.path()),
            python: python.await.unwrap(),
            emulator,
            owner,
            scientist,
            folder,
            sent: 0,
            folders: Value::Null,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn home(&self, whose: Whose) -> PathBuf {
        self.path(match whose {
            Whose::Owner => "home-do",
            Whose::Scientist => "home-ds",
        })
    }

    /// Plays a step of `syft_client_flow.py` about a job, or about none, and returns what it saw.
    pub(crate) async fn play(&self, step: &str, job: &str) -> Value {
        let is_scientist =
            step.starts_with("submit") || ["add-peer", "sync-ds", "login-ds"].contains(&step);
        let whose = if is_scientist {
            Whose::Scientist
        } else {
            Whose::Owner
        };
        let mut command = Command::new(&self.python);
        command
            .arg(interop_file("syft_client_flow.py"))
            .arg(step)
            .args(["--do-email", self.owner, "--ds-email", self.scientist])
            .args(["--job", job])
            .arg("--do-token")
            .arg(self.path("do.json"))
            .arg("--ds-token")
            .arg(self.path("ds.json"))
            .arg("--home")
            .arg(self.home(whose))
            .envs(self.environment.iter().cloned());
        last_line(command).await
    }

    /// Sets up `syft-notify` on the data owner's computer by flags alone.
    pub(crate) async fn init(&self) {
        let mut command = self.notify(&["init", "--yes", "--email", self.owner]);
        command
            .arg("--drive-token")
            .arg(self.path("do.json"))
            .arg("--gmail-token")
            .arg(self.path("mail.json"))
            .args(["--google-endpoint", self.emulator.url()]);
        tokio::task::spawn_blocking(move || succeed(&mut command))
            .await
            .unwrap();
    }

    /// Looks once and returns every mail that left, as `recipient: subject`, sorted.
    ///
    /// A second look right behind mails nothing.
    pub(crate) async fn look(&mut self) -> Vec<String> {
        let round = self.run_once().await;
        let mut mails = self.new_mails();
        assert_eq!(
            mails.len(),
            round["sent"].as_array().unwrap().len(),
            "{round}"
        );
        let again = self.run_once().await;
        self.folders = again["folders"].clone();
        assert_eq!(again["sent"], Value::Array(Vec::new()));
        assert_eq!(self.new_mails(), [""; 0]);
        mails.sort();
        mails
    }

    async fn run_once(&self) -> Value {
        let round = last_line(self.notify(&["run", "--once", "--json"])).await;
        for nothing in ["trouble", "remarks"] {
            assert_eq!(round[nothing], Value::Array(Vec::new()), "{round}");
        }
        for none in ["failed", "buried", "waiting", "dead"] {
            assert_eq!(round[none], 0, "{round}");
        }
        round
    }

    fn notify(&self, line: &[&str]) -> Command {
        let mut command = Command::new(&*SYFT_NOTIFY);
        command.args(line).env("HOME", self.home(Whose::Owner));
        command
    }

    /// Returns the mails that left since the last time; each is in its recipient's inbox once.
    fn new_mails(&mut self) -> Vec<String> {
        let sent = self.emulator.sent(self.owner);
        let new = sent[self.sent..]
            .iter()
            .map(|mail| self.delivered(mail))
            .collect();
        self.sent = sent.len();
        new
    }

    fn delivered(&self, mail: &Mail) -> String {
        let [to] = mail.to.as_slice() else {
            panic!("a mail to {:?}", mail.to);
        };
        let inbox = self.emulator.inbox(to);
        let copies = inbox
            .iter()
            .filter(|copy| copy.message_id == mail.message_id);
        assert_eq!(copies.count(), 1, "{}", mail.subject);
        assert_eq!(mail.from.to_lowercase(), self.owner.to_lowercase());
        for body in [&mail.text, &mail.html] {
            let body = body.as_deref().unwrap();
            let other = if to == self.owner {
                self.scientist
            } else {
                self.owner
            };
            let other = other.replace('\'', "&#x27;");
            assert!(
                body.replace('\'', "&#x27;")
                    .to_lowercase()
                    .contains(&other.to_lowercase()),
                "{}: {body}",
                mail.subject
            );
        }
        format!("{to}: {}", mail.subject)
    }

    /// Makes sure that the emulator understood every request of ours and of theirs.
    pub(crate) fn assert_understood(&self) {
        let requests = self.emulator.requests();
        let refused: Vec<_> = requests
            .iter()
            .filter(|request| request.status == 400)
            .collect();
        assert!(!requests.is_empty() && refused.is_empty(), "{refused:?}");
    }
}

/// Runs a program whose last line of output is JSON.
async fn last_line(mut command: Command) -> Value {
    let output = tokio::task::spawn_blocking(move || succeed(&mut command))
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}
