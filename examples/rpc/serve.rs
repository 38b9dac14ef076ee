//! `serve`: an app that echoes.

use std::{io, pin::pin};

use serde_json::json;
use syft_rpc_events::{
    AppError, Endpoint, Next, Request, Response, Status, SyftEvents, config::ClientConfig,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    args::Serve,
    failure::{Failure, Outcome},
    print,
};

pub(crate) async fn run(config: &ClientConfig, args: Serve, is_json: bool) -> Outcome {
    let echo = Endpoint::new(echo).description("Sends back the body and says who has sent it.");
    let mut app = SyftEvents::new(&args.app, config)?
        .endpoint("/echo", echo)
        .layer(move |request, next| tell(request, next, is_json));
    app.start().await.map_err(failure)?;
    let url = format!(
        "syft://{}/app_data/{}/rpc/echo",
        config.email,
        app.paths().name()
    );
    if is_json {
        print::json(&json!({"serving": url}))?;
    } else {
        print::line(&format!("serving {url} until Ctrl+C"))?;
    }
    let ended = end().await;
    app.stop().await;
    Ok(ended?)
}

fn failure(error: AppError) -> Failure {
    let is_taken = matches!(
        &error,
        AppError::Start(syft_rpc_events::server::StartError::Taken { .. })
    );
    let failure = Failure::error(&error);
    if is_taken {
        failure.hint("stop the other one, or serve under another name with --app")
    } else {
        failure
    }
}

async fn echo(request: Request) -> Response {
    let response = Response::new(Status::OK).header("X-Sender", request.sender.email().to_string());
    Response {
        body: request.body,
        ..response
    }
}

/// Prints a line for every request.
async fn tell(request: Request, next: Next, is_json: bool) -> Response {
    let (id, sender, method) = (request.id, request.sender.email().clone(), request.method);
    let bytes = request.body.as_ref().map_or(0, |body| body.len());
    let response = next.run().await;
    let status = response.status.code();
    let printed = if is_json {
        print::json(&json!({
            "id": id,
            "sender": sender.to_string(),
            "method": method.to_string(),
            "bytes": bytes,
            "status": status,
        }))
    } else {
        print::line(&format!("{sender} {method} {bytes} bytes → {status}"))
    };
    // A reader that has gone is no reason to answer nobody any more.
    if let Err(error) = printed {
        tracing::debug!("cannot print: {error}");
    }
    response
}

/// Waits for Ctrl+C or a polite request to end.
async fn end() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let terminated = pin!(terminate.recv());
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended,
        _ = terminated => Ok(()),
    }
}
