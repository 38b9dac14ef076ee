//! Writes `daemon.yaml`.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};
use syft_monitor::config::Backend;
use syft_state::fs;

use super::answers::Answers;
use crate::exit::{Failure, Outcome, chain};

/// Writes the file, readable by its owner alone; what is replaced was agreed to before.
pub(super) fn config(file: &Path, answers: &Answers, may_replace: bool) -> Outcome {
    let text = render(answers)?;
    if may_replace && file.exists() {
        let backup = file.with_extension("yaml.bak");
        std::fs::copy(file, &backup)
            .map_err(|error| Failure::error(format!("{}: {error}", backup.display())))?;
    }
    fs::write_atomic(file, text.as_bytes(), 0o600).map_err(|error| Failure::error(chain(&error)))
}

/// Python writes its keys in this order, too.
fn render(answers: &Answers) -> Outcome<String> {
    let mut keys: BTreeMap<&str, Value> = BTreeMap::new();
    keys.insert("do_email", json!(answers.do_email));
    keys.insert("syftbox_root", json!(answers.syftbox_root));
    keys.insert("interval", json!(answers.interval));
    match &answers.backend {
        Backend::Local(_) => {
            keys.insert("backend", json!(answers.backend.to_string()));
        }
        Backend::Google => {
            keys.insert("drive_token_path", json!(answers.drive_token));
            keys.insert("gmail_token_path", json!(answers.gmail_token));
            if let Some(path) = &answers.credentials {
                keys.insert("credentials_path", json!(path));
            }
        }
    }
    if let Some(path) = &answers.state {
        keys.insert("state_path", json!(path));
    }
    if let Some(url) = &answers.google_endpoint {
        keys.insert("google_endpoint", json!(url));
    }
    serde_yaml::to_string(&keys).map_err(Failure::error)
}
