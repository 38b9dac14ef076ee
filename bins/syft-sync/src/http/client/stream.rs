//! A listener of events, as other programs write one.

use std::{net::SocketAddr, time::Duration};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::time::timeout;

use super::{Control, Error, Method};

/// Some heartbeats of the daemon.
const PATIENCE: Duration = Duration::from_secs(60);
const LONGEST_EVENT: usize = 4 * 1024 * 1024;

/// Events as they come, until the daemon ends.
#[derive(Debug)]
pub(in crate::http) struct Stream {
    address: SocketAddr,
    body: Incoming,
    unread: Vec<u8>,
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::http) struct Happened {
    pub(in crate::http) kind: String,
    pub(in crate::http) data: Value,
}

impl Control {
    /// Follows what happens from now on.
    pub(in crate::http) async fn events(&self) -> Result<Stream, Error> {
        let response = self.send(Method::GET, "/events", None).await?;
        Ok(Stream {
            address: self.access.address,
            body: response.into_body(),
            unread: Vec::new(),
        })
    }
}

impl Stream {
    /// Waits for the next event; `None` when there will be no more.
    ///
    /// # Errors
    ///
    /// [`Error::Silent`] when not even a heartbeat comes, or what comes is no event.
    pub(in crate::http) async fn next(&mut self) -> Result<Option<Happened>, Error> {
        loop {
            while let Some(block) = self.block() {
                if let Some(event) = parse(&block) {
                    return Ok(Some(event));
                }
            }
            if self.unread.len() > LONGEST_EVENT {
                return Err(self.silent("its event has no end"));
            }
            match timeout(PATIENCE, self.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.unread.extend_from_slice(&data);
                    }
                }
                Ok(Some(Err(error))) => return Err(self.silent(&error.to_string())),
                Ok(None) => return Ok(None),
                Err(_) => return Err(self.silent("its events have stopped")),
            }
        }
    }

    /// Takes what stands before an empty line.
    fn block(&mut self) -> Option<String> {
        let end = self.unread.windows(2).position(|pair| pair == b"\n\n")?;
        let block: Vec<u8> = self.unread.drain(..end + 2).collect();
        Some(String::from_utf8_lossy(&block).into_owned())
    }

    fn silent(&self, reason: &str) -> Error {
        Error::Silent {
            address: self.address,
            reason: reason.to_owned(),
        }
    }
}

/// Heartbeats are comments and no events.
fn parse(block: &str) -> Option<Happened> {
    let mut kind = "message";
    let mut data = None;
    for line in block.lines() {
        match line.split_once(':') {
            Some(("event", value)) => kind = value.trim_start(),
            Some(("data", value)) => data = serde_json::from_str(value.trim_start()).ok(),
            _ => {}
        }
    }
    Some(Happened {
        kind: kind.to_owned(),
        data: data?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks_are_events_or_heartbeats() {
        let event = parse("event: finished\nid: 7\ndata: {\"job\":\"a\"}\n\n").unwrap();
        assert_eq!(event.kind, "finished");
        assert_eq!(event.data, json!({ "job": "a" }));
        assert_eq!(parse(": heartbeat\n\n"), None);
        assert_eq!(parse("event: x\ndata: {\n\n"), None);
    }
}
