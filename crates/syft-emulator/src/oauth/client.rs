//! OAuth clients: the programs that ask for access.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::{Host, Url};

/// The redirect URI that asks for a page with the code instead of a redirect.
pub(crate) const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// A program that asks for access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) secret: String,
}

/// How a code reaches the program that asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The browser is sent to the program's loopback port.
    Redirect,
    /// A page shows the code for copying.
    Page,
}

/// Returns how a code goes to `redirect_uri`, or `None` if Google would refuse the address.
pub(crate) fn delivery(redirect_uri: &str) -> Option<Delivery> {
    if redirect_uri == OUT_OF_BAND || redirect_uri == "urn:ietf:wg:oauth:2.0:oob:auto" {
        return Some(Delivery::Page);
    }
    let url = Url::parse(redirect_uri).ok()?;
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    // Desktop clients may use any loopback port; nothing can listen on port 1, so it means "paste".
    let fits = loopback && url.scheme() == "http" && url.fragment().is_none();
    fits.then(|| {
        if url.port() == Some(1) {
            Delivery::Page
        } else {
            Delivery::Redirect
        }
    })
}

/// Returns the `credentials.json` that Google offers for a "Desktop app".
pub(crate) fn credentials(client_id: &str, client_secret: &str) -> Value {
    json!({ "installed": {
        "client_id": client_id,
        "project_id": "syftbox-emulator",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_secret": client_secret,
        "redirect_uris": ["http://localhost"],
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(redirect_uri: &str, expected: Option<Delivery>) {
        assert_eq!(delivery(redirect_uri), expected, "{redirect_uri}");
    }

    #[test]
    fn where_a_code_may_go() {
        check("http://localhost:43210/", Some(Delivery::Redirect));
        check("http://127.0.0.1:43210/callback", Some(Delivery::Redirect));
        check("http://[::1]:43210", Some(Delivery::Redirect));
        check("http://localhost", Some(Delivery::Redirect));
        check("http://localhost:1", Some(Delivery::Page));
        check("http://localhost:1/", Some(Delivery::Page));
        check(OUT_OF_BAND, Some(Delivery::Page));
        check("https://evil.example/", None);
        check("http://localhost.evil.example/", None);
        check("http://localhost/#fragment", None);
        check("javascript:alert(1)", None);
        check("", None);
    }
}
