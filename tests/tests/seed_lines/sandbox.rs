//! A home directory, a Google, and a directory in the place of `/`.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use syft_emulator::scopes;
use syft_monitor::fixtures::{Layout, SampleJob};
use syft_tests::{
    GoogleWorld,
    home::{SYFT_NOTIFY, repository},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{CONTROL_C, terminal::Terminal};

/// Whoever owns the data.
pub(crate) const OWNER: &str = "do@example.org";
/// Whoever sends jobs.
const SCIENTIST: &str = "ds@example.org";
/// The data owner's account of the machine.
const USERNAME: &str = "do";
/// No condition takes longer, or something is wrong.
const LIMIT: Duration = Duration::from_secs(60);

/// What `sudo` does here: a path in `/etc` is one in the sandbox.
const SUDO: &str = r#"#!/bin/sh
for word; do
    shift
    case $word in /etc/*) word="$SANDBOX$word" ;; esac
    set -- "$@" "$word"
done
exec "$@"
"#;

pub(crate) struct Sandbox {
    world: GoogleWorld,
    runtime: Runtime,
    root: TempDir,
    directory: PathBuf,
    rows: Vec<[String; 3]>,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let world = runtime.block_on(GoogleWorld::start(OWNER));
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home").join(USERNAME);
        for directory in [
            "bin",
            "etc/systemd/system",
            "tmux",
            "screen",
            "checkout/syft_client",
        ] {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        // screen takes no directory that others may enter.
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(root.path().join("screen"), private).unwrap();
        fs::create_dir_all(home.join(".syft-creds")).unwrap();
        let notifications = root.path().join("checkout/syft_client/notifications");
        symlink(repository("templates/service"), notifications).unwrap();
        symlink(SYFT_NOTIFY.as_path(), root.path().join("bin/syft-notify")).unwrap();
        let sandbox = Self {
            world,
            runtime,
            directory: root.path().join("checkout"),
            root,
            rows: Vec::new(),
        };
        sandbox.script("sudo", SUDO);
        let systemctl = repository("tests/interop/systemctl.py");
        let systemctl = format!("#!/bin/sh\nexec python3 {} \"$@\"\n", systemctl.display());
        sandbox.script("systemctl", &systemctl);
        let certificate = sandbox.world.emulator.ca_pem().to_owned();
        sandbox.write("ca.pem", &certificate, 0o600);
        sandbox
    }

    /// Runs a line that ends with 0 by itself, and returns what it printed.
    #[track_caller]
    pub(crate) fn runs(&mut self, line: &str, says: &str) -> String {
        self.ends(line, 0, says)
    }

    /// Runs a line that ends with another code by itself.
    #[track_caller]
    pub(crate) fn fails(&mut self, line: &str, code: i32, says: &str) {
        self.ends(line, code, says);
    }

    #[track_caller]
    fn ends(&mut self, line: &str, code: i32, says: &str) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(line).output().unwrap();
        let stdout = String::from_utf8(stdout).unwrap();
        let all = format!("{stdout}{}", String::from_utf8(stderr).unwrap());
        self.row(line, status.code(), &all);
        assert_eq!(status.code(), Some(code), "{line}\n{all}");
        assert!(all.contains(says), "{line} does not say {says}:\n{all}");
        stdout
    }

    /// Runs a line that is no line of theirs.
    pub(crate) fn tidy(&self, line: &str) {
        let output = self.command(line).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    }

    /// Runs a line at a terminal, and types something whenever the screen shows a text.
    #[track_caller]
    pub(crate) fn typed(&mut self, line: &str, keys: &[(&str, &str)], code: i32, says: &str) {
        let mut terminal = Terminal::open(self.command(""), line);
        for (shown, typed) in keys {
            terminal.wait_for(shown);
            terminal.type_in(typed);
        }
        let (status, screen) = terminal.end();
        self.row(line, status, &screen);
        assert_eq!(status, Some(code), "{line}\n{screen}");
        assert!(
            screen.contains(says),
            "{line} does not say {says}:\n{screen}"
        );
    }

    /// Runs a line at a terminal until it shows what happens meanwhile; Ctrl+C ends it.
    #[track_caller]
    pub(crate) fn follows(&mut self, line: &str, happens: impl FnOnce(&mut Self), says: &str) {
        let mut terminal = Terminal::open(self.command(""), line);
        terminal.wait_for("✅ Sent");
        happens(self);
        terminal.wait_for(says);
        terminal.type_in(CONTROL_C);
        let (status, screen) = terminal.end();
        self.row(line, status, &screen);
        assert_eq!(status, Some(0), "{line}\n{screen}");
    }

    fn row(&mut self, line: &str, code: Option<i32>, output: &str) {
        let first = output.lines().map(str::trim).find(|line| !line.is_empty());
        let code = code.map_or("signal".to_owned(), |code| code.to_string());
        let first = first
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control());
        let first: String = first.take(100).collect();
        self.rows.push([line.to_owned(), code, first]);
    }

    /// Returns the table of all lines so far.
    pub(crate) fn table(&self) -> String {
        let rows = self.rows.iter().map(|[line, code, first]| {
            let line = line.replace("\\\n", " ");
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            let [line, first] = [line, first.clone()].map(|text| text.replace('|', "\\|"));
            format!("| `{line}` | {code} | {first} |\n")
        });
        format!(
            "| command | exit | first line |\n|---|---|---|\n{}",
            rows.collect::<String>()
        )
    }

    /// Returns bash with a line, at home in the sandbox, without a terminal.
    fn command(&self, line: &str) -> Command {
        let root = self.root.path();
        let google = self.world.emulator.url();
        let certificate = root.join("ca.pem");
        let mut command = Command::new("bash");
        command.arg("-c").arg(line.replace("USERNAME", USERNAME));
        command
            .current_dir(&self.directory)
            .env_clear()
            .stdin(Stdio::null());
        command.env(
            "PATH",
            format!("{}:/usr/bin:/bin", root.join("bin").display()),
        );
        command
            .env("HOME", self.home())
            .env("SANDBOX", root)
            .env("USER", USERNAME);
        command.env("LANG", "C.UTF-8").env("TERM", "xterm");
        command
            .env("TMUX_TMPDIR", root.join("tmux"))
            .env("SCREENDIR", root.join("screen"));
        command
            .env("HTTPS_PROXY", google)
            .env("NO_PROXY", "127.0.0.1");
        command.env("SSL_CERT_FILE", certificate);
        command
    }

    fn home(&self) -> PathBuf {
        self.root.path().join("home").join(USERNAME)
    }

    pub(crate) fn creds(&self, name: &str) -> PathBuf {
        self.home().join(".syft-creds").join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.root.path().join(name);
        syft_state::fs::write_atomic(&path, text.as_bytes(), mode).unwrap();
    }

    /// Puts a script where commands are found.
    pub(crate) fn script(&self, name: &str, text: &str) {
        self.write(&format!("bin/{name}"), text, 0o755);
    }

    /// Goes to a directory of the repository.
    pub(crate) fn enter(&mut self, directory: &str) {
        self.directory = repository(directory);
    }

    /// Puts the tokens of logins of before into their places.
    pub(crate) fn put_tokens(&self) {
        let tokens = [
            ("token_do", scopes::DRIVE),
            ("gmail_token", scopes::GMAIL_COMPOSE),
        ];
        for (name, scope) in tokens {
            let token = self.world.emulator.token(OWNER, &[scope]).to_string();
            let name = format!("home/{USERNAME}/.syft-creds/{name}.json");
            self.write(&name, &token, 0o600);
        }
    }

    pub(crate) fn edit_config(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.creds("daemon.yaml")).unwrap();
        assert!(text.contains(from), "{text}");
        let name = format!("home/{USERNAME}/.syft-creds/daemon.yaml");
        self.write(&name, &text.replace(from, to), 0o600);
    }

    pub(crate) fn write_pid(&self, pid: u32) {
        let name = format!("home/{USERNAME}/.syft-creds/syft-notify.pid");
        self.write(&name, &format!("{pid}\n"), 0o600);
    }

    /// Has a data scientist submit a job.
    pub(crate) fn submit(&mut self, job: &str) {
        let job = SampleJob::bash(Layout::W4, OWNER, SCIENTIST, job);
        let client = self.world.client(SCIENTIST);
        self.runtime.block_on(client.submit(&job)).unwrap();
    }

    /// Returns how many lines of the log hold a text.
    pub(crate) fn logged(&self, text: &str) -> usize {
        let log = fs::read_to_string(self.creds("syft-notify.log")).unwrap_or_default();
        log.lines().filter(|line| line.contains(text)).count()
    }

    #[track_caller]
    pub(crate) fn until_logged(&self, text: &str) {
        until(text, || self.logged(text) > 0);
    }

    #[track_caller]
    pub(crate) fn until_there(&self, name: &str) {
        until(name, || self.creds(name).is_file());
    }

    #[track_caller]
    pub(crate) fn until_running(&self) {
        until("running", || {
            let status = self.command("syft-notify status").output().unwrap();
            status.status.success()
        });
    }
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Drop for Sandbox {
    /// Leaves no process behind, also when the test has failed.
    fn drop(&mut self) {
        let lines = [
            "syft-notify stop --timeout 1",
            "tmux kill-server",
            "screen -S syft-notify -X quit",
        ];
        for line in lines {
            let _ended = self.command(line).output();
        }
    }
}
