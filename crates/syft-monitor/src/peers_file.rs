//! `SYFT_peers.json`, in which a client keeps whom its owner accepted.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use syft_state::Email;

/// The name of the file in the owner's `SyftBox` folder, since release 0.1.94.
pub const NAME: &str = "SYFT_peers.json";
/// The longest file in bytes that is looked at.
pub const MAX_LENGTH: usize = 16 << 20;

/// How far the two have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerState {
    /// The owner of the file accepted the peer.
    Accepted,
    /// The owner of the file refused the peer.
    Rejected,
    /// The owner of the file asked the peer.
    RequestedByMe,
    /// The peer asked the owner of the file.
    RequestedByPeer,
}

/// Says why a file is not `SYFT_peers.json`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeersFileError {
    /// It has more than [`MAX_LENGTH`] bytes.
    #[error("{NAME} is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// It is not a JSON object, perhaps because it is being written just now.
    #[error("{NAME} cannot be read (line {}, column {})", .0.line(), .0.column())]
    Malformed(#[source] serde_json::Error),
}

/// Parses the file; entries whose state or address is unknown are left out, as clients do.
///
/// # Errors
/// Whatever is no JSON object is an error and never an empty list of peers.
pub fn parse(json: &[u8]) -> Result<BTreeMap<Email, PeerState>, PeersFileError> {
    if json.len() > MAX_LENGTH {
        return Err(PeersFileError::TooLong);
    }
    let entries: BTreeMap<String, Value> =
        serde_json::from_slice(json).map_err(PeersFileError::Malformed)?;
    let known = entries.into_iter().filter_map(|(email, entry)| {
        let state = PeerState::deserialize(entry.get("state")?).ok()?;
        Some((email.parse().ok()?, state))
    });
    Ok(known.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_write() {
        let json = br#"{
          "ds@example.org": {"state": "accepted", "public_encryption_bundle": {"id": "did:x"}},
          "Bob@example.org": {"state": "rejected"},
          "c@example.org": {"state": "requested_by_me"},
          "d@example.org": {"state": "requested_by_peer"},
          "e@example.org": {"state": "outstanding"},
          "f@example.org": {"state": 1},
          "g@example.org": {},
          "h@example.org": "accepted",
          "no address": {"state": "accepted"}
        }"#;
        let peers = parse(json).unwrap();
        let expected = [
            ("bob@example.org", PeerState::Rejected),
            ("c@example.org", PeerState::RequestedByMe),
            ("d@example.org", PeerState::RequestedByPeer),
            ("ds@example.org", PeerState::Accepted),
        ];
        let expected = expected.map(|(email, state)| (email.parse().unwrap(), state));
        assert_eq!(peers, expected.into());
    }

    #[test]
    fn what_cannot_be_read_is_not_empty() {
        for json in [
            "",
            "[]",
            "null",
            "{\"a@b.c\": {\"state\": \"accepted\"",
            "\u{feff}{}",
        ] {
            assert!(parse(json.as_bytes()).is_err(), "{json:?}");
        }
        assert!(matches!(
            parse(&vec![b' '; MAX_LENGTH + 1]),
            Err(PeersFileError::TooLong)
        ));
        assert!(parse(b"{}").unwrap().is_empty());
    }
}
