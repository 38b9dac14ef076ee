//! Provides the real peers below `target/peers`, each of them once.

use std::{path::PathBuf, process::Command};

use syft_tests::peers::{Peers, make_venv, pip_install, succeed};

pub(crate) fn peers() -> Peers {
    Peers::beside(env!("CARGO_TARGET_TMPDIR"))
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
        let home = peers().once(&name, |home| {
            make_venv(home);
            // Without PySocks httplib2 ignores proxies.
            let client = format!("syft-client=={}", self.version);
            pip_install(home, &[&client, "PySocks==1.7.1"], &[]);
            if !self.contemporaries.is_empty() {
                pip_install(home, self.contemporaries, &["--no-deps"]);
            }
        });
        home.join("bin/python")
    }
}

/// Returns the Python interpreter that has `syft-event` and `syft-rpc`.
pub(crate) fn file_rpc_python() -> PathBuf {
    peers()
        .venv("syft-event-0.4.3", &["syft-event==0.4.3"])
        .join("python")
}

/// Returns rclone: the system's, or else the one of the system's package.
pub(crate) fn rclone() -> PathBuf {
    if Command::new("rclone").arg("version").output().is_ok() {
        return "rclone".into();
    }
    let home = peers().unpacked("rclone", || vec!["rclone".to_owned()]);
    home.join("usr/bin/rclone")
}

/// Builds the program that plays google-drive3, which is no member of our workspace.
pub(crate) fn google_drive3_check() -> PathBuf {
    let manifest = crate::programs::interop_file("google-drive3/Cargo.toml");
    let target = peers().directory().join("google-drive3");
    succeed(
        Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--manifest-path"])
            .arg(manifest)
            .arg("--target-dir")
            .arg(&target),
    );
    target.join("debug/google-drive3-check")
}
