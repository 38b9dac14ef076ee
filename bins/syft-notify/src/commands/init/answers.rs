//! What a person says, by flags, by an earlier config, or when asked.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::Value;
use syft_monitor::config::{Backend, Locations};
use syft_state::Email;

use super::{absolute, earlier::Earlier, expand};
use crate::{
    args::InitArgs,
    exit::{Failure, Outcome},
    prompt, term,
};

/// Everything that a config is made of.
pub(super) struct Answers {
    pub(super) do_email: Email,
    pub(super) syftbox_root: PathBuf,
    pub(super) backend: Backend,
    pub(super) credentials: Option<PathBuf>,
    pub(super) drive_token: TokenPlaces,
    pub(super) gmail_token: TokenPlaces,
    pub(super) state: Option<PathBuf>,
    pub(super) interval: u64,
    pub(super) google_endpoint: Option<String>,
    /// Other keys of the config that is replaced.
    pub(super) kept: BTreeMap<String, Value>,
}

/// Where a token may be, and where a new one goes.
#[derive(Clone)]
pub(super) struct TokenPlaces {
    /// Named on the command line: this one or none.
    pub(super) given: Option<PathBuf>,
    /// Named by an earlier config.
    pub(super) earlier: Option<PathBuf>,
    /// Where `init` puts tokens.
    pub(super) usual: PathBuf,
}

impl Answers {
    pub(super) fn collect(args: &InitArgs, file: &Path, locations: &Locations) -> Outcome<Self> {
        agree_to_replace(args, file)?;
        let earlier = Earlier::read(args, file)?;
        let do_email = email(args.email.clone().or(earlier.says.do_email.clone()))?;
        let earlier = earlier.of(&do_email);
        let directory = file.parent().unwrap_or(Path::new("/"));
        let syftbox_root = syftbox_root(args, &earlier, &do_email, locations)?;
        let (backend, google_endpoint) = backend(args, &earlier, locations)?;
        let home = &locations.home;
        let places = |given: Option<&PathBuf>, earlier_path: Option<&String>, name: &str| {
            Outcome::Ok(TokenPlaces {
                given: given.map(|path| absolute(path)).transpose()?,
                earlier: earlier.path(earlier_path, home)?,
                usual: directory.join(name),
            })
        };
        let says = &earlier.says;
        let drive_token = places(
            args.drive_token.as_ref(),
            says.drive_token_path.as_ref(),
            "token_do.json",
        )?;
        let gmail_token = places(
            args.gmail_token.as_ref(),
            says.gmail_token_path.as_ref(),
            "gmail_token.json",
        )?;
        // Another config is another account, and needs a record of its own.
        let is_usual = directory == locations.creds_dir;
        let own_state = (!is_usual).then(|| directory.join("notification_state.json"));
        Ok(Self {
            syftbox_root,
            backend,
            credentials: credentials(args, &earlier, directory, locations)?,
            drive_token,
            gmail_token,
            state: earlier.state(locations)?.or(own_state),
            interval: args.interval.or(says.interval).unwrap_or(30),
            google_endpoint,
            do_email,
            kept: earlier.keys,
        })
    }
}

fn agree_to_replace(args: &InitArgs, file: &Path) -> Outcome {
    if args.yes || !file.exists() {
        return Ok(());
    }
    if !term::is_interactive() {
        return Err(Failure::error(format!(
            "{} exists already; nothing was changed",
            file.display()
        ))
        .hint(format!(
            "add --yes to set it up anew: the old file is kept as {}",
            super::write::backup_of(file).display()
        )));
    }
    let question = format!(
        "{} exists. Set it up anew? (its values are the defaults, and a copy is kept)",
        file.display()
    );
    if prompt::confirm(&question)? {
        return Ok(());
    }
    Err(Failure::error("nothing was changed"))
}

fn email(given: Option<String>) -> Outcome<Email> {
    if let Some(text) = given {
        return text.trim().parse().map_err(|error| {
            Failure::error(error).hint("write it as name@example.org, by --email ADDRESS")
        });
    }
    loop {
        let text = prompt::text("Your e-mail address (data owner)", None, "--email ADDRESS")?;
        match text.trim().parse() {
            Ok(email) => return Ok(email),
            Err(error) => term::warning(error),
        }
    }
}

fn syftbox_root(
    args: &InitArgs,
    earlier: &Earlier,
    do_email: &Email,
    locations: &Locations,
) -> Outcome<PathBuf> {
    if let Some(root) = &args.syftbox_root {
        return expand(root, &locations.home, Path::new(""));
    }
    if let Some(root) = earlier.path(earlier.says.syftbox_root.as_ref(), &locations.home)? {
        return Ok(root);
    }
    let usual = locations.home.join(format!("SyftBox_{do_email}"));
    if args.yes {
        return Ok(usual);
    }
    let usual = usual.display().to_string();
    let root = prompt::text("SyftBox directory", Some(usual), "--syftbox-root DIR")?;
    expand(&root, &locations.home, Path::new(""))
}

/// A flag decides; without one, what the replaced config says stays.
fn backend(
    args: &InitArgs,
    earlier: &Earlier,
    locations: &Locations,
) -> Outcome<(Backend, Option<String>)> {
    if let Some(hub) = &args.local {
        return Ok((Backend::Local(absolute(hub)?), None));
    }
    let kept = |key: &str| earlier.keys.get(key).and_then(Value::as_str);
    let is_google_meant = args.paste
        || args.google_endpoint.is_some()
        || [&args.credentials, &args.drive_token, &args.gmail_token]
            .iter()
            .any(|path| path.is_some());
    if !is_google_meant
        && let Some(hub) = kept("backend").and_then(|backend| backend.strip_prefix("local:"))
        && let Some(hub) = earlier.path(Some(&hub.to_owned()), &locations.home)?
    {
        return Ok((Backend::Local(hub), None));
    }
    let endpoint = args.google_endpoint.clone();
    let endpoint = endpoint.or_else(|| kept("google_endpoint").map(ToOwned::to_owned));
    Ok((Backend::Google, endpoint))
}

/// The OAuth client is looked for where Python's program looked, and asked for last.
fn credentials(
    args: &InitArgs,
    earlier: &Earlier,
    directory: &Path,
    locations: &Locations,
) -> Outcome<Option<PathBuf>> {
    if let Some(path) = &args.credentials {
        return absolute(path).map(Some);
    }
    let named = earlier.path(earlier.says.credentials_path.as_ref(), &locations.home)?;
    let places = [
        named,
        Some(directory.join("credentials.json")),
        Some(locations.creds_dir.join("credentials.json")),
        Some(absolute(Path::new("credentials.json"))?),
    ];
    Ok(places.into_iter().flatten().find(|path| path.exists()))
}
