//! The program of the tests: a supervisor, and workers good and bad.

use std::{
    ffi::OsString,
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use syft_daemon::{
    End, Instance, Link, Paths, Restarts, Signals, Supervision, Wish, detach, start, supervise,
    this_program,
};

use crate::daemon::Daemon;

/// Short, so that a silent worker is found out within a test.
const WATCHDOG: Duration = Duration::from_millis(700);

/// Returns the arguments that make this test program take a role, and the filter that keeps the
/// test harness away from everything else.
pub(crate) fn arguments(role: &str, directory: &Path, kind: &str) -> Vec<OsString> {
    let mut directory_argument = OsString::from("directory=");
    directory_argument.push(directory);
    vec![
        "program".into(),
        "--exact".into(),
        "--nocapture".into(),
        "--test-threads=1".into(),
        format!("role={role}").into(),
        format!("kind={kind}").into(),
        directory_argument,
    ]
}

pub(crate) fn main() {
    let Some(role) = argument("role") else {
        return;
    };
    let directory = PathBuf::from(argument("directory").unwrap());
    let kind = argument("kind").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let code = match role.as_str() {
        "supervise" => {
            detach().unwrap();
            runtime.block_on(keep(&directory, &kind))
        }
        "start" => {
            let launch = Daemon::launch_in(&directory, &kind);
            i32::from(runtime.block_on(start(launch)).is_err())
        }
        _ => runtime.block_on(work(&kind)),
    };
    process::exit(code);
}

fn argument(name: &str) -> Option<String> {
    let prefix = format!("{name}=");
    std::env::args().find_map(|argument| Some(argument.strip_prefix(&prefix)?.to_owned()))
}

pub(crate) fn paths(directory: &Path) -> Paths {
    Paths::new(directory, "daemon")
}

async fn keep(directory: &Path, kind: &str) -> i32 {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let link = Link::stdin().unwrap();
    let paths = paths(directory);
    let instance = match Instance::acquire(&paths, Duration::from_secs(2)).await {
        Ok(instance) => instance,
        Err(error) => {
            link.unwrap().notifier(None).status(&error.to_string());
            return 1;
        }
    };
    let log = paths.log();
    let mut log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .unwrap();
    let end = supervise(Supervision {
        instance,
        link,
        program: if kind == "missing" {
            directory.join("no such program")
        } else {
            this_program().unwrap()
        },
        arguments: arguments("work", directory, kind),
        restarts: Restarts {
            first_wait: Duration::from_millis(if kind == "patient" { 60_000 } else { 20 }),
            limit: 3,
            ..Restarts::default()
        },
        watchdog: WATCHDOG,
        patience: Duration::from_millis(500),
        lines: Box::new(move |line: &[u8]| log.write_all(&[line, b"\n"].concat()).unwrap()),
    });
    match end.await.unwrap() {
        End::Stopped { forced } => i32::from(forced),
        End::Finished => 0,
        End::GaveUp { code, why } => {
            tracing::error!("gave up: {why}");
            code.into()
        }
    }
}

/// A worker whose supervisor is dead cannot write any more.
fn say(text: &str) {
    drop(std::io::stderr().write_all(text.as_bytes()));
}

async fn work(kind: &str) -> i32 {
    let link = Link::stdin().unwrap().unwrap();
    let notifier = link.notifier(Some(WATCHDOG));
    say(&format!("worker {}\n", process::id()));
    notifier.status("looking around");
    match kind {
        "refused" => {
            notifier.status("the token is revoked: log in again");
            return 4;
        }
        "panics" => panic!("a bug"),
        "slow" => std::future::pending().await,
        "dies early" => process::abort(),
        _ => {}
    }
    let mut signals = Signals::listen().unwrap();
    notifier.ready("watching");
    match kind {
        "fails" | "patient" => return 3,
        "done" => return 0,
        "silent" => std::future::pending().await,
        "last words" => {
            say(&format!("{}\n", "x".repeat(1_000_000)));
            say("the last words");
            process::abort();
        }
        _ => {}
    }
    let mut pings = tokio::time::interval(notifier.watchdog_period().unwrap());
    loop {
        tokio::select! {
            _ = pings.tick() => notifier.watchdog(),
            () = link.closed() => {
                return 0;
            }
            wish = signals.next() => match wish {
                Wish::Reload => {
                    notifier.reloading();
                    say("reloaded\n");
                    notifier.ready("watching anew");
                }
                Wish::Stop if kind == "deaf" => say("no\n"),
                Wish::Stop => {
                    notifier.stopping("as asked");
                    say("stopped\n");
                    return 0;
                }
            }
        }
    }
}
