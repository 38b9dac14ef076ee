//! `call`: a request and its answer.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use syft_rpc_events::{CallError, Client, Outgoing, Reply, layout::Workspace};

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

    let client = Client::new(workspace);
    let began = Instant::now();
    let pending = client.send(outgoing).await?;
    // The request expires when the patience is over, and waiting to its end removes it.
    let reply = client.wait(&pending, None).await.map_err(explain)?;
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

fn explain(error: CallError) -> Failure {
    let hint = match &error {
        CallError::Expired => "`rpc list APP` tells whether the app is known here; does it run?",
        CallError::Rejected => "`rpc list APP` tells whether the app is known here yet",
        _ => return error.into(),
    };
    Failure::from(error).hint(hint)
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
    let bytes = if path == Path::new("-") {
        read(&mut io::stdin())
    } else {
        File::open(path).and_then(|mut file| read(&mut file))
    };
    let failed = |error: String| {
        let message = format!("cannot send {}: {error}", path.display());
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
