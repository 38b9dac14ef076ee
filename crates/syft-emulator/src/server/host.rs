//! Which hosts the emulator answers for.

/// Returns whether the proxy plays `host`.
pub(super) fn is_google(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    ["googleapis.com", "google.com"].iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Returns whether a `Host` field names this machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Returns whether a request for `authority` (`host[:port]`) is meant for the emulator.
///
/// Refusing other names keeps a web page from reaching it by a DNS name that points here.
pub(super) fn is_ours(authority: &str) -> bool {
    let host = without_port(authority);
    is_loopback(host) || is_google(host)
}

/// Returns the host of `host[:port]`, with the brackets of an IPv6 address.
pub(super) fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(authority: &str, expected: bool) {
        assert_eq!(is_ours(authority), expected, "{authority}");
    }

    #[test]
    fn names_that_are_answered() {
        check("127.0.0.1:8377", true);
        check("localhost", true);
        check("[::1]:8377", true);
        check("www.googleapis.com", true);
        check("Gmail.GoogleAPIs.com:443", true);
        check("accounts.google.com", true);
        check("evilgoogleapis.com", false);
        check("googleapis.com.evil.example", false);
        check("rebound.example:8377", false);
        check("10.0.0.1", false);
        check("", false);
    }
}
