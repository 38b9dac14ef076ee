//! Provides other people's programs below `target/peers`, each of them once.

pub mod pocketbase;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Where other people's programs are kept between runs.
#[derive(Clone, Debug)]
pub struct Peers(PathBuf);

impl Peers {
    /// Keeps them beside cargo's directory for the files of tests, its `CARGO_TARGET_TMPDIR`.
    #[must_use]
    pub fn beside(tests: &str) -> Self {
        let peers = Path::new(tests).with_file_name("peers");
        fs::create_dir_all(&peers).unwrap();
        Self(peers)
    }

    /// Returns the directory of all peers.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// Makes a peer unless it is there, while every other test that wants it waits.
    pub fn once(&self, name: &str, make: impl FnOnce(&Path)) -> PathBuf {
        let home = self.0.join(name);
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

    /// Returns the programs of a Python that has these packages.
    #[must_use]
    pub fn venv(&self, name: &str, packages: &[&str]) -> PathBuf {
        let home = self.once(name, |home| {
            make_venv(home);
            pip_install(home, packages, &[]);
        });
        home.join("bin")
    }

    /// Returns Debian's packages, unpacked beside those that are installed.
    #[must_use]
    pub fn unpacked(&self, name: &str, packages: impl FnOnce() -> Vec<String>) -> PathBuf {
        self.once(name, |root| {
            let download = root.join("packages");
            fs::create_dir(&download).unwrap();
            let mut get = Command::new("apt-get");
            succeed(get.arg("download").args(packages()).current_dir(&download));
            for package in fs::read_dir(&download).unwrap() {
                let package = package.unwrap().path();
                succeed(Command::new("dpkg-deb").arg("-x").arg(package).arg(root));
            }
        })
    }
}

/// Makes a Python of its own in a directory.
pub fn make_venv(home: &Path) {
    succeed(Command::new("python3").args(["-m", "venv"]).arg(home));
}

/// Installs packages into a Python of its own.
pub fn pip_install(home: &Path, packages: &[&str], options: &[&str]) {
    succeed(
        Command::new(home.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(options)
            .args(packages),
    );
}

/// Runs a command to its end and fails, with all that it printed, unless it succeeds.
#[track_caller]
pub fn succeed(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}
