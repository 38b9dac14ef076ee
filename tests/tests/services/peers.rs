//! Provides the programs that keep and watch services, below `target/peers`, each of them once.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use crate::home::succeed;

/// Returns the directory of supervisor's programs.
pub(crate) fn supervisor() -> PathBuf {
    venv("supervisor", &["supervisor==4.3.0"])
}

/// Returns the directory of a Python that reads `OpenMetrics`.
pub(crate) fn openmetrics() -> PathBuf {
    venv("openmetrics", &["prometheus_client==0.26.0"])
}

/// Returns Nagios, unpacked: its package wants a mail server, which a check of a config does not.
pub(crate) fn nagios() -> PathBuf {
    let root = once("nagios", |root| {
        let packages = ["nagios4-core", "nagios4-common"];
        succeed(
            Command::new("apt-get")
                .arg("download")
                .args(packages)
                .current_dir(root),
        );
        for package in fs::read_dir(root).unwrap() {
            let package = package.unwrap().path();
            succeed(Command::new("dpkg-deb").arg("-x").arg(package).arg(root));
        }
    });
    root.join("usr/sbin/nagios4")
}

fn venv(name: &str, packages: &[&str]) -> PathBuf {
    let home = once(name, |home| {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(home));
        let mut install = Command::new(home.join("bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check"]);
        succeed(install.args(packages));
    });
    home.join("bin")
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
