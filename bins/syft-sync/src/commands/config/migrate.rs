//! `syft-sync config migrate`.

use std::path::Path;

use super::import::Imported;
use crate::{
    config::{Config, Sources, migrate},
    exit::{Exit, Failure, Outcome, chain},
    term::{self, GOOD, count, paint},
};

const SIZE_LIMIT: u64 = 4 << 20;

pub(super) fn run(sources: &Sources, output: Option<&Path>) -> Outcome {
    let file = sources.file()?.ok_or_else(|| super::no_file(sources))?;
    let config = Config::load(sources)?;
    let text = syft_state::fs::read_capped(&file, SIZE_LIMIT)
        .map_err(|error| Failure::new(Exit::Usage, chain(&error)))?;
    let text = String::from_utf8_lossy(&text);
    let migrated = migrate::migrate(&text);
    for change in &migrated.changes {
        term::say(format_args!("{}:{change}", file.display()));
    }
    match output {
        None => term::bytes(migrated.text.as_bytes()),
        Some(path) => {
            super::write(path, &migrated.text)?;
            let changes = count(migrated.changes.len(), "change");
            let shown = path.display();
            term::say(format_args!(
                "{} {shown}: {changes}",
                paint(GOOD, "written:")
            ));
        }
    }
    drop(config);
    Ok(())
}

/// Returns a config file with today's keys, if it can be used at all.
pub(super) fn migrated(text: &str, sources: &Sources) -> Result<Imported, String> {
    Config::parse(text, sources).map_err(|error| error.to_string())?;
    let migrated = migrate::migrate(text);
    Ok(Imported {
        text: migrated.text,
        remarks: migrated.changes,
    })
}
