//! The log of changes that every account follows: `changes.log`.
//!
//! The first line names the feed. Every further line names an entry that changed and the
//! accounts that saw it before or after: what it looks like now is in its record. A line is
//! written before the record that it tells of, so that a crash between them tells of a
//! change too many and never of one too few.

use std::{
    collections::BTreeSet,
    fmt,
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::PathBuf,
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use syft_state::{Email, fs::write_atomic};

use super::disk::{OPEN_FLAGS, broken, cannot, exists};
use crate::{
    drive::FileId,
    error::{Error, Result},
};

/// A log that grew beyond this starts anew, and its readers list everything once.
const MAX_LOG: u64 = 16 << 20;
/// Far above [`MAX_LOG`] plus what one change can add.
const MAX_READ: u64 = 1 << 30;
const MAX_HEADER: usize = 200;
const VERSION: u32 = 1;

/// The log of one hub.
#[derive(Debug)]
pub(super) struct Feed {
    path: PathBuf,
    mode: u32,
    max: u64,
}

/// A change of one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) id: FileId,
    pub(super) owner: Email,
    /// Who saw the entry before or sees it after.
    #[serde(rename = "for")]
    pub(super) audience: BTreeSet<Email>,
}

/// A place between two lines of a feed; shows and parses as `<feed>-<bytes>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    feed: String,
    offset: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    syft_hub: u32,
    feed: String,
}

impl Feed {
    pub(super) fn new(path: PathBuf, mode: u32) -> Self {
        Self {
            path,
            mode,
            max: MAX_LOG,
        }
    }

    pub(super) fn exists(&self) -> Result<bool> {
        exists(&self.path)
    }

    /// Begins an empty feed of a new name, so that every position in the old one expires.
    pub(super) fn start(&self) -> Result<()> {
        let header = Header {
            syft_hub: VERSION,
            feed: uuid::Uuid::new_v4().simple().to_string(),
        };
        write_atomic(&self.path, &line_of(&header), self.mode)?;
        Ok(())
    }

    /// Returns whether nothing was appended since `position`: one read, no lock.
    pub(super) fn is_at(&self, position: &Position) -> Result<bool> {
        let file = self.open()?;
        let (header, _) = self.header(&file)?;
        Ok(header.feed == position.feed && self.length(&file)? == position.offset)
    }

    /// Returns the position behind the last complete line.
    pub(super) fn end(&self) -> Result<Position> {
        let file = self.open()?;
        let (header, _) = self.header(&file)?;
        let offset = self.complete_length(&file)?;
        Ok(Position {
            feed: header.feed,
            offset,
        })
    }

    /// Returns the changes between two positions.
    ///
    /// Fails with [`Error::CursorExpired`] where `since` is not a place in this feed.
    pub(super) fn between(&self, since: &Position, until: &Position) -> Result<Vec<Change>> {
        let file = self.open()?;
        let (header, header_length) = self.header(&file)?;
        let is_ours = header.feed == since.feed && since.feed == until.feed;
        if !is_ours || since.offset < header_length || since.offset > until.offset {
            return Err(Error::CursorExpired);
        }
        let length = until.offset - since.offset;
        if length > MAX_READ {
            return Err(broken(&self.path, "it is larger than 1 GiB"));
        }
        // One byte more at the front: a position follows a line end.
        let length = usize::try_from(length).expect("it was just compared with 1 GiB");
        let mut bytes = vec![0; length + 1];
        file.read_exact_at(&mut bytes, since.offset - 1)
            .map_err(|error| cannot(&self.path, error))?;
        match bytes.split_first() {
            Some((b'\n', lines)) => self.parse(lines, since.offset),
            _ => Err(Error::CursorExpired),
        }
    }

    fn parse(&self, lines: &[u8], offset: u64) -> Result<Vec<Change>> {
        let parse = |line: &[u8]| {
            serde_json::from_slice(line).map_err(|error| {
                let reason = format!("a line after byte {offset} is not a change: {error}");
                broken(&self.path, reason)
            })
        };
        let lines = lines.split(|byte| *byte == b'\n');
        lines.filter(|line| !line.is_empty()).map(parse).collect()
    }

    /// Appends changes durably; the caller holds the lock of the hub.
    pub(super) fn append(&self, changes: &[Change]) -> Result<Position> {
        if self.end()?.offset > self.max {
            self.start()?;
        }
        let end = self.end()?;
        let bytes: Vec<u8> = changes.iter().flat_map(line_of).collect();
        let append = |file: &mut File| {
            // A writer that was killed may have left half a line.
            file.set_len(end.offset)?;
            file.seek(SeekFrom::Start(end.offset))?;
            file.write_all(&bytes)?;
            file.sync_data()
        };
        let file = options().write(true).open(&self.path);
        let mut file = file.map_err(|error| cannot(&self.path, error))?;
        append(&mut file).map_err(|error| cannot(&self.path, error))?;
        Ok(Position {
            offset: end.offset + bytes.len() as u64,
            ..end
        })
    }

    fn open(&self) -> Result<File> {
        let file = options().open(&self.path);
        file.map_err(|error| cannot(&self.path, error))
    }

    fn length(&self, file: &File) -> Result<u64> {
        let metadata = file.metadata().map_err(|error| cannot(&self.path, error))?;
        Ok(metadata.len())
    }

    /// Returns the first line and its length with the line end.
    fn header(&self, file: &File) -> Result<(Header, u64)> {
        let mut bytes = Vec::new();
        file.take(MAX_HEADER as u64)
            .read_to_end(&mut bytes)
            .map_err(|error| cannot(&self.path, error))?;
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            return Err(broken(&self.path, "its first line does not end"));
        };
        let header: Header = serde_json::from_slice(&bytes[..end])
            .map_err(|error| broken(&self.path, format!("its first line is wrong: {error}")))?;
        if header.syft_hub != VERSION {
            return Err(broken(&self.path, "it was written by a newer version"));
        }
        Ok((header, end as u64 + 1))
    }

    /// Returns the length up to and with the last line end.
    fn complete_length(&self, file: &File) -> Result<u64> {
        let mut end = self.length(file)?;
        let mut block = [0; 4096];
        while end > 0 {
            let start = end.saturating_sub(block.len() as u64);
            let part = &mut block[..usize::try_from(end - start).expect("at most one block")];
            file.read_exact_at(part, start)
                .map_err(|error| cannot(&self.path, error))?;
            if let Some(last) = part.iter().rposition(|byte| *byte == b'\n') {
                return Ok(start + last as u64 + 1);
            }
            end = start;
        }
        Ok(0)
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(OPEN_FLAGS);
    options
}

fn line_of(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("texts and numbers always serialise");
    line.push(b'\n');
    line
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.feed, self.offset)
    }
}

impl FromStr for Position {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parse = || {
            let (feed, offset) = text.rsplit_once('-')?;
            Some(Self {
                feed: feed.to_owned(),
                offset: offset.parse().ok()?,
            })
        };
        parse().ok_or(Error::CursorExpired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(directory: &tempfile::TempDir) -> Feed {
        let path = directory.path().join("changes.log");
        let (mode, max) = (0o600, 2000);
        let feed = Feed { path, mode, max };
        feed.start().unwrap();
        feed
    }

    fn change(id: &str) -> Change {
        Change {
            id: FileId::new(id),
            owner: "do@x.org".parse().unwrap(),
            audience: BTreeSet::from(["ds@x.org".parse().unwrap()]),
        }
    }

    #[test]
    fn tells_what_came_after_a_position() {
        let directory = tempfile::tempdir().unwrap();
        let feed = feed(&directory);
        let start = feed.end().unwrap();
        assert!(feed.is_at(&start).unwrap());
        let middle = feed.append(&[change("a"), change("b")]).unwrap();
        assert!(!feed.is_at(&start).unwrap());
        let end = feed.append(&[change("c")]).unwrap();
        assert_eq!(feed.end().unwrap(), end);
        assert_eq!(feed.between(&middle, &end).unwrap(), [change("c")]);
        assert_eq!(feed.between(&start, &end).unwrap().len(), 3);
        assert_eq!(end.to_string().parse::<Position>().unwrap(), end);
    }

    #[test]
    fn half_a_line_of_a_killed_writer_is_no_change() {
        let directory = tempfile::tempdir().unwrap();
        let feed = feed(&directory);
        let start = feed.append(&[change("a")]).unwrap();
        let mut file = OpenOptions::new().append(true).open(&feed.path).unwrap();
        file.write_all(&[b'x'; 9000]).unwrap();
        assert!(!feed.is_at(&start).unwrap());
        assert_eq!(feed.end().unwrap(), start);
        let end = feed.append(&[change("b")]).unwrap();
        assert_eq!(feed.between(&start, &end).unwrap(), [change("b")]);
    }

    #[track_caller]
    fn check_expired(feed: &Feed, position: &str) {
        let end = feed.end().unwrap();
        let result = position
            .parse::<Position>()
            .and_then(|since| feed.between(&since, &end));
        assert!(
            matches!(result, Err(Error::CursorExpired)),
            "{position}: {result:?}"
        );
    }

    #[test]
    fn a_position_that_is_none_has_expired() {
        let directory = tempfile::tempdir().unwrap();
        let feed = feed(&directory);
        let end = feed.append(&[change("a")]).unwrap();
        for offset in [0, 1, end.offset - 1, end.offset + 1, u64::MAX] {
            check_expired(&feed, &format!("{}-{offset}", end.feed));
        }
        for text in ["", "-", "0", "x-0", "0-", "ü-9"] {
            check_expired(&feed, text);
        }
    }

    #[test]
    fn a_long_log_starts_anew_and_expires_its_positions() {
        let directory = tempfile::tempdir().unwrap();
        let feed = feed(&directory);
        let start = feed.end().unwrap();
        for _ in 0..100 {
            feed.append(&[change("a")]).unwrap();
        }
        assert!(feed.end().unwrap().offset < 3000);
        check_expired(&feed, &start.to_string());
    }

    #[track_caller]
    fn check_unusable(content: &str, reason: &str) {
        let directory = tempfile::tempdir().unwrap();
        let feed = feed(&directory);
        write_atomic(&feed.path, content.as_bytes(), 0o600).unwrap();
        let error = feed.end().unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(error.to_string().contains("changes.log"), "{error}");
    }

    #[test]
    fn a_log_of_others_is_not_usable() {
        check_unusable("", "does not end");
        check_unusable("hello\n", "first line is wrong");
        check_unusable("{\"syft_hub\":2,\"feed\":\"x\"}\n", "newer version");
    }
}
