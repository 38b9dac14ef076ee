//! `syft-notify demo`: a day at a data owner's, with a built-in Google.

mod cast;
mod day;
mod letters;

use std::path::PathBuf;

use serde_json::json;

use self::{cast::Cast, day::Scene};
use crate::{
    args::DemoArgs,
    exit::{Failure, Outcome},
    term::{self, ACCENT, BOLD, DIM, GOOD, paint},
};

pub(crate) async fn run(args: DemoArgs) -> Outcome {
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("syft-notify-demo"));
    letters::prepare(&out)?;
    if !args.json {
        introduce();
    }
    let mut cast = Cast::assemble().await?;
    let mut scenes = Vec::new();
    for step in day::STEPS {
        let scene = cast.play(step).await?;
        if !args.json {
            tell(&scene);
        }
        scenes.push(scene);
    }
    let sent: Vec<_> = scenes.iter().flat_map(|scene| &scene.mails).collect();
    let letters = letters::write(&out, cast.emulator(), &sent)?;
    check(&scenes, letters.len())?;
    let quiet = cast.idle_cost().await?;
    if args.json {
        term::json(&json!({
            "folder": out,
            "scenes": scenes.iter().map(Scene::as_json).collect::<Vec<_>>(),
            "mails": letters,
            "calls_per_idle_look": quiet,
        }));
    } else {
        conclude(&out, letters.len(), quiet);
    }
    if args.keep {
        keep(&cast).await?;
    }
    cast.leave().await
}

fn introduce() {
    term::out(paint(BOLD, "A day at a data owner's"));
    term::out(paint(
        DIM,
        format_args!(
            "{} owns data; {}, {} and {} want to run jobs on it.",
            cast::OWNER,
            cast::ALICE,
            cast::BOB,
            cast::CAROL
        ),
    ));
    term::out(paint(
        DIM,
        "Google is built in: nothing leaves this machine, and no account is needed.",
    ));
}

fn tell(scene: &Scene) {
    term::out(format_args!(
        "\n{} {}",
        paint(ACCENT, scene.time),
        paint(BOLD, &scene.what)
    ));
    for mail in &scene.mails {
        term::out(format_args!(
            "      {} {:<52} {}",
            paint(GOOD, "✅ Sent"),
            mail.subject,
            paint(DIM, format_args!("→ {}", mail.to))
        ));
    }
    if scene.mails.is_empty() {
        term::out(paint(DIM, "      nothing to tell, and nothing was sent"));
    }
}

/// Every mail that was sent must lie in an inbox, once.
fn check(scenes: &[Scene], delivered: usize) -> Outcome {
    let sent: usize = scenes.iter().map(|scene| scene.mails.len()).sum();
    if sent == delivered {
        return Ok(());
    }
    Err(Failure::error(format!(
        "{sent} mails were sent, but {delivered} arrived: this is a bug"
    )))
}

fn conclude(out: &std::path::Path, letters: usize, quiet: u64) {
    term::out(format_args!(
        "\n{} {letters} mails, each exactly once; when nothing happens, a look at Drive costs {quiet} call.",
        paint(GOOD, "Done:")
    ));
    term::out(format_args!(
        "\nRead them:      {}",
        paint(BOLD, out.join("index.html").display())
    ));
    term::out(format_args!(
        "As mail files:  {}",
        paint(BOLD, out.join("*.eml").display())
    ));
    term::out("\nNext:");
    term::out("  syft-notify init                  set up with your Google account");
    term::out("  syft-notify init --local DIR      set up with a shared directory instead");
    term::out("  syft-notify demo --keep           look at the mailboxes in a browser");
}

async fn keep(cast: &Cast) -> Outcome {
    term::say(format_args!(
        "\nThe mailboxes are at {}/mailbox until you press Ctrl+C.",
        cast.emulator().url()
    ));
    tokio::signal::ctrl_c().await.map_err(Failure::error)
}
