//! Which server it is, found out by questions that anybody may ask.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Generation, call::Core};
use crate::{
    error::Error,
    http::{Answer, Failure, Operation},
};

const HEALTH: Operation = Operation::new("the server's health", 0);
const DETECT: Operation = Operation::new("the look for PocketBase", 0);

/// Asks whether the server is well.
pub(super) async fn health(core: &Core) -> Result<(), Failure> {
    let answer = get(core, HEALTH, &["health"]).await?;
    let answer = super::answer::check(&core.place, answer);
    let answer = answer.map_err(|failure| match failure.error {
        Error::NotFound { .. } => not_pocketbase(core),
        _ => failure,
    })?;
    let is_ours = json(&answer)["code"] == 200;
    is_ours.then_some(()).ok_or_else(|| not_pocketbase(core))
}

/// Finds out the generation, without a password.
///
/// Superusers are a collection from 0.23 on; before, admins have an address of their own, which
/// is closed to guests but there.
pub(super) async fn generation(core: &Core) -> Result<Generation, Failure> {
    let new = ["collections", "_superusers", "auth-methods"];
    let answer = get(core, DETECT, &new).await?;
    if answer.status.is_success() && json(&answer).is_object() {
        return Ok(Generation::Current);
    }
    if answer.status != StatusCode::NOT_FOUND {
        super::answer::check(&core.place, answer)?;
        return Err(not_pocketbase(core));
    }
    let answer = get(core, DETECT, &["admins"]).await?;
    match answer.status.as_u16() {
        200 | 401 | 403 if json(&answer).is_object() => Ok(Generation::Legacy),
        429 | 500.. => Err(super::answer::check(&core.place, answer)
            .err()
            .unwrap_or_else(|| not_pocketbase(core))),
        _ => Err(not_pocketbase(core)),
    }
}

async fn get(core: &Core, operation: Operation, path: &[&str]) -> Result<Answer, Failure> {
    let request = core
        .request(operation, Method::GET, path)
        .about(&core.place);
    core.exchange(&request, None).await
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn not_pocketbase(core: &Core) -> Failure {
    Failure::refused(Error::Rejected {
        what: core.place.clone(),
        reason: "what answers there is not PocketBase; check the address".to_owned(),
    })
}
