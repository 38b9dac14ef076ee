//! One side of a conversation by files, for tests with other programs on the other side:
//! `rpc_peer serve DATA_DIR EMAIL APP [LOG [JOURNAL]]`,
//! `rpc_peer flood DATA_DIR EMAIL URL COUNT BURST BYTES`.
//!
//! `serve` prints `READY` and ends with its standard input; the log gets the id of every request
//! that is echoed. `flood` calls an endpoint that echoes and prints a line of JSON: how many
//! answers were right, wrong or missing, and how long they took in microseconds. With `mixed` for
//! bytes, bodies are from nothing to four megabytes long.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use syft_rpc_events::{
    Client, Failure, Json, Outgoing, Params, Request, Response, Router, Server, ServerOptions,
    State, Status, SyftUrl, config::ClientConfig, layout::Workspace,
};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", dir, email, app, files @ ..] if files.len() <= 2 => {
            let journal = files.get(1).map(PathBuf::from);
            let log = files.first().map(|path| log(path)).transpose()?;
            serve(workspace(dir, email)?, email, app, log, journal).await
        }
        ["flood", dir, email, url, count, burst, bytes] => {
            let client = Client::new(workspace(dir, email)?);
            let (count, burst) = (count.parse()?, burst.parse()?);
            let bytes = match *bytes {
                "mixed" => None,
                bytes => Some(bytes.parse()?),
            };
            let report = flood(&client, &url.parse()?, count, burst, bytes).await?;
            Ok(writeln!(std::io::stdout(), "{report}")?)
        }
        _ => Err("see the first lines of this program".into()),
    }
}

fn workspace(dir: &str, email: &str) -> Outcome<Workspace> {
    Ok(Workspace::new(&ClientConfig {
        data_dir: dir.into(),
        email: email.parse()?,
    }))
}

/// Where the ids of handled requests are written, each in one piece.
#[derive(Clone, Debug, Default)]
struct Log(Option<Arc<File>>);

fn log(path: &str) -> Outcome<Log> {
    let file = File::options().create(true).append(true).open(path)?;
    Ok(Log(Some(Arc::new(file))))
}

async fn echo(log: State<Log>, request: Request) -> Response {
    let Log(file) = &*log;
    if let Some(mut file) = file.as_deref() {
        let line = format!("{}\n", request.id);
        file.write_all(line.as_bytes())
            .expect("the log can be written");
    }
    let query: Value = json!(request.url.query());
    let response = Response::new(Status::OK)
        .header("X-Sender", request.sender.email().to_string())
        .header("X-Method", request.method.to_string())
        .header("X-Id", request.id.to_string())
        .header("X-Query", query.to_string());
    Response {
        body: request.body,
        ..response
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Add {
    a: i64,
    b: i64,
}

fn add(Params(it): Params<Add>) -> Json<Value> {
    Json(json!({"sum": it.a + it.b}))
}

fn boom() -> Result<(), Failure> {
    Err("boom".into())
}

fn status(code: String) -> Result<(Status, &'static str), Failure> {
    let status = Status::new(code.parse()?).ok_or("no status that all peers know")?;
    Ok((status, "x"))
}

async fn serve(
    workspace: Workspace,
    email: &str,
    app: &str,
    log: Option<Log>,
    journal: Option<PathBuf>,
) -> Outcome {
    let routes = Router::new()
        .state(log.unwrap_or_default())
        .on_request("/echo", echo)
        .on_request("/add", add)
        .on_request("/hello", |name: String| format!("Hello, {name}!"))
        .on_request("/boom", boom)
        .on_request("/status", status)
        .on_request("/none", || ())
        .on_request("/slow", async || {
            tokio::time::sleep(Duration::from_millis(200)).await;
        })
        .build()
        .map_err(|errors| format!("{errors:?}"))?;
    let app = workspace.app(app, &email.parse()?)?;
    let options = ServerOptions {
        waiting_per_sender: 20_000,
        journal,
        ..ServerOptions::default()
    };
    let server = Server::start(&workspace, &app, routes, options).await?;
    writeln!(std::io::stdout(), "READY")?;
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    ended.await??;
    server.stop(Duration::from_secs(5)).await;
    Ok(())
}

async fn flood(
    client: &Client,
    url: &SyftUrl,
    count: usize,
    burst: usize,
    bytes: Option<usize>,
) -> Outcome<Value> {
    let began = Instant::now();
    let (mut right, mut wrong, mut missing) = (0, Vec::new(), Vec::new());
    let mut micros = Vec::new();
    let mut number = 0;
    while number < count {
        let calls =
            (number..count.min(number + burst)).map(|number| one(client, url, number, bytes));
        for (outcome, took) in join_all(calls).await {
            micros.push(u64::try_from(took.as_micros())?);
            match outcome {
                Ok(true) => right += 1,
                Ok(false) => wrong.push("another body".to_owned()),
                Err(error) if error.status() == 408 => missing.push(error.to_string()),
                Err(error) => wrong.push(error.to_string()),
            }
        }
        number += burst;
    }
    micros.sort_unstable();
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index into a short list"
        )]
        let index = ((micros.len() - 1) as f64 * share) as usize;
        micros[index]
    };
    Ok(json!({
        "right": right,
        "wrong": wrong,
        "missing": missing,
        "seconds": began.elapsed().as_secs_f64(),
        "p50": at(0.5),
        "p99": at(0.99),
        "max": at(1.0),
    }))
}

/// The same lengths as those of `tests/interop/file_rpc_caller.py`.
fn length(number: usize) -> usize {
    let lengths = [(500, 4_000_000), (50, 200_000), (10, 10_000), (2, 100)];
    let found = lengths
        .into_iter()
        .find(|(every, _)| number.is_multiple_of(*every));
    match found {
        Some((_, bytes)) => bytes,
        None if number.is_multiple_of(5) => 0,
        None => 10,
    }
}

async fn one(
    client: &Client,
    url: &SyftUrl,
    number: usize,
    bytes: Option<usize>,
) -> (Result<bool, syft_rpc_events::CallError>, Duration) {
    let began = Instant::now();
    let mut body = format!("{number}:").into_bytes();
    body.resize(bytes.unwrap_or_else(|| length(number)), b'x');
    let call = async {
        let pending = client
            .send(Outgoing::post(url.clone()).body(body.clone()))
            .await?;
        let reply = client.wait(&pending, Some(Duration::from_secs(60))).await?;
        Ok(reply.success()?.body.as_deref() == Some(&body[..]))
    };
    (call.await, began.elapsed())
}
