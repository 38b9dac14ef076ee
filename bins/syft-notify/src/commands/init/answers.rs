//! What a person says, by flags, by an earlier config, or when asked.

use std::path::{Path, PathBuf};

use syft_monitor::config::{self, Backend, Locations};
use syft_state::Email;

use crate::{
    args::InitArgs,
    exit::{Failure, Outcome},
    term,
};

/// Everything that a config is made of.
pub(super) struct Answers {
    pub(super) do_email: Email,
    pub(super) syftbox_root: PathBuf,
    pub(super) backend: Backend,
    /// Where tokens, state and config are.
    pub(super) directory: PathBuf,
    pub(super) credentials: Option<PathBuf>,
    pub(super) drive_token: PathBuf,
    pub(super) gmail_token: PathBuf,
    pub(super) state: Option<PathBuf>,
    pub(super) interval: u64,
    pub(super) google_endpoint: Option<String>,
}

impl Answers {
    pub(super) fn collect(args: &InitArgs, file: &Path, locations: &Locations) -> Outcome<Self> {
        refuse_to_overwrite(args, file)?;
        let earlier = args
            .import
            .as_deref()
            .map(config::import)
            .transpose()?
            .unwrap_or_default();
        let directory = file.parent().unwrap_or(Path::new("/")).to_owned();
        let home = |path: &str| expand(path, &locations.home);
        let do_email = email(args.email.clone().or(earlier.do_email))?;
        let default_root = locations.home.join(format!("SyftBox_{do_email}"));
        let root = args.syftbox_root.clone().or(earlier.syftbox_root);
        let syftbox_root = match root {
            Some(root) => home(&root)?,
            None => home(&ask(
                "SyftBox directory",
                Some(default_root.display().to_string()),
                "--syftbox-root DIR",
            )?)?,
        };
        let backend = match &args.local {
            Some(hub) => Backend::Local(absolute(hub)?),
            None => Backend::Google,
        };
        Ok(Self {
            do_email,
            syftbox_root,
            backend,
            credentials: credentials(
                args,
                earlier.credentials_path.as_deref(),
                &directory,
                locations,
            )?,
            drive_token: token(
                args.drive_token.as_deref(),
                earlier.drive_token_path.as_deref(),
                &directory.join("token_do.json"),
                locations,
            )?,
            gmail_token: token(
                args.gmail_token.as_deref(),
                earlier.gmail_token_path.as_deref(),
                &directory.join("gmail_token.json"),
                locations,
            )?,
            state: earlier.state_path.as_deref().map(home).transpose()?,
            interval: args.interval.or(earlier.interval).unwrap_or(30),
            google_endpoint: args.google_endpoint.clone(),
            directory,
        })
    }
}

fn refuse_to_overwrite(args: &InitArgs, file: &Path) -> Outcome {
    if args.yes || !file.exists() {
        return Ok(());
    }
    let question = format!("{} exists. Replace it?", file.display());
    if confirm(&question, "--yes")? {
        return Ok(());
    }
    Err(Failure::error("nothing was changed"))
}

fn email(given: Option<String>) -> Outcome<Email> {
    if let Some(text) = given {
        return text.parse().map_err(Failure::error);
    }
    loop {
        let text = ask("Your e-mail address (data owner)", None, "--email ADDRESS")?;
        match text.trim().parse() {
            Ok(email) => return Ok(email),
            Err(error) => term::warning(error),
        }
    }
}

/// The OAuth client is looked for where Python's program looked, and asked for last.
fn credentials(
    args: &InitArgs,
    earlier: Option<&str>,
    directory: &Path,
    locations: &Locations,
) -> Outcome<Option<PathBuf>> {
    if let Some(path) = &args.credentials {
        return absolute(path).map(Some);
    }
    if let Some(path) = earlier {
        return expand(path, &locations.home).map(Some);
    }
    let places = [
        directory.join("credentials.json"),
        absolute(Path::new("credentials.json"))?,
    ];
    Ok(places.into_iter().find(|path| path.exists()))
}

fn token(
    given: Option<&Path>,
    earlier: Option<&str>,
    default: &Path,
    locations: &Locations,
) -> Outcome<PathBuf> {
    match (given, earlier) {
        (Some(path), _) => absolute(path),
        (None, Some(path)) => expand(path, &locations.home),
        (None, None) => Ok(default.to_owned()),
    }
}

fn expand(path: &str, home: &Path) -> Outcome<PathBuf> {
    match path.strip_prefix("~/") {
        Some(rest) => Ok(home.join(rest)),
        None if path == "~" => Ok(home.to_owned()),
        None => absolute(Path::new(path)),
    }
}

fn absolute(path: &Path) -> Outcome<PathBuf> {
    std::path::absolute(path)
        .map_err(|error| Failure::error(format!("{}: {error}", path.display())))
}

/// Asks, or says which flag a script has to give.
pub(super) fn ask(question: &str, default: Option<String>, flag: &str) -> Outcome<String> {
    if !term::is_interactive() {
        return match default {
            Some(default) => Ok(default),
            None => Err(
                Failure::error(format!("{question}: nobody can be asked here"))
                    .hint(format!("give it by {flag}")),
            ),
        };
    }
    let mut input = dialoguer::Input::<String>::new().with_prompt(question);
    if let Some(default) = default {
        input = input.default(default);
    }
    input
        .interact_text()
        .map_err(|_| Failure::error("the setup was interrupted; nothing was changed"))
}

pub(super) fn confirm(question: &str, flag: &str) -> Outcome<bool> {
    if !term::is_interactive() {
        return Err(Failure::error(question).hint(format!("add {flag}")));
    }
    let asked = dialoguer::Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact();
    asked.map_err(|_| Failure::error("the setup was interrupted; nothing was changed"))
}
