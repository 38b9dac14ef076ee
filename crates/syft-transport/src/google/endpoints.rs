use url::Url;

/// Where Google's services are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The page on which a person lets us in.
    pub authorize: Url,
    /// Where codes and refresh tokens become access tokens.
    pub token: Url,
    /// Where a token is given back.
    pub revoke: Url,
    /// Where a token tells its scopes and account.
    pub token_info: Url,
    /// Drive, version 3.
    pub drive: Url,
    /// Uploads to Drive, version 3.
    pub drive_upload: Url,
    /// Gmail, version 1.
    pub gmail: Url,
}

impl Default for Endpoints {
    fn default() -> Self {
        let google = |url: &str| Url::parse(url).expect("these addresses are well formed");
        Self {
            authorize: google("https://accounts.google.com/o/oauth2/auth"),
            token: google("https://oauth2.googleapis.com/token"),
            revoke: google("https://oauth2.googleapis.com/revoke"),
            token_info: google("https://oauth2.googleapis.com/tokeninfo"),
            drive: google("https://www.googleapis.com/drive/v3"),
            drive_upload: google("https://www.googleapis.com/upload/drive/v3"),
            gmail: google("https://gmail.googleapis.com/gmail/v1"),
        }
    }
}

impl Endpoints {
    /// Returns the same paths below one address, as `http://127.0.0.1:8080` of an emulator.
    ///
    /// Returns `None` unless the address begins with `http://` or `https://`.
    #[must_use]
    pub fn at(base: &Url) -> Option<Self> {
        let below = |google: Url| {
            let mut url = base.clone();
            url.set_path(google.path());
            url.set_query(None);
            url.set_fragment(None);
            url
        };
        let google = Self::default();
        matches!(base.scheme(), "http" | "https").then(|| Self {
            authorize: below(google.authorize),
            token: below(google.token),
            revoke: below(google.revoke),
            token_info: below(google.token_info),
            drive: below(google.drive),
            drive_upload: below(google.drive_upload),
            gmail: below(google.gmail),
        })
    }
}

/// Returns the address of something below a service; the segments may hold any characters.
pub(super) fn below(service: &Url, segments: &[&str]) -> Url {
    let mut url = service.clone();
    url.path_segments_mut()
        .expect("an HTTP address has a path")
        .pop_if_empty()
        .extend(segments);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_has_the_same_paths() {
        let at = Endpoints::at(&"http://127.0.0.1:8080".parse().unwrap()).unwrap();
        assert_eq!(at.token.as_str(), "http://127.0.0.1:8080/token");
        assert_eq!(at.drive.as_str(), "http://127.0.0.1:8080/drive/v3");
        assert_eq!(Endpoints::at(&"mailto:a@b".parse().unwrap()), None);
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        let url = below(&Endpoints::default().drive, &["files", "a/../b?c#d é"]);
        assert_eq!(
            url.as_str(),
            "https://www.googleapis.com/drive/v3/files/a%2F..%2Fb%3Fc%23d%20%C3%A9"
        );
    }
}
