//! `syft-sync config`.

mod generate;
mod import;
mod migrate;
mod schema;
mod validate;

use std::path::Path;

use serde_json::json;

use crate::{
    args::ConfigCommand,
    config::{Config, Sources, View},
    exit::{Exit, Failure, Outcome},
    session::Wanted,
    term,
};

pub(crate) fn run(command: &ConfigCommand, wanted: &Wanted, json: bool) -> Outcome {
    match command {
        ConfigCommand::Validate => validate::run(&sources(wanted)?, json),
        ConfigCommand::Show { origin, secrets } => {
            let view = View {
                origins: *origin,
                secrets: *secrets,
            };
            show(&sources(wanted)?, view, json)
        }
        ConfigCommand::Generate { output, force } => generate::run(output.as_deref(), *force),
        ConfigCommand::Schema => {
            term::json(&schema::schema());
            Ok(())
        }
        ConfigCommand::Import { file } => import::run(file, &sources(wanted)?),
        ConfigCommand::Migrate { output } => migrate::run(&sources(wanted)?, output.as_deref()),
    }
}

/// A config in the making is looked for here, too.
fn sources(wanted: &Wanted) -> Outcome<Sources> {
    Ok(Sources {
        is_here_meant: true,
        ..wanted.sources()?
    })
}

fn show(sources: &Sources, view: View, json: bool) -> Outcome {
    let config = Config::load(sources)?;
    if json {
        let mut shown = json!({"file": config.file, "config": config.to_json(view)});
        if view.origins {
            shown["origins"] = config.origins().into();
        }
        term::json(&shown);
    } else {
        term::bytes(config.to_toml(view).as_bytes());
    }
    Ok(())
}

/// Writes a config, which may come to hold a password, for its owner alone.
fn write(path: &Path, text: &str) -> Outcome {
    syft_state::fs::write_atomic(path, text.as_bytes(), 0o600)
        .map_err(|error| Failure::error(crate::exit::chain(&error)))
}

/// Returns what is said where a config is needed and there is none.
fn no_file(sources: &Sources) -> Failure {
    let places: Vec<_> = sources
        .candidates()
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Failure::new(
        Exit::Usage,
        format_args!("there is no config file: neither {}", places.join(" nor ")),
    )
    .hint("syft-sync config generate --output sync-daemon.toml")
}
