//! `syft-emulator faults`.

use std::io::Write;

use serde_json::{Value, json};
use syft_emulator::{Effect, Fault};

use crate::{
    args::{AddFault, FaultEffect, Faults, When},
    client::Client,
    failure::Failure,
};

/// Adds, lists or removes rules.
pub(super) async fn run(faults: Faults) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    match faults {
        Faults::Add(add) => {
            let client = Client::find(&add.target)?;
            let rule = rule(&add)?;
            let answer = client.post("/emulator/faults", &rule).await?;
            writeln!(out, "fault {}", answer["id"])?;
        }
        Faults::List { json, target } => {
            let answer = Client::find(&target)?.get("/emulator/faults").await?;
            if json {
                return Ok(writeln!(out, "{}", answer["faults"])?);
            }
            for fault in answer["faults"].as_array().into_iter().flatten() {
                writeln!(out, "{}", line(fault))?;
            }
        }
        Faults::Clear { id, target } => {
            let path = id.map(|id| format!("/emulator/faults/{id}"));
            let path = path.as_deref().unwrap_or("/emulator/faults");
            Client::find(&target)?.delete(path).await?;
        }
    }
    Ok(())
}

fn rule(add: &AddFault) -> Result<Value, Failure> {
    if let Some(rule) = &add.effect.rule {
        return Ok(serde_json::from_str(rule)?);
    }
    let mut fault = Fault::new(effect(add));
    fault.method.clone_from(&add.method);
    fault.path.clone_from(&add.path);
    fault.api.clone_from(&add.api);
    fault.account.clone_from(&add.account);
    fault.skip = add.skip;
    fault.times = add.times;
    fault.probability = add.probability;
    fault.seed = add.seed;
    Ok(json!(fault))
}

fn effect(add: &AddFault) -> Effect {
    match add.effect {
        FaultEffect {
            status: Some(code), ..
        } => Effect::Status {
            code,
            reason: add.reason.clone(),
            retry_after: add.retry_after,
        },
        FaultEffect {
            latency: Some(millis),
            ..
        } => Effect::Latency { millis },
        FaultEffect {
            drop: Some(When::Before),
            ..
        } => Effect::DropBefore,
        FaultEffect {
            drop: Some(When::After),
            ..
        } => Effect::DropAfter,
        FaultEffect { truncate: true, .. } => Effect::Truncate,
        FaultEffect { garbage: true, .. } => Effect::Garbage,
        FaultEffect {
            expired_cursor: true,
            ..
        } => Effect::ExpiredCursor,
        FaultEffect {
            drop_parents: true, ..
        } => Effect::DropParents,
        FaultEffect {
            index_lag,
            index_lag_lists,
            ..
        } => Effect::IndexLag {
            millis: index_lag.unwrap_or_default(),
            lists: index_lag_lists.unwrap_or_default(),
        },
    }
}

fn line(fault: &Value) -> String {
    let filters = [
        "method",
        "path",
        "api",
        "account",
        "skip",
        "times",
        "probability",
    ];
    let shown = filters.iter().filter_map(|name| {
        let value = fault.get(name).filter(|value| **value != json!(0))?;
        Some(format!(
            " {name}={}",
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        ))
    });
    let filters: String = shown.collect();
    format!(
        "{}: {}{filters}, acted on {} of {} matches",
        fault["id"], fault["effect"], fault["acted"], fault["matched"]
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Args, Command};

    #[track_caller]
    fn check(line: &str, expected: Value) {
        let words = ["syft-emulator", "faults", "add"]
            .into_iter()
            .chain(line.split(' '));
        let args = Args::try_parse_from(words).unwrap();
        let Some(Command::Faults(Faults::Add(add))) = args.command else {
            panic!("{line}")
        };
        assert_eq!(rule(&add).unwrap(), expected, "{line}");
    }

    #[test]
    fn rules_from_the_command_line() {
        check(
            "--status 503 --retry-after 2 --api drive.* --times 3",
            json!({"api": "drive.*", "skip": 0, "times": 3, "seed": 0,
                "effect": {"status": {"code": 503, "retry_after": 2}}}),
        );
        check(
            "--drop after",
            json!({"skip": 0, "seed": 0, "effect": "drop_after"}),
        );
        check(
            "--index-lag-lists 2 --account do@example.org",
            json!({"account": "do@example.org", "skip": 0, "seed": 0,
                "effect": {"index_lag": {"millis": 0, "lists": 2}}}),
        );
        check(
            r#"--rule {"effect":"truncate"}"#,
            json!({"effect": "truncate"}),
        );
    }
}
