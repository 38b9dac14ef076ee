//! What a worker writes, line by line.

use std::io;

use tokio::{io::AsyncReadExt, process::ChildStderr};

/// Longer lines are cut there.
const LINE_LIMIT: usize = 64 * 1024;
/// As much as a pipe holds.
const CHUNK: usize = 64 * 1024;

/// Where the lines of a worker go; any `FnMut(&[u8])` is one.
///
/// It is called on the supervisor's only thread, so it should be fast.
pub trait LineSink {
    /// Takes one line, without its line break and of at most about 64 KiB.
    fn line(&mut self, line: &[u8]);

    /// Comes after the last line of a batch, when the next may be long in coming.
    fn flush(&mut self) {}
}

impl<F: FnMut(&[u8])> LineSink for F {
    fn line(&mut self, line: &[u8]) {
        self(line);
    }
}

/// The standard error stream of a worker, split into lines.
#[derive(Debug)]
pub(super) struct Lines {
    pipe: Option<ChildStderr>,
    chunk: Box<[u8]>,
    splitter: Splitter,
}

impl Lines {
    pub(super) fn new(pipe: Option<ChildStderr>) -> Self {
        Self {
            pipe,
            chunk: vec![0; CHUNK].into_boxed_slice(),
            splitter: Splitter::default(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Waits for something to be written and hands it on. Cancel safe.
    pub(super) async fn pump(&mut self, sink: &mut dyn LineSink) {
        let read = match &mut self.pipe {
            Some(pipe) => pipe.read(&mut self.chunk).await,
            None => Ok(0),
        };
        match read {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            Ok(0) | Err(_) => self.finish(sink),
            Ok(read) => self.splitter.feed(&self.chunk[..read], sink),
        }
        sink.flush();
    }

    /// Hands on what was begun and will not be ended.
    pub(super) fn finish(&mut self, sink: &mut dyn LineSink) {
        self.pipe = None;
        self.splitter.finish(sink);
    }
}

#[derive(Debug, Default)]
struct Splitter {
    begun: Vec<u8>,
    /// So many bytes of the line did not fit.
    left_out: u64,
}

impl Splitter {
    fn feed(&mut self, mut bytes: &[u8], sink: &mut dyn LineSink) {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            let line = &bytes[..end];
            bytes = &bytes[end + 1..];
            if self.begun.is_empty() && line.len() <= LINE_LIMIT {
                sink.line(line);
            } else {
                self.append(line);
                self.end(sink);
            }
        }
        self.append(bytes);
    }

    fn finish(&mut self, sink: &mut dyn LineSink) {
        if !self.begun.is_empty() {
            self.end(sink);
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        let room = LINE_LIMIT - self.begun.len();
        let (fits, rest) = bytes.split_at(room.min(bytes.len()));
        self.begun.extend_from_slice(fits);
        self.left_out += rest.len() as u64;
    }

    fn end(&mut self, sink: &mut dyn LineSink) {
        if self.left_out > 0 {
            let cut = format!(" … ({} bytes left out)", self.left_out);
            self.begun.extend_from_slice(cut.as_bytes());
        }
        sink.line(&self.begun);
        self.begun = Vec::new();
        self.left_out = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut sink = |line: &[u8]| lines.push(line.to_vec());
        let mut splitter = Splitter::default();
        for chunk in chunks {
            splitter.feed(chunk, &mut sink);
        }
        splitter.finish(&mut sink);
        lines
    }

    proptest! {
        #[test]
        fn no_chunking_loses_or_tears_a_line(
            text in "[ab\n]{0,200}",
            cuts in prop::collection::vec(0_usize..200, 0..10),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts
                .windows(2)
                .map(|pair| &text.as_bytes()[pair[0]..pair[1]])
                .collect();
            let expected: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
            prop_assert_eq!(split(&chunks), expected);
        }
    }

    #[test]
    fn a_line_of_any_length_takes_bounded_memory() {
        let part = [b'x'; 10_000];
        for (count, over) in [(7, 70_000 - LINE_LIMIT), (100, 1_000_000 - LINE_LIMIT)] {
            let mut chunks = vec![&part[..]; count];
            chunks.push(b"\nnext\n");
            let lines = split(&chunks);
            let mut expected = vec![b'x'; LINE_LIMIT];
            expected.extend(format!(" … ({over} bytes left out)").into_bytes());
            assert_eq!(lines, [expected, b"next".to_vec()]);
        }
        let whole = [b'x'; LINE_LIMIT + 1];
        assert_eq!(split(&[&whole[1..], b"\n"]), [whole[1..].to_vec()]);
        let in_one = [&whole[..], b"\n"].concat();
        assert!(split(&[&in_one])[0].ends_with("(1 bytes left out)".as_bytes()));
    }
}
