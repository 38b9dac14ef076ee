//! `syft-notify init`: asks for what is not given, logs in, checks, and writes `daemon.yaml`.

mod answers;
mod login;
mod write;

use std::path::Path;

use syft_monitor::config::{Backend, Config};
use syft_transport::{LocalDrive, LocalMailer, Promise};

use self::answers::Answers;
use crate::{
    args::InitArgs,
    exit::{Exit, Failure, Outcome},
    session,
    term::{self, BOLD, GOOD, paint},
};

pub(crate) async fn run(args: InitArgs) -> Outcome {
    let locations = session::locations()?;
    let file = session::config_path(&args.config, &locations)?;
    term::say(paint(BOLD, "Setting up SyftBox notifications"));
    let answers = Answers::collect(&args, &file, &locations)?;
    syft_state::fs::create_private_dir(&answers.directory)
        .map_err(|error| Failure::error(crate::exit::chain(&error)))?;
    match &answers.backend {
        Backend::Local(hub) => {
            LocalDrive::open(hub, answers.do_email.clone())?;
            LocalMailer::open(hub, answers.do_email.clone())?;
            term::say(format_args!("{} hub {}", paint(GOOD, "✔"), hub.display()));
        }
        Backend::Google => login::run(&args, &answers).await?,
    }
    write::config(&file, &answers, args.yes)?;
    let config = Config::load(&file, &locations)?;
    check(&config).await?;
    conclude(&file, args.config.config.is_some());
    Ok(())
}

/// Nothing counts as set up before it was seen to work.
async fn check(config: &Config) -> Outcome {
    let (_, links) = session::connect(config).await?;
    if let Some(drive) = &links.drive {
        let account = drive.account().await?;
        if account != config.do_email {
            return Err(Failure::new(
                Exit::LoginNeeded,
                format!(
                    "the Drive token belongs to {account}, not to {}",
                    config.do_email
                ),
            ));
        }
        term::say(format_args!("{} Drive of {account}", paint(GOOD, "✔")));
    }
    let promise = match links.mailer.promise() {
        Promise::ExactlyOnce => "every mail arrives exactly once, whatever happens",
        Promise::AtMostOnce => {
            "no mail arrives twice; if sending is interrupted, you are told and decide"
        }
    };
    term::say(format_args!("{} mail: {promise}", paint(GOOD, "✔")));
    Ok(())
}

fn conclude(file: &Path, is_named: bool) {
    let option = if is_named {
        format!(" --config {}", file.display())
    } else {
        String::new()
    };
    term::say(format_args!(
        "\n{} {}",
        paint(GOOD, "Wrote"),
        paint(BOLD, file.display())
    ));
    term::say("Next:");
    term::say(format_args!(
        "  syft-notify test-email{option}      see a mail arrive"
    ));
    term::say(format_args!(
        "  syft-notify run{option}             watch, until Ctrl+C"
    ));
}
