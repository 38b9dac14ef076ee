//! From the consent page to a token file that works.

use std::time::Duration;

use reqwest::{Url, redirect::Policy};
use syft_emulator::scopes;
use syft_transport::{
    Drive as _, Error,
    google::{Authorization, Gmail, GoogleDrive, OAuthClient, Tokens},
    http::Budget,
};

use crate::google::Google;

const DO: &str = "do@example.org";
const BOTH: [&str; 2] = [scopes::DRIVE, scopes::GMAIL_COMPOSE];

fn browser(policy: Policy) -> reqwest::Client {
    let provider = rustls::crypto::ring::default_provider();
    let tls = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls);
    builder.no_proxy().redirect(policy).build().unwrap()
}

/// Opens the consent page, ticks some boxes and presses the button.
async fn allow(browser: &reqwest::Client, page: &Url, ticked: &[&str]) -> reqwest::Response {
    let html = browser
        .get(page.clone())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let ticket = html.split_once("name=\"ticket\" value=\"").unwrap().1;
    let ticket = ticket.split_once('"').unwrap().0;
    let mut form = vec![("ticket", ticket), ("email", DO), ("decision", "allow")];
    form.extend(ticked.iter().map(|scope| ("scope", *scope)));
    let decide = page.join("/o/oauth2/consent").unwrap();
    browser.post(decide).form(&form).send().await.unwrap()
}

fn oauth_client(google: &Google) -> OAuthClient {
    let path = google.path("credentials.json");
    let json = google.emulator.credentials().to_string();
    syft_state::fs::write_atomic(&path, json.as_bytes(), 0o600).unwrap();
    OAuthClient::read(&path).unwrap()
}

#[tokio::test]
async fn a_consent_in_a_browser_becomes_a_token_for_both_services() {
    let google = Google::start().await;
    let account = DO.parse().unwrap();
    let consent = Authorization::begin(
        &oauth_client(&google),
        &google.endpoints(),
        &BOTH,
        Some(&account),
    )
    .await
    .unwrap();
    let browser = browser(Policy::default());
    let (grant, page) = tokio::join!(
        consent.wait(&google.client, Duration::from_secs(30)),
        allow(&browser, consent.url(), &BOTH),
    );
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("close this window"));
    let file = google.path("token.json");
    grant.unwrap().save(&file).unwrap();

    let tokens = Tokens::open(&google.client, &google.endpoints(), &file).unwrap();
    GoogleDrive::new(&tokens, Budget::DRIVE)
        .check_account(&account)
        .await
        .unwrap();
    Gmail::connect(&tokens, Budget::GMAIL)
        .await
        .unwrap()
        .check_account(&account)
        .await
        .unwrap();
    // It lasts longer than its first hour.
    google.emulator.advance(Duration::from_secs(7200));
    GoogleDrive::new(&tokens, Budget::DRIVE)
        .account()
        .await
        .unwrap();
    let info = tokens.info().await.unwrap();
    assert_eq!(info.scopes, BOTH);
}

#[tokio::test]
async fn a_pasted_address_becomes_a_token() {
    let google = Google::start().await;
    let consent = Authorization::paste(&oauth_client(&google), &google.endpoints(), &BOTH, None);
    let browser = browser(Policy::none());
    let page = allow(&browser, consent.url(), &BOTH)
        .await
        .text()
        .await
        .unwrap();
    let code = page
        .split_once("4/")
        .map(|(_, rest)| rest.split(['<', '"', '&', ' ', '\n']).next());
    let code = format!("4/{}", code.flatten().unwrap_or_else(|| panic!("{page}")));
    let error = consent.redeem(&google.client, "4/wrong").await.unwrap_err();
    assert!(
        error.to_string().contains("the code was rejected"),
        "{error}"
    );
    let grant = consent.redeem(&google.client, &code).await.unwrap();
    assert_eq!(grant.scopes(), BOTH);
    let error = consent.redeem(&google.client, &code).await.unwrap_err();
    assert!(error.to_string().contains("used before"), "{error}");
}

#[tokio::test]
async fn a_box_that_is_not_ticked_is_named() {
    let google = Google::start().await;
    let consent = Authorization::begin(&oauth_client(&google), &google.endpoints(), &BOTH, None)
        .await
        .unwrap();
    let browser = browser(Policy::default());
    let (grant, _) = tokio::join!(
        consent.wait(&google.client, Duration::from_secs(30)),
        allow(&browser, consent.url(), &BOTH[..1]),
    );
    let error = grant.unwrap_err();
    assert!(
        matches!(&error, Error::PermissionDenied { reason, .. } if reason.contains(scopes::GMAIL_COMPOSE)),
        "{error}"
    );
}

#[tokio::test]
async fn a_token_that_is_given_back_is_good_for_nothing() {
    let google = Google::start().await;
    let tokens = google.tokens(DO, &[scopes::DRIVE]);
    tokens.revoke().await.unwrap();
    let error = GoogleDrive::new(&tokens, Budget::DRIVE)
        .account()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unauthenticated { .. }), "{error}");
    let error = tokens.info().await.unwrap_err();
    assert!(error.to_string().contains("syft-notify init"), "{error}");
}
