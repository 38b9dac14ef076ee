//! How the `oauth2` crate reaches the network, and what its errors mean.

use std::{future::Future, pin::Pin};

use oauth2::{
    HttpRequest, HttpResponse, RequestTokenError,
    basic::{BasicErrorResponse, BasicErrorResponseType},
};
use reqwest::Url;

use crate::{
    error::Error,
    http::{Client, Failure, Operation, Request},
};

const TOKEN: Operation = Operation::new("oauth2.token", 0);
const RUN_INIT: &str = "run `syft-notify init`";

/// Why no answer of the token endpoint was had.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.error)]
pub(super) struct Unanswered(Failure);

/// Returns our connections in the form that the `oauth2` crate takes; it makes one attempt.
pub(super) fn http(
    client: &Client,
) -> impl Fn(HttpRequest) -> Pin<Box<dyn Future<Output = Result<HttpResponse, Unanswered>> + Send>>
{
    let client = client.clone();
    move |request| {
        let client = client.clone();
        Box::pin(async move { send(&client, request).await.map_err(Unanswered) })
    }
}

async fn send(client: &Client, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let (head, body) = request.into_parts();
    let url = Url::parse(&head.uri.to_string());
    let url = url.map_err(|_| Failure::refused(garbled("its address is no URL")))?;
    let mut message = Request::new(TOKEN, head.method, url);
    message.headers = head.headers;
    message.body = Some(body.into());
    let answer = client.send(&message, None).await?.collect().await?;
    let status = answer.status;
    if status.is_server_error() || status.as_u16() == 429 {
        crate::http::check(TOKEN.name, answer.clone())?;
    }
    let mut response = HttpResponse::new(answer.body.to_vec());
    *response.status_mut() = status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// Returns what a failed exchange means; `file` is the token file, or what stands for it.
pub(super) fn failure(
    file: &str,
    error: RequestTokenError<Unanswered, BasicErrorResponse>,
) -> Failure {
    match error {
        RequestTokenError::Request(Unanswered(failure)) => failure,
        RequestTokenError::ServerResponse(answer) => Failure::refused(Error::Unauthenticated {
            what: file.to_owned(),
            reason: refusal(answer.error()),
        }),
        // Both may hold the answer, and so a token.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Failure::unclear(garbled("it is no answer of OAuth 2.0"))
        }
    }
}

/// Returns what a failed exchange of a person's code means.
pub(super) fn code_failure(error: RequestTokenError<Unanswered, BasicErrorResponse>) -> Failure {
    match error {
        RequestTokenError::ServerResponse(answer)
            if *answer.error() == BasicErrorResponseType::InvalidGrant =>
        {
            Failure::refused(Error::Rejected {
                what: "the code".to_owned(),
                reason:
                    "it was used before, is some minutes old or was not copied whole: begin again"
                        .to_owned(),
            })
        }
        error => failure("the OAuth client", error),
    }
}

fn refusal(error: &BasicErrorResponseType) -> String {
    match error {
        BasicErrorResponseType::InvalidGrant => format!(
            "Google no longer accepts it (invalid_grant): access was revoked, or the OAuth app is \
             in \"Testing\" and its tokens end after 7 days, or it was not used for 6 months, or \
             the password was changed; {RUN_INIT}"
        ),
        BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => {
            format!(
                "Google does not know the OAuth client (invalid_client): it was deleted or its \
                 secret replaced; download credentials.json anew and {RUN_INIT}"
            )
        }
        other => {
            let word: String = other
                .as_ref()
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
                .take(64)
                .collect();
            format!("Google refuses it ({word}); {RUN_INIT}")
        }
    }
}

pub(super) fn garbled(reason: &str) -> Error {
    Error::Garbled {
        what: TOKEN.name.to_owned(),
        reason: reason.to_owned(),
    }
}
