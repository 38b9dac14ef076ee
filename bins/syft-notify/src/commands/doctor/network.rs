//! How the way to the network is set up.

use std::path::{Path, PathBuf};

use syft_transport::{
    Error,
    http::{Client, Options},
};

use super::finding::{Finding, quoted};
use crate::{exit::chain, session};

const TOPIC: &str = "network";
/// The variables that name proxies, in the order in which they count.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// The variable that names a proxy, and its value.
    pub(super) proxy: Option<(&'static str, String)>,
    pub(super) no_proxy: Option<String>,
    /// The extra certificate authorities, and why they cannot be used, if they cannot.
    pub(super) extra_ca: Option<(PathBuf, Option<String>)>,
    /// Another server than Google.
    pub(super) endpoint: Option<String>,
}

/// Reads the environment.
pub(super) fn gather(endpoint: Option<&str>) -> Facts {
    let proxies = PROXIES.iter();
    Facts {
        proxy: proxies
            .copied()
            .find_map(|name| Some((name, variable(name)?))),
        no_proxy: variable("NO_PROXY").or_else(|| variable("no_proxy")),
        extra_ca: session::extra_ca().map(|path| {
            let reason = unusable(&path);
            (path, reason)
        }),
        endpoint: endpoint.map(ToOwned::to_owned),
    }
}

#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns why a file cannot be used for authorities.
fn unusable(path: &Path) -> Option<String> {
    let options = Options {
        extra_roots: vec![path.to_owned()],
        ..Options::default()
    };
    Client::new(options).err().map(|error| match error {
        Error::BadFile { reason, .. } => reason,
        error => chain(&error),
    })
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(endpoint) = &facts.endpoint {
        let text = format!("{} stands for Google (`google_endpoint`)", origin(endpoint));
        findings.push(Finding::ok(TOPIC, text));
    }
    if let Some((name, value)) = &facts.proxy {
        let except = facts.no_proxy.as_deref().filter(|hosts| !hosts.is_empty());
        let except = except.map_or_else(String::new, |hosts| format!(", not for {hosts}"));
        let text = format!("{name} names the proxy {}{except}", origin(value));
        findings.push(Finding::ok(TOPIC, text));
    }
    match &facts.extra_ca {
        None => {}
        Some((path, None)) => findings.push(Finding::ok(
            TOPIC,
            format!("SSL_CERT_FILE adds the authorities in {}", path.display()),
        )),
        Some((path, Some(reason))) => findings.push(
            Finding::problem(
                TOPIC,
                format!("SSL_CERT_FILE {} cannot be used", path.display()),
            )
            .because(reason)
            .mend(format!("ls -l {}, or unset SSL_CERT_FILE", quoted(path))),
        ),
    }
    findings
}

/// Returns the part of an address that holds no password.
pub(super) fn origin(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = place.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::lines;

    #[test]
    fn settings_are_shown_without_passwords() {
        let facts = Facts {
            proxy: Some(("HTTPS_PROXY", "http://me:s3cret@proxy:3128/x".to_owned())),
            no_proxy: Some("localhost,.lan".to_owned()),
            extra_ca: Some(("/ca.pem".into(), None)),
            endpoint: Some("http://127.0.0.1:8377".to_owned()),
        };
        let expected = [
            "✅ http://127.0.0.1:8377 stands for Google (`google_endpoint`)",
            "✅ HTTPS_PROXY names the proxy http://proxy:3128, not for localhost,.lan",
            "✅ SSL_CERT_FILE adds the authorities in /ca.pem",
        ];
        assert_eq!(lines(&findings(&facts)), expected);
        assert_eq!(findings(&Facts::default()), []);
    }

    #[test]
    fn authorities_that_cannot_be_used() {
        let facts = Facts {
            extra_ca: Some(("/ca.pem".into(), Some("No such file".to_owned()))),
            ..Facts::default()
        };
        let expected = [
            "❌ SSL_CERT_FILE /ca.pem cannot be used — No such file — ls -l /ca.pem, \
                         or unset SSL_CERT_FILE",
        ];
        assert_eq!(lines(&findings(&facts)), expected);
    }

    #[test]
    fn origins() {
        for (address, expected) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("proxy:3128", "http://proxy:3128"),
            ("http://a:b@c@proxy", "http://proxy"),
            ("socks5://u:p@proxy:1080?x", "socks5://proxy:1080"),
            ("", "http://"),
        ] {
            assert_eq!(origin(address), expected, "{address}");
        }
    }
}
