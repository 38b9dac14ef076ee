//! The loopback port to which the browser brings the code.

use std::time::Duration;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::pasted;
use crate::error::{Error, Result};

/// The head of a browser's request, which we do not want longer.
const MAX_HEAD: usize = 16 << 10;
/// Browsers open connections in advance and leave them; more than these wait.
const MAX_CONNECTIONS: usize = 32;
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);

/// Serves the port until the browser comes with the right state, and returns its code.
pub(super) async fn wait(
    listener: &TcpListener,
    state: &str,
    limit: Duration,
) -> Result<SecretString> {
    let mut connections = FuturesUnordered::new();
    let serving = async {
        loop {
            tokio::select! {
                accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                    if let Ok((stream, _)) = accepted {
                        connections.push(tokio::time::timeout(CONNECTION_LIMIT, serve(stream, state)));
                    }
                }
                Some(served) = connections.next() => {
                    if let Ok(Some(answer)) = served {
                        return answer;
                    }
                }
            }
        }
    };
    tokio::time::timeout(limit, serving)
        .await
        .unwrap_or_else(|_| {
            Err(Error::Unavailable {
                what: "the consent".to_owned(),
                reason: format!("nobody answered within {} seconds", limit.as_secs()),
                source: None,
            })
        })
}

/// Answers one request; returns the person's answer, if it was that.
async fn serve(mut stream: TcpStream, state: &str) -> Option<Result<SecretString>> {
    let target = target(&mut stream).await?;
    let (status, text, answer) = page(&target, state);
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>SyftBox</title>\
         <body style=\"font:18px/1.5 system-ui,sans-serif;max-width:32em;margin:4em auto;padding:0 1em\">\
         <p>{text}</p></body></html>"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
        page.len()
    );
    // The answer counts even if the browser does not stay to see the page.
    if stream.write_all((head + &page).as_bytes()).await.is_ok() {
        stream.shutdown().await.ok();
    }
    answer
}

/// Returns the target of a `GET`, as `/?code=…&state=…`.
async fn target(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut piece = [0; 1024];
        let length = stream.read(&mut piece).await.ok()?;
        head.extend_from_slice(&piece[..length]);
        if length == 0 || head.len() > MAX_HEAD {
            return None;
        }
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.strip_prefix("GET ")?.split(' ').next()?;
    Some(target.to_owned())
}

type Page = (&'static str, &'static str, Option<Result<SecretString>>);

/// Decides what a request gets; only one with our state can be the person's answer.
fn page(target: &str, state: &str) -> Page {
    let Some(query) = target.strip_prefix("/?") else {
        return ("404 Not Found", "There is nothing here.", None);
    };
    let is_state = |pair: &str| pair.strip_prefix("state=") == Some(state);
    if !query.split('&').any(is_state) {
        let text = "This is not the page that SyftBox is waiting for. Open the address in the terminal again.";
        return ("400 Bad Request", text, None);
    }
    match pasted::from_query(query, state) {
        Ok(code) => {
            let text = "SyftBox has got its access. You can close this window and go back to the terminal.";
            ("200 OK", text, Some(Ok(code)))
        }
        Err(error @ Error::PermissionDenied { .. }) => {
            let text = "SyftBox has got no access. You can close this window.";
            ("200 OK", text, Some(Err(error)))
        }
        Err(_) => ("400 Bad Request", "The address holds no code.", None),
    }
}

#[cfg(test)]
mod tests;
