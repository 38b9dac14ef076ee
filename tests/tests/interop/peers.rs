//! Provides the real peers below `target/peers`, each of them once.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Returns the directory of all peers.
pub(crate) fn directory() -> PathBuf {
    // Cargo's directory for the files of tests is `target/tmp`.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let peers = target.join("peers");
    fs::create_dir_all(&peers).unwrap();
    peers
}

/// A release of `syft-client`, with what it needs besides what it asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Release {
    pub(crate) version: &'static str,
    /// Packages of its time, where the release takes any.
    pub(crate) contemporaries: &'static [&'static str],
    /// How we call the generation of its folders.
    pub(crate) folders: &'static str,
}

/// The release of today's users.
pub(crate) const TODAY: Release = Release {
    version: "0.1.117",
    contemporaries: &[],
    folders: "w4 0.1.117",
};

impl Release {
    /// Returns the Python interpreter that has it.
    pub(crate) fn python(self) -> PathBuf {
        let name = format!("syft-client-{}", self.version);
        let home = once(&name, |home| {
            run(Command::new("python3").args(["-m", "venv"]).arg(home));
            let install = |packages: &[&str], options: &[&str]| {
                run(Command::new(home.join("bin/pip"))
                    .args(["install", "--quiet", "--disable-pip-version-check"])
                    .args(options)
                    .args(packages));
            };
            // Without PySocks httplib2 ignores proxies.
            let client = format!("syft-client=={}", self.version);
            install(&[&client, "PySocks==1.7.1"], &[]);
            if !self.contemporaries.is_empty() {
                install(self.contemporaries, &["--no-deps"]);
            }
        });
        home.join("bin/python")
    }
}

/// Returns the Python interpreter that has `syft-event` and `syft-rpc`.
pub(crate) fn file_rpc_python() -> PathBuf {
    let home = once("syft-event-0.4.3", |home| {
        run(Command::new("python3").args(["-m", "venv"]).arg(home));
        run(Command::new(home.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .arg("syft-event==0.4.3"));
    });
    home.join("bin/python")
}

/// Returns rclone: the system's, or else the one of the system's package.
pub(crate) fn rclone() -> PathBuf {
    if Command::new("rclone").arg("version").output().is_ok() {
        return "rclone".into();
    }
    let home = once("rclone", |home| {
        run(Command::new("apt-get")
            .args(["download", "rclone"])
            .current_dir(home));
        let package = fs::read_dir(home).unwrap().next().unwrap().unwrap().path();
        run(Command::new("dpkg-deb").arg("-x").arg(package).arg(home));
    });
    home.join("usr/bin/rclone")
}

/// Builds the program that plays google-drive3, which is no member of our workspace.
pub(crate) fn google_drive3_check() -> PathBuf {
    let manifest = crate::programs::interop_file("google-drive3/Cargo.toml");
    let target = directory().join("google-drive3");
    run(Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target));
    target.join("debug/google-drive3-check")
}

/// Makes a peer unless it is there, while every other test that wants it waits.
fn once(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let home = directory().join(name);
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

/// Runs a command to its end and fails, with all that it printed, unless it succeeds.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Output {
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
