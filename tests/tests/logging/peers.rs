//! Provides the programs that read logs, below `target/peers`, each of them once.

use std::{fs, path::PathBuf, process::Command};

use syft_tests::peers::{Peers, succeed};

fn peers() -> Peers {
    Peers::beside(env!("CARGO_TARGET_TMPDIR"))
}

/// Where the programs of a peer are.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    root: PathBuf,
}

impl Peer {
    pub(crate) fn rsyslog() -> Self {
        Self::unpacked("rsyslog")
    }

    pub(crate) fn syslog_ng() -> Self {
        Self::unpacked("syslog-ng-core")
    }

    /// Unpacks a package beside those of the system: the two cannot be installed side by side.
    fn unpacked(package: &str) -> Self {
        let root = peers().unpacked(package, || needed(package));
        Self { root }
    }

    /// Returns a command of the peer that finds its libraries.
    pub(crate) fn command(&self, program: &str) -> Command {
        let multiarch = format!("{}-linux-gnu", std::env::consts::ARCH);
        let directories = ["usr/lib", "lib"].map(|directory| format!("{directory}/{multiarch}"));
        let directories = directories
            .iter()
            .map(String::as_str)
            .chain(["usr/lib/syslog-ng"]);
        let libraries: Vec<_> = directories
            .map(|directory| self.root.join(directory).display().to_string())
            .collect();
        let mut command = Command::new(self.root.join(program));
        command.env("LD_LIBRARY_PATH", libraries.join(":"));
        command
    }

    /// Returns where the modules of rsyslog are.
    pub(crate) fn rsyslog_modules(&self) -> PathBuf {
        let multiarch = format!("{}-linux-gnu", std::env::consts::ARCH);
        self.root.join("usr/lib").join(multiarch).join("rsyslog")
    }

    /// Returns where the modules of syslog-ng are: in the directory of its version.
    pub(crate) fn syslog_ng_modules(&self) -> PathBuf {
        let files = fs::read_dir(self.root.join("usr/lib/syslog-ng")).unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        paths.find(|path| path.is_dir()).unwrap()
    }
}

/// Returns a package and what it needs beyond what is installed here.
fn needed(package: &str) -> Vec<String> {
    let mut simulate = Command::new("apt-get");
    simulate.args(["install", "--simulate", "--no-install-recommends", package]);
    let output = succeed(simulate.env("LC_ALL", "C"));
    let plan = String::from_utf8(output.stdout).unwrap();
    let installed = plan.lines().filter_map(|line| line.strip_prefix("Inst "));
    let names = installed.filter_map(|line| line.split(' ').next());
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    names.push(package.to_owned());
    names.sort();
    names.dedup();
    names
}

/// Returns a Python with Google's regular expressions, which programs in Go have, and YAML.
pub(crate) fn python() -> PathBuf {
    let packages = ["google-re2==1.1.20251105", "PyYAML==6.0.3"];
    peers().venv("log-patterns", &packages).join("python")
}
