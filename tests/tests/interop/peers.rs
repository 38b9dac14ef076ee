//! Provides the real peers below `target/peers`, each of them once.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What the unmodified client of today's users needs; httplib2 ignores proxies without PySocks.
const SYFT_CLIENT: [&str; 2] = ["syft-client==0.1.117", "PySocks==1.7.1"];

/// Returns the directory of all peers.
pub(crate) fn directory() -> PathBuf {
    // Cargo's directory for the files of tests is `target/tmp`.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let peers = target.join("peers");
    fs::create_dir_all(&peers).unwrap();
    peers
}

/// Returns the Python interpreter that has `syft-client`.
pub(crate) fn python_with_syft_client() -> PathBuf {
    let home = once("syft-client-0.1.117", |home| {
        run(Command::new("python3").args(["-m", "venv"]).arg(home));
        run(Command::new(home.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(SYFT_CLIENT));
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
