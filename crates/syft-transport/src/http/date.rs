//! What time a server has.

use chrono::DateTime;
use reqwest::{Method, Url, header::DATE};
use syft_state::Timestamp;

use super::{Client, Operation, Request};
use crate::error::Result;

const ROOT: Operation = Operation::new("the server's clock", 0);

impl Client {
    /// Returns the server's time, in whole seconds, in one attempt; `None` if it does not tell.
    ///
    /// Whatever the server answers to `url` will do, because every answer carries a date.
    pub async fn server_time(&self, url: &Url) -> Result<Option<Timestamp>> {
        let request = Request::new(ROOT, Method::HEAD, url.clone());
        let reply = self.send(&request, None).await;
        let reply = reply.map_err(|failure| failure.error)?;
        let date = reply.headers().get(DATE);
        Ok(date.and_then(|date| parse(date.to_str().ok()?)))
    }
}

/// Parses a date as HTTP writes it, `Sun, 06 Nov 1994 08:49:37 GMT`.
fn parse(text: &str) -> Option<Timestamp> {
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    Some(Timestamp::from_seconds(date.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::script::{Act, Script, quick_client, status};

    #[tokio::test]
    async fn a_server_tells_its_time_whatever_it_answers() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let refused = Act::Answer(404, vec![("date", date.to_owned())], Vec::new());
        let script = Script::acts([refused, status(200)]).await;
        let client = quick_client();
        let time = client.server_time(&script.url).await.unwrap();
        assert_eq!(time, parse(date));
        assert_eq!(script.seen()[0].method, "HEAD");
        assert_eq!(client.server_time(&script.url).await.unwrap(), None);
    }

    #[test]
    fn dates() {
        let time = parse("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(time.as_seconds(), 784_111_777);
        assert_eq!(parse("yesterday"), None);
    }
}
