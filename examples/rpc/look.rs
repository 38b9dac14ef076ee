//! `list` and `schema`: what can be called, as far as it is known here.

use std::io::{self, Write as _};

use serde_json::{Value, json};
use syft_rpc_events::{
    layout::Workspace,
    publish::{self, LiveApp},
};
use syft_state::Email;

use crate::{
    failure::{Exit, Failure, Outcome},
    print,
};

pub(crate) fn list(workspace: &Workspace, app: &str, is_json: bool) -> Outcome {
    // Says what is wrong with a name that no app can have.
    workspace.app(app, workspace.email())?;
    let found = publish::discover(workspace, app);
    for skipped in &found.skipped {
        anstream::eprintln!(
            "warning: a schema is left out: {}",
            print::safe(&skipped.to_string())
        );
    }
    if found.live.is_empty() {
        anstream::eprintln!("nobody is known here to run {app:?}");
    }
    for live in &found.live {
        if is_json {
            print::json(&json!({
                "datasite": live.datasite.to_string(),
                "app": live.app,
                "published": live.published.to_string(),
                "endpoints": live.schema(),
            }))?;
        } else {
            show(live)?;
        }
    }
    Ok(())
}

pub(crate) fn schema(workspace: &Workspace, app: &str, datasite: Option<Email>) -> Outcome {
    let datasite = datasite.unwrap_or_else(|| workspace.email().clone());
    let paths = workspace.app(app, &datasite)?;
    let live = publish::read_schema(workspace, &paths)
        .map_err(|skipped| Failure::new(Exit::Error, format!("this is no schema: {skipped}")))?;
    let Some(live) = live else {
        let message = format!("no schema of {app:?} by {datasite} is here");
        return Err(Failure::new(Exit::Error, message).hint(whose(workspace, app)));
    };
    let mut text = publish::encode(&live.schema());
    text.push(b'\n');
    Ok(io::stdout().write_all(&text)?)
}

/// Returns whose schema of an app is here.
fn whose(workspace: &Workspace, app: &str) -> String {
    match publish::discover(workspace, app).live.first() {
        Some(live) => format!(
            "`--datasite {}` has one, and `rpc list {app}` tells all who have",
            live.datasite
        ),
        None => {
            "an app publishes it when it starts, and it is mirrored some seconds later".to_owned()
        }
    }
}

fn show(live: &LiveApp) -> io::Result<()> {
    print::line(&format!("{}  since {}", live.datasite, live.published))?;
    for (path, info) in &live.endpoints {
        let arguments: Vec<String> = info
            .arguments
            .iter()
            .map(|argument| {
                let mark = if argument.is_required { "" } else { "?" };
                format!("{}{mark}: {}", argument.name, kind(&argument.kind))
            })
            .collect();
        let signature = format!("{path}({}) → {}", arguments.join(", "), kind(&info.returns));
        // One line each, whatever a peer's names hold.
        print::line(&format!("  {}", signature.replace('\n', " ")))?;
        if let Some(first) = info
            .description
            .as_deref()
            .and_then(|text| text.lines().next())
        {
            print::line(&format!("      {first}"))?;
        }
    }
    Ok(())
}

/// Returns the name of a type of the schema.
fn kind(kind: &Value) -> String {
    match (kind["type"].as_str(), kind.as_str()) {
        (Some("model"), _) => kind["name"].as_str().unwrap_or("model").to_owned(),
        (Some("array"), _) => "list".to_owned(),
        (_, Some(name)) => name.to_owned(),
        _ => "any".to_owned(),
    }
}
