//! The program, built as the tests were.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use cargo_metadata::Message;

/// `syft-notify`.
pub(crate) static SYFT_NOTIFY: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "syft-notify"]);
    build.args(["--message-format", "json-render-diagnostics"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let output = build.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Message::parse_stream(output.stdout.as_slice())
        .find_map(|message| match message.unwrap() {
            Message::CompilerArtifact(artifact) => artifact.executable,
            _ => None,
        })
        .unwrap()
        .into()
});

/// Returns a file of the repository.
pub(crate) fn repository(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join(name)
}
