//! The `Content-Range` header of resumable uploads.

use http::{HeaderMap, header};

use super::text;
use crate::error::ApiError;

/// The `Content-Range` of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentRange {
    /// No header: the body is the whole content.
    Rest,
    /// `bytes */total`: how much has arrived?
    Ask { total: Option<u64> },
    /// `bytes start-end/total`, the end included.
    Chunk {
        start: u64,
        end: u64,
        total: Option<u64>,
    },
}

impl ContentRange {
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Self, ApiError> {
        match text(headers, &header::CONTENT_RANGE) {
            None => Ok(Self::Rest),
            Some(text) => Self::parse(text).ok_or_else(|| bad_range("it cannot be read")),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (range, total) = text.trim().strip_prefix("bytes")?.trim().split_once('/')?;
        let total = match total {
            "*" => None,
            number => Some(number.parse().ok()?),
        };
        if range == "*" {
            return Some(Self::Ask { total });
        }
        let (start, end) = range.split_once('-')?;
        let (start, end) = (start.parse().ok()?, end.parse().ok()?);
        // Sizes are signed in Google's answers, and `end + 1` must not overflow.
        let end_fits = i64::try_from(end).is_ok() && total.is_none_or(|total| end < total);
        let fits = start <= end && end_fits;
        fits.then_some(Self::Chunk { start, end, total })
    }

    pub(super) fn total(self) -> Option<u64> {
        match self {
            Self::Rest => None,
            Self::Ask { total } | Self::Chunk { total, .. } => total,
        }
    }

    pub(super) fn length(self) -> Option<u64> {
        match self {
            Self::Rest => None,
            Self::Ask { .. } => Some(0),
            Self::Chunk { start, end, .. } => Some(end - start + 1),
        }
    }

    /// Returns the place of the body's first byte.
    pub(super) fn start(self) -> u64 {
        match self {
            Self::Chunk { start, .. } => start,
            _ => 0,
        }
    }

    pub(super) fn carries_bytes(self) -> bool {
        !matches!(self, Self::Ask { .. })
    }
}

/// Returns a 400 that blames the header.
pub(super) fn bad_range(problem: &str) -> ApiError {
    ApiError::bad_request(format!("Invalid Content-Range: {problem}.")).at("Content-Range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<ContentRange>) {
        assert_eq!(ContentRange::parse(text), expected, "{text}");
    }

    #[test]
    fn content_ranges() {
        let chunk = |start, end, total| Some(ContentRange::Chunk { start, end, total });
        check("bytes 0-9/10", chunk(0, 9, Some(10)));
        check("bytes 5-9/*", chunk(5, 9, None));
        check("bytes */10", Some(ContentRange::Ask { total: Some(10) }));
        check("bytes */*", Some(ContentRange::Ask { total: None }));
        for malformed in [
            "",
            "bytes",
            "bytes 9-0/10",
            "bytes 0-10/10",
            "bytes 0-/10",
            "bytes x/1",
            "bytes 0-18446744073709551615/*",
            "0-9/10",
        ] {
            check(malformed, None);
        }
    }
}
