//! `syft-notify init`: asks for what is not given, logs in, checks, and only then writes.

mod answers;
mod earlier;
mod login;
pub(super) mod tokens;
mod write;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use syft_monitor::config::{Backend, Config, Locations};
use syft_transport::{LocalDrive, LocalMailer};

use self::{answers::Answers, login::Login, write::Chosen};
use crate::{
    args::InitArgs,
    commands::status,
    exit::{Failure, Outcome},
    prompt, session,
    term::{self, BOLD, GOOD, paint},
};

pub(crate) async fn run(args: InitArgs) -> Outcome {
    prompt::interruptible(set_up(Arc::new(args))).await
}

/// Nothing counts as set up before it was seen to work, so everything is written at the end.
async fn set_up(args: Arc<InitArgs>) -> Outcome {
    let locations = session::locations()?;
    let file = session::config_path(&args.config, &locations)?;
    term::say(paint(BOLD, "Setting up SyftBox notifications"));
    let answers = collect(&args, &file, &locations).await?;
    let config = write::parse(&file, &answers, &Chosen::planned(&answers), &locations)?;
    check_state(&config)?;
    let chosen = match &answers.backend {
        Backend::Local(hub) => open_hub(hub, &answers)?,
        Backend::Google => Login::begin(&args, &answers)?.run().await?,
    };
    write::everything(&file, &answers, chosen, &locations)?;
    conclude(&file, args.config.config.is_some());
    Ok(())
}

async fn collect(
    args: &Arc<InitArgs>,
    file: &Path,
    locations: &Locations,
) -> Outcome<Arc<Answers>> {
    let (args, file, locations) = (Arc::clone(args), file.to_owned(), locations.clone());
    prompt::asking(move || Answers::collect(&args, &file, &locations).map(Arc::new)).await
}

/// A record of other people's mails would stop the first start.
fn check_state(config: &Config) -> Outcome {
    let state = status::state(config)?;
    let found = state.and_then(|state| state.own().account.clone());
    match found {
        Some(found) if found != config.do_email => Err(syft_monitor::Error::OtherAccount {
            path: config.state_path.clone(),
            found,
            expected: config.do_email.clone(),
        }
        .into())
        .map_err(|failure: Failure| {
            failure.hint("a second account needs files of its own: --config DIR/daemon.yaml")
        }),
        _ => Ok(()),
    }
}

fn open_hub(hub: &Path, answers: &Answers) -> Outcome<Chosen> {
    LocalDrive::open(hub, answers.do_email.clone())?;
    LocalMailer::open(hub, answers.do_email.clone())?;
    term::say(format_args!(
        "{} Hub     {}: mails become files below {}",
        paint(GOOD, "✔"),
        hub.display(),
        hub.join("mail").join(answers.do_email.key()).display()
    ));
    Ok(Chosen::default())
}

fn conclude(file: &Path, is_named: bool) {
    let option = if is_named {
        format!(" --config {}", quoted(file))
    } else {
        String::new()
    };
    term::say(format_args!(
        "\n{} {}",
        paint(GOOD, "Wrote"),
        paint(BOLD, file.display())
    ));
    term::say("\nNext:");
    term::say(format_args!(
        "  syft-notify test-email{option}   see a mail arrive"
    ));
    term::say(format_args!(
        "  syft-notify start{option}        watch in the background"
    ));
    term::say(format_args!(
        "  syft-notify run{option}          watch here, until Ctrl+C"
    ));
}

/// Returns a path that a shell takes as one word.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c);
    if text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Returns `path` with `~` replaced and made absolute below `base` (T15).
fn expand(path: &str, home: &Path, base: &Path) -> Outcome<PathBuf> {
    let path = path.trim();
    match path.strip_prefix("~/") {
        Some(rest) => Ok(home.join(rest)),
        None if path == "~" => Ok(home.to_owned()),
        None if path.is_empty() => Err(Failure::error("an empty text is no path")),
        None => absolute(&base.join(path)),
    }
}

fn absolute(path: &Path) -> Outcome<PathBuf> {
    std::path::absolute(path)
        .map_err(|error| Failure::error(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_a_shell() {
        for (path, text) in [
            ("/a/b.yaml", "/a/b.yaml"),
            ("/a b", "'/a b'"),
            ("/o'b", r"'/o'\''b'"),
        ] {
            assert_eq!(quoted(Path::new(path)), text);
        }
    }
}
