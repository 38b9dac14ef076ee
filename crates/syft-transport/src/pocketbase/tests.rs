//! What the real servers cannot show on demand.

mod calls;
mod listening;

use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, Options, Record};
use crate::http::{
    Retry,
    script::{Act, Script, Seen},
};

const SECRET: &str = "correct horse";

/// A client whose waits are too short to notice.
fn client(script: &Script) -> Client {
    Client::new(options(script)).unwrap()
}

fn options(script: &Script) -> Options {
    Options {
        identity: Some("ann@example.com".to_owned()),
        password: Some(SECRET.into()),
        retry: Retry {
            repeats: 3,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(2),
            longest_asked: Duration::from_millis(1_500),
            seed: Some(1),
        },
        ..Options::new(script.url.clone())
    }
}

fn answer(status: u16, body: &Value) -> Act {
    Act::Answer(status, Vec::new(), body.to_string().into_bytes())
}

fn record(value: Value) -> Record {
    value.as_object().unwrap().clone()
}

/// A server of today that lets everybody in and answers the rest as a test says.
async fn server(mut rest: impl FnMut(&Seen) -> Act + Send + 'static) -> Script {
    let mut logins = 0;
    Script::new(move |seen| match seen.path() {
        "/api/collections/_superusers/auth-methods" => answer(200, &json!({"password": {}})),
        "/api/collections/_superusers/auth-with-password" => {
            logins += 1;
            answer(
                200,
                &json!({"token": format!("token-{logins}"), "record": {}}),
            )
        }
        _ => rest(seen),
    })
    .await
}

fn logins(script: &Script) -> usize {
    let seen = script.seen();
    let is_login = |seen: &&Seen| seen.path().ends_with("auth-with-password");
    seen.iter().filter(is_login).count()
}
