//! Entries that wait on the disk, in files of lines, the oldest first.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

/// A file that is larger gets no more entries.
const SEGMENT: u64 = 1024 * 1024;
/// All files together are not larger; the oldest entries go first.
const LIMIT: u64 = 64 * SEGMENT;
/// A file beyond this size is not one of ours.
const LARGEST: u64 = 16 * SEGMENT;

/// A directory of files, which have numbers for names.
#[derive(Debug)]
pub(super) struct Spill {
    directory: PathBuf,
    segments: Vec<Segment>,
    limit: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    number: u64,
    size: u64,
    /// It is being sent, and gets no more entries.
    is_closed: bool,
}

/// What became of entries that were to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lost(pub(super) usize);

impl Spill {
    /// Finds what an earlier start left in a directory, which need not exist.
    pub(super) fn open(directory: PathBuf) -> Self {
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        let mut segments: Vec<_> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let number = name.strip_suffix(".jsonl")?.parse().ok()?;
                let size = entry.metadata().ok().filter(fs::Metadata::is_file)?.len();
                Some(Segment {
                    number,
                    size,
                    is_closed: true,
                })
            })
            .collect();
        segments.sort_by_key(|segment| segment.number);
        Self {
            directory,
            segments,
            limit: LIMIT,
        }
    }

    /// Returns how many bytes wait.
    pub(super) fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// Keeps entries, one line each, and tells how many others had to go for them, or how many of
    /// them could not be kept.
    pub(super) fn append<'a>(&mut self, lines: impl Iterator<Item = &'a str>) -> Lost {
        let (mut bytes, mut number) = (Vec::new(), 0);
        let mut lost = 0;
        for line in lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
            number += 1;
            if bytes.len() as u64 >= SEGMENT {
                lost += self.keep(&bytes, number).0;
                (bytes, number) = (Vec::new(), 0);
            }
        }
        if number > 0 {
            lost += self.keep(&bytes, number).0;
        }
        Lost(lost)
    }

    /// Keeps so many entries, which are in one file.
    fn keep(&mut self, bytes: &[u8], number: usize) -> Lost {
        let Lost(lost) = self.make_room(bytes.len() as u64);
        match self.write(bytes) {
            Ok(()) => Lost(lost),
            Err(_) => Lost(lost + number),
        }
    }

    /// Returns the entries of the oldest file, with its number.
    pub(super) fn oldest(&mut self) -> Option<(u64, Vec<String>)> {
        loop {
            let segment = self.segments.first_mut()?;
            segment.is_closed = true;
            let number = segment.number;
            match read(&self.path(number)) {
                Ok(lines) => return Some((number, lines)),
                Err(error) => {
                    tracing::warn!("log entries that waited cannot be read: {error}");
                    self.remove(number);
                }
            }
        }
    }

    /// Forgets the entries of a file, which have arrived.
    pub(super) fn remove(&mut self, number: u64) {
        drop(fs::remove_file(self.path(number)));
        self.segments.retain(|segment| segment.number != number);
    }

    /// Takes away the oldest entries but those that are being sent.
    fn make_room(&mut self, size: u64) -> Lost {
        let mut lost = 0;
        while self.size() + size > self.limit && self.segments.len() > 1 {
            let number = self.segments[1].number;
            lost += read(&self.path(number)).map_or(0, |lines| lines.len());
            self.remove(number);
        }
        Lost(lost)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let newest = self.segments.last().copied();
        let open = newest.filter(|segment| !segment.is_closed && segment.size < SEGMENT);
        let segment = open.unwrap_or_else(|| Segment {
            number: newest.map_or(1, |segment| segment.number + 1),
            size: 0,
            is_closed: false,
        });
        if self.size() + bytes.len() as u64 > self.limit {
            return Err(io::ErrorKind::StorageFull.into());
        }
        syft_state::fs::create_private_dir(&self.directory).map_err(io::Error::other)?;
        let mut file = File::options()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(self.path(segment.number))?;
        if open.is_none() {
            self.segments.push(segment);
        }
        let outcome = file.write_all(bytes);
        if outcome.is_err() {
            // Half of a line would spoil the next one.
            drop(file.set_len(segment.size));
            return outcome;
        }
        if let Some(segment) = self.segments.last_mut() {
            segment.size += bytes.len() as u64;
        }
        Ok(())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number:010}.jsonl"))
    }
}

fn read(path: &Path) -> io::Result<Vec<String>> {
    let file = syft_state::fs::open_nofollow(path).map_err(io::Error::other)?;
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    // The last line may be the half of one that a crash cut short.
    let lines = bytes.split(|byte| *byte == b'\n');
    let lines = lines.filter_map(|line| std::str::from_utf8(line).ok());
    let whole = lines.filter(|line| line.ends_with('}'));
    Ok(whole.map(ToOwned::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct Bench {
        directory: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                directory: tempfile::tempdir().unwrap(),
            }
        }

        fn open(&self) -> Spill {
            Spill::open(self.directory.path().join("log-spill"))
        }
    }

    fn lines(from: usize, to: usize) -> Vec<String> {
        (from..to)
            .map(|number| format!("{{\"n\":{number}}}"))
            .collect()
    }

    fn append(spill: &mut Spill, lines: &[String]) -> Lost {
        spill.append(lines.iter().map(String::as_str))
    }

    #[test]
    fn entries_outlive_the_daemon_in_their_order() {
        let bench = Bench::new();
        let mut spill = bench.open();
        assert_eq!((spill.size(), spill.oldest()), (0, None));
        append(&mut spill, &lines(0, 3));
        append(&mut spill, &lines(3, 5));
        let (first, found) = spill.oldest().unwrap();
        assert_eq!(found, lines(0, 5));
        // What is being sent gets no more.
        append(&mut spill, &lines(5, 6));
        let mut spill = bench.open();
        assert_eq!(spill.oldest().unwrap(), (first, lines(0, 5)));
        spill.remove(first);
        let (second, found) = spill.oldest().unwrap();
        assert_eq!(found, lines(5, 6));
        spill.remove(second);
        assert_eq!((spill.size(), bench.open().oldest()), (0, None));
    }

    #[test]
    fn half_a_line_is_no_entry_and_files_are_for_their_owner_alone() {
        let bench = Bench::new();
        let mut spill = bench.open();
        append(&mut spill, &lines(0, 2));
        let path = spill.path(1);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"{\"n\":\xff}\n{\"n\":2,\"mess").unwrap();
        assert_eq!(bench.open().oldest().unwrap().1, lines(0, 2));
    }

    #[test]
    fn there_is_an_end_to_waiting() {
        let bench = Bench::new();
        let mut spill = bench.open();
        spill.limit = 100;
        let mut lost = 0;
        for number in 0..50 {
            lost += append(&mut spill, &lines(number, number + 1)).0;
            // The oldest one is being sent.
            drop(spill.oldest());
            assert!(spill.size() <= 100);
        }
        let mut kept = Vec::new();
        while let Some((number, lines)) = spill.oldest() {
            kept.extend(lines);
            spill.remove(number);
        }
        assert_eq!(kept.len() + lost, 50);
        assert_eq!(kept.first(), lines(0, 1).first());
        assert_eq!(kept.last(), lines(49, 50).first());
    }

    #[test]
    fn many_entries_at_once_are_several_files() {
        let bench = Bench::new();
        let mut spill = bench.open();
        let large = format!("{{\"message\":\"{}\"}}", "x".repeat(100_000));
        let lines = vec![large; 50];
        assert_eq!(append(&mut spill, &lines), Lost(0));
        assert!(spill.segments.len() >= 4, "{spill:?}");
        let mut kept = 0;
        while let Some((number, lines)) = spill.oldest() {
            kept += lines.len();
            spill.remove(number);
        }
        assert_eq!(kept, 50);
    }

    #[test]
    fn what_cannot_be_kept_is_counted() {
        let bench = Bench::new();
        #[expect(clippy::disallowed_methods, reason = "a test's own files")]
        fs::write(bench.directory.path().join("log-spill"), "a file").unwrap();
        let mut spill = bench.open();
        assert_eq!(append(&mut spill, &lines(0, 7)), Lost(7));
        assert_eq!(spill.oldest(), None);
    }
}
