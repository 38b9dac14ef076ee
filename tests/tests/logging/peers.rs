//! Provides the programs that read logs, below `target/peers`, each of them once.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use crate::home::succeed;

/// rsyslog and the libraries that it needs beyond those of every Debian.
const RSYSLOG: &[&str] = &["rsyslog", "libestr0", "libfastjson4", "liblognorm5"];
/// The same for syslog-ng. The two cannot be installed side by side, but they can be unpacked so.
const SYSLOG_NG: &[&str] = &[
    "syslog-ng-core",
    "libivykis0",
    "libnet1",
    "libwrap0",
    "libpcre3",
];

/// Where the programs of a peer are.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    root: PathBuf,
}

impl Peer {
    pub(crate) fn rsyslog() -> Self {
        Self::unpacked("rsyslog", RSYSLOG)
    }

    pub(crate) fn syslog_ng() -> Self {
        Self::unpacked("syslog-ng", SYSLOG_NG)
    }

    fn unpacked(name: &str, packages: &[&str]) -> Self {
        let root = once(name, |root| {
            let download = root.join("packages");
            fs::create_dir(&download).unwrap();
            let mut get = Command::new("apt-get");
            succeed(get.arg("download").args(packages).current_dir(&download));
            for package in fs::read_dir(&download).unwrap() {
                let package = package.unwrap().path();
                succeed(Command::new("dpkg-deb").arg("-x").arg(package).arg(root));
            }
        });
        Self { root }
    }

    /// Returns a command of the peer that finds its libraries.
    pub(crate) fn command(&self, program: &str) -> Command {
        let directories = [
            "usr/lib/x86_64-linux-gnu",
            "lib/x86_64-linux-gnu",
            "usr/lib/syslog-ng",
        ];
        let libraries: Vec<_> = directories
            .map(|directory| self.root.join(directory).display().to_string())
            .into();
        let mut command = Command::new(self.root.join(program));
        command.env("LD_LIBRARY_PATH", libraries.join(":"));
        command
    }

    /// Returns a directory of the peer.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// Returns a Python with Google's regular expressions, which programs in Go have, and YAML.
pub(crate) fn python() -> PathBuf {
    let home = once("log-patterns", |home| {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(home));
        let mut install = Command::new(home.join("bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check"]);
        succeed(install.args(["google-re2==1.1.20251105", "PyYAML==6.0.3"]));
    });
    home.join("bin/python")
}

/// Makes a peer unless it is there, while every other test that wants it waits.
fn once(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    // Cargo's directory for the files of tests is `target/tmp`.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let home = target.join("peers").join(name);
    fs::create_dir_all(home.parent().unwrap()).unwrap();
    let lock = File::create(home.with_added_extension("lock")).unwrap();
    lock.lock().unwrap();
    let ready = home.with_added_extension("ready");
    if !ready.exists() {
        if home.exists() {
            fs::remove_dir_all(&home).unwrap();
        }
        fs::create_dir_all(&home).unwrap();
        make(&home);
        File::create(&ready).unwrap();
    }
    home
}
