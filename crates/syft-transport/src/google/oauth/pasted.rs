//! What a person pastes: the code, or the address that holds it.

use reqwest::Url;
use secrecy::SecretString;

use crate::error::{Error, Result};

/// Returns the code in what was pasted; `state` must fit where there is one.
pub(super) fn code(pasted: &str, state: &str) -> Result<SecretString> {
    // A terminal may have wrapped it.
    let pasted: String = pasted.split_whitespace().collect();
    let query = match pasted.split_once('?') {
        Some((_, query)) => query,
        None if pasted.contains("code=") || pasted.contains("error=") => &pasted,
        // A code alone, as it stands in the address bar.
        None if pasted.contains('%') => return code(&format!("code={pasted}"), state),
        None if pasted.is_empty() => return Err(unusable("nothing was pasted")),
        None => return Ok(pasted.into()),
    };
    from_query(query, state)
}

/// Returns the code in the query of the address that the browser was sent to.
pub(super) fn from_query(query: &str, state: &str) -> Result<SecretString> {
    let query = query.split('#').next().unwrap_or_default();
    let url = Url::parse(&format!("http://localhost/?{query}"));
    let url = url.map_err(|_| unusable("it is no address"))?;
    let find = |name: &str| {
        let pair = url.query_pairs().find(|(key, _)| key == name);
        pair.map(|(_, value)| value.into_owned())
    };
    if find("state").is_some_and(|given| given != state) {
        return Err(unusable(
            "it belongs to another attempt: open the new address and try again",
        ));
    }
    if find("error").is_some() {
        return Err(Error::PermissionDenied {
            what: "the consent".to_owned(),
            reason: "it was not given".to_owned(),
        });
    }
    let code = find("code").filter(|code| !code.is_empty());
    code.map(Into::into)
        .ok_or_else(|| unusable("it holds no code"))
}

fn unusable(reason: &str) -> Error {
    Error::Rejected {
        what: "what was pasted".to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[track_caller]
    fn check(pasted: &str, expected: Result<&str, &str>) {
        let found = code(pasted, "S1").map(|code| code.expose_secret().to_owned());
        let found = found.map_err(|error| error.to_string());
        assert_eq!(
            found.as_deref().map_err(String::as_str),
            expected,
            "{pasted}"
        );
    }

    #[test]
    fn codes_and_addresses() {
        check("4/0Abc-d_e", Ok("4/0Abc-d_e"));
        check("  4/0Abc\n  def \n", Ok("4/0Abcdef"));
        check("4%2F0Abc", Ok("4/0Abc"));
        check(
            "http://localhost:1/?state=S1&code=4/0Abc&scope=x%20y",
            Ok("4/0Abc"),
        );
        check("http://localhost:1/?code=4%2F0Abc", Ok("4/0Abc"));
        check("state=S1&code=4%2F0Abc", Ok("4/0Abc"));
        let other = "what was pasted was rejected: it belongs to another attempt: open the new address and try again";
        check("http://localhost:1/?state=S2&code=4/0Abc", Err(other));
        check(
            "http://localhost:1/?error=access_denied&state=S1",
            Err("the consent was refused: it was not given"),
        );
        check(
            "http://localhost:1/?state=S1",
            Err("what was pasted was rejected: it holds no code"),
        );
        check(
            "http://localhost:1/?code=&state=S1",
            Err("what was pasted was rejected: it holds no code"),
        );
        check(
            " \n",
            Err("what was pasted was rejected: nothing was pasted"),
        );
    }
}
