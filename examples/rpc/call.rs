//! `call`: a request and its answer.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use syft_rpc_events::{CallError, Client, Outgoing, Reply, SyftUrl, layout::Workspace, publish};

use crate::{
    args::{Body, Call},
    failure::{Exit, Failure, Outcome},
    print,
};

/// A longer body does not travel, in bytes.
const LIMIT: u64 = 8 * 1024 * 1024;

pub(crate) async fn run(workspace: Workspace, args: Call, is_json: bool) -> Outcome {
    let body = body(&args.body)?;
    let mut outgoing = match body {
        Some(body) => Outgoing::post(args.url).body(body),
        None => Outgoing::get(args.url),
    };
    outgoing.method = args.method.unwrap_or(outgoing.method);
    outgoing.headers = args.headers.into_iter().collect();
    let outgoing = outgoing.expires_in(args.timeout.length());
    let url = outgoing.url.clone();

    let client = Client::new(workspace.clone());
    let began = Instant::now();
    let pending = client.send(outgoing).await?;
    // The request expires when the patience is over, and waiting to its end removes it.
    let reply = client.wait(&pending, None).await;
    let reply = reply.map_err(|error| explain(error, &workspace, &url))?;
    if is_json {
        let took = began.elapsed().as_secs_f64();
        print::json(&described(&pending.id.to_string(), &reply, took))?;
    } else {
        print::body(reply.body.as_deref().unwrap_or_default())?;
    }
    if reply.status.is_success() {
        Ok(())
    } else {
        let message = format!("the answer is {}", reply.status);
        Err(Failure::new(Exit::Refused, message))
    }
}

fn explain(error: CallError, workspace: &Workspace, url: &SyftUrl) -> Failure {
    let hint = match &error {
        CallError::Expired | CallError::Rejected => known(workspace, url),
        _ => None,
    };
    match hint {
        Some(hint) => Failure::from(error).hint(hint),
        None => error.into(),
    }
}

/// Returns what is known here of an endpoint that nobody has answered for.
fn known(workspace: &Workspace, url: &SyftUrl) -> Option<String> {
    let (app, endpoint) = url.endpoint()?;
    let datasite = url.host().parse().ok()?;
    let paths = workspace.app(app, &datasite).ok()?;
    let hint = match publish::read_schema(workspace, &paths) {
        Err(_) | Ok(None) => format!(
            "no schema of {app:?} by {datasite} is here: `rpc list {app}` tells who runs it"
        ),
        Ok(Some(live)) if live.endpoints.contains_key(&format!("/{endpoint}")) => {
            format!(
                "its schema is here since {}: does the app still run?",
                live.published
            )
        }
        Ok(Some(_)) => format!(
            "its schema has no /{endpoint}: `rpc schema {app} --datasite {datasite}` tells what it has"
        ),
    };
    Some(hint)
}

fn body(args: &Body) -> Outcome<Option<Vec<u8>>> {
    let text = args.body.as_ref().or(args.text.as_ref());
    match &args.file {
        Some(path) => Ok(Some(read(path)?)),
        None => Ok(text.map(|text| text.clone().into_bytes())),
    }
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    let read = |source: &mut dyn Read| {
        let mut bytes = Vec::new();
        source
            .take(LIMIT + 1)
            .read_to_end(&mut bytes)
            .map(|_| bytes)
    };
    let is_standard_input = path == Path::new("-");
    let bytes = if is_standard_input {
        read(&mut io::stdin())
    } else {
        File::open(path).and_then(|mut file| read(&mut file))
    };
    let failed = |error: String| {
        let source = if is_standard_input {
            "standard input".into()
        } else {
            path.to_string_lossy()
        };
        let message = format!("cannot send {source}: {error}");
        Failure::new(Exit::Error, message)
    };
    let bytes = bytes.map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > LIMIT {
        return Err(failed(format!("it is longer than {LIMIT} bytes")));
    }
    Ok(bytes)
}

/// Returns an answer as JSON; its body is JSON, text or base64, whichever it can be.
fn described(id: &str, reply: &Reply, seconds: f64) -> Value {
    let headers: Map<String, Value> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let (kind, body) = match &reply.body {
        None => ("body", Value::Null),
        Some(bytes) => match (serde_json::from_slice(bytes), std::str::from_utf8(bytes)) {
            (Ok(value), _) => ("body", value),
            (Err(_), Ok(text)) => ("text", json!(text)),
            (Err(_), Err(_)) => ("base64", json!(STANDARD.encode(bytes))),
        },
    };
    json!({
        "id": id,
        "status": reply.status.code(),
        "headers": headers,
        kind: body,
        "seconds": seconds,
    })
}
