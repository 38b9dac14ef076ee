//! The page on which a user lets a program in.

mod view;

use std::collections::HashMap;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderValue, StatusCode, header};
use url::Url;

use super::{
    Grant, account_key,
    client::{self, Delivery},
    is_email, random_text, scope,
};
use crate::{params::Params, state::App};

/// Time that a page stays good.
const PAGE_LIFE: TimeDelta = TimeDelta::hours(1);
/// Pages that may wait at once.
const MAX_PAGES: usize = 1000;

/// A request for access that waits for the user.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    client_id: String,
    redirect_uri: String,
    delivery: Delivery,
    scopes: Vec<String>,
    state: Option<String>,
    challenge: Option<(String, String)>,
    offline: bool,
    /// Whether the program asked for a new refresh token by `prompt=consent`.
    afresh: bool,
    login_hint: Option<String>,
    expires: DateTime<Utc>,
}

/// `GET /o/oauth2/auth` and `/o/oauth2/v2/auth`: shows the page.
///
/// Parameters that the emulator does not know are ignored here, as at Google.
pub(crate) async fn ask(State(app): State<App>, params: Params) -> Response {
    let pending = match read(&params, app.now()) {
        Ok(pending) => pending,
        Err(problem) => return view::refused(&problem),
    };
    let accounts = app.read(|world| world.accounts.people().cloned().collect::<Vec<_>>());
    let ticket = random_text();
    let page = view::question(&pending, &accounts, &ticket, None);
    app.consents(|consents| keep(consents, ticket, pending, app.now()));
    page
}

fn read(params: &Params, now: DateTime<Utc>) -> Result<Pending, String> {
    let need = |name: &str| {
        let value = params.get(name).filter(|value| !value.is_empty());
        value
            .map(str::to_owned)
            .ok_or_else(|| format!("Missing required parameter: {name}"))
    };
    let client_id = need("client_id")?;
    let redirect_uri = need("redirect_uri")?;
    let Some(delivery) = client::delivery(&redirect_uri) else {
        return Err(format!(
            "redirect_uri_mismatch: {redirect_uri} is neither http://localhost, \
             a loopback address nor {}",
            client::OUT_OF_BAND
        ));
    };
    if need("response_type")? != "code" {
        return Err("unsupported_response_type: only response_type=code is known".to_owned());
    }
    let method = params.get("code_challenge_method").unwrap_or("plain");
    if !["S256", "plain"].contains(&method) {
        return Err(format!(
            "invalid_request: unknown code_challenge_method {method}"
        ));
    }
    let prompts = |word| {
        let mut words = params.get("prompt").unwrap_or_default().split_whitespace();
        words.any(|prompt| prompt == word)
    };
    Ok(Pending {
        client_id,
        redirect_uri,
        delivery,
        scopes: scope::split(&need("scope")?),
        state: params.get("state").map(str::to_owned),
        challenge: params
            .get("code_challenge")
            .map(|challenge| (challenge.to_owned(), method.to_owned())),
        offline: params.get("access_type") == Some("offline"),
        afresh: prompts("consent") || params.get("approval_prompt") == Some("force"),
        login_hint: params.get("login_hint").map(str::to_owned),
        expires: now + PAGE_LIFE,
    })
}

fn keep(
    consents: &mut HashMap<String, Pending>,
    ticket: String,
    pending: Pending,
    now: DateTime<Utc>,
) {
    consents.retain(|_, pending| now < pending.expires);
    if consents.len() >= MAX_PAGES {
        consents.clear();
    }
    consents.insert(ticket, pending);
}

/// `POST /o/oauth2/consent`: the user pressed a button.
///
/// The ticket is what keeps other pages in the browser from pressing it.
pub(crate) async fn decide(State(app): State<App>, body: Bytes) -> Response {
    let form = Params::parse(&String::from_utf8_lossy(&body));
    let ticket = form.get("ticket").unwrap_or_default().to_owned();
    let now = app.now();
    let found = app.consents(|consents| consents.remove(&ticket));
    let Some(pending) = found.filter(|pending| now < pending.expires) else {
        return view::refused("This page is too old or was used already. Start again.");
    };
    if form.get("decision") != Some("allow") {
        return deliver(&pending, Err("access_denied"));
    }
    // Whoever types an address means it, whichever button is still marked.
    let typed = form.get("email").filter(|email| !email.trim().is_empty());
    let email = typed
        .or_else(|| form.get("account"))
        .unwrap_or_default()
        .trim()
        .to_owned();
    let chosen: Vec<String> = form.all("scope").map(str::to_owned).collect();
    let scopes: Vec<String> = pending
        .scopes
        .iter()
        .filter(|scope| chosen.contains(scope))
        .cloned()
        .collect();
    let problem = match (is_email(&email), scopes.is_empty()) {
        (false, _) => Some("Choose an account, or type the e-mail address of a new one."),
        (true, true) => Some("Choose at least one thing to allow, or deny."),
        (true, false) => None,
    };
    if let Some(problem) = problem {
        let accounts = app.read(|world| world.accounts.people().cloned().collect::<Vec<_>>());
        let page = view::question(&pending, &accounts, &ticket, Some(problem));
        app.consents(|consents| keep(consents, ticket, pending, now));
        return page;
    }
    let code = issue(&app, &pending, &email, scopes.clone(), now);
    deliver(&pending, Ok((&code, &scopes)))
}

fn issue(
    app: &App,
    pending: &Pending,
    email: &str,
    scopes: Vec<String>,
    now: DateTime<Utc>,
) -> String {
    let grant = Grant {
        account: account_key(email),
        client_id: pending.client_id.clone(),
        scopes,
        issued: now,
        refresh_expires: None,
    };
    app.write(|world| {
        world.accounts.ensure(email);
        let grants = &mut world.accounts.grants;
        // Google hands out a second refresh token only to those who ask for consent again.
        let first = !grants.knows(&grant.client_id, &grant.account);
        let offline = pending.offline && (first || pending.afresh);
        let challenge = pending.challenge.clone();
        grants.issue_code(grant, pending.redirect_uri.clone(), challenge, offline, now)
    })
}

fn deliver(pending: &Pending, outcome: Result<(&str, &[String]), &str>) -> Response {
    if pending.delivery == Delivery::Page {
        return match outcome {
            Ok((code, _)) => view::code(code),
            Err(_) => view::denied(),
        };
    }
    let Ok(mut url) = Url::parse(&pending.redirect_uri) else {
        return view::refused("redirect_uri_mismatch");
    };
    {
        let mut query = url.query_pairs_mut();
        if let Some(state) = &pending.state {
            query.append_pair("state", state);
        }
        match outcome {
            Ok((code, scopes)) => query
                .append_pair("code", code)
                .append_pair("scope", &scopes.join(" ")),
            Err(error) => query.append_pair("error", error),
        };
    }
    match HeaderValue::from_str(url.as_str()) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => view::refused("redirect_uri_mismatch"),
    }
}
