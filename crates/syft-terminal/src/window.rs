//! A window of screen or tmux whose only program is a command, which would close at once.

/// Returns whether this process, or the `sh -c` that runs it, is what a window was opened for.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the part of a binary that knows its terminal"
)]
#[must_use]
pub fn is_own() -> bool {
    let is_multiplexed = ["TMUX", "STY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    is_multiplexed && crate::is_interactive() && leads_session()
}

fn leads_session() -> bool {
    let Ok(session) = rustix::process::getsid(None) else {
        return false;
    };
    if session == rustix::process::getpid() {
        return true;
    }
    let is_parent = rustix::process::getppid() == Some(session);
    is_parent && is_single_command(session.as_raw_nonzero().get())
}

/// An interactive shell stays when its command ends; `sh -c` does not.
fn is_single_command(pid: i32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).nth(1) == Some(b"-c")
}
