use std::{
    cell::{Cell, RefCell},
    io::{self, BufReader, Read},
};

use flate2::read::MultiGzDecoder;
use tar::Archive;

use super::{Limits, MEMBER, Parsed, Proposal, ProposalError, changes::parse_changes};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Expanded bytes below which no ratio is a bomb.
const ALWAYS_ALLOWED: u64 = 8 << 20;
/// Expanded bytes that the headers of one member may take; more is an attack on memory,
/// because long names and extended headers are kept whole.
const HEADER_ALLOWANCE: u64 = 64 << 10;

/// Reads a message up to the end of its proposal.
///
/// Memory stays near the length of the longest text in the message, and near nothing for
/// a bomb. Bytes after the end of the archive are ignored.
///
/// # Errors
/// [`ProposalError::Read`] when `message` fails; everything else is permanent.
pub fn parse(message: impl Read, limits: &Limits) -> Result<Parsed, ProposalError> {
    let meter = Meter::new(limits);
    let mut message = Compressed {
        message,
        meter: &meter,
    };
    let mut magic = Vec::new();
    let start = message.by_ref().take(2).read_to_end(&mut magic);
    start.map_err(|error| meter.explain(error))?;
    if magic.is_empty() {
        return Err(ProposalError::Empty);
    }
    if !GZIP_MAGIC.starts_with(&magic) {
        return Ok(Parsed::Encrypted);
    }
    let expanded = Expanded {
        gzip: MultiGzDecoder::new(magic.as_slice().chain(message)),
        meter: &meter,
    };
    find_proposal(Archive::new(expanded), &meter).map(Parsed::Proposal)
}

fn find_proposal(
    archive: Archive<impl Read>,
    meter: &Meter<'_>,
) -> Result<Proposal, ProposalError> {
    let mut archive = archive;
    let mut entries = archive.entries().map_err(|error| meter.explain(error))?;
    let mut found = None;
    let mut is_irregular = false;
    for _ in 0..=meter.limits.members {
        meter.allow(HEADER_ALLOWANCE);
        let mut entry = match entries.next() {
            Some(Ok(entry)) => entry,
            // What follows the proposal may be anything, but not a bomb.
            Some(Err(error)) if found.is_none() || meter.has_objection() => {
                return Err(meter.explain(error));
            }
            Some(Err(_)) | None if is_irregular => return Err(ProposalError::NoProposal),
            Some(Err(_)) | None => return found.ok_or(ProposalError::NoProposal),
        };
        meter.allow_all();
        if entry.size() > meter.limits.expanded {
            return Err(meter.too_expanded());
        }
        // The Python client takes the last member of this name, and others take the first.
        let is_proposal = *entry.path_bytes() == *MEMBER.as_bytes();
        if is_proposal && (found.is_some() || is_irregular) {
            return Err(ProposalError::Ambiguous);
        }
        if !entry.header().entry_type().is_file() {
            is_irregular |= is_proposal;
            if entry.header().entry_type().is_gnu_sparse() {
                // Reading over its holes would cost time that no limit sees.
                return Err(ProposalError::NoProposal);
            }
        } else if is_proposal {
            found = Some(read_proposal(&mut entry, meter)?);
        }
        match io::copy(&mut entry, &mut io::sink()) {
            Err(error) if found.is_none() || meter.has_objection() => {
                return Err(meter.explain(error));
            }
            _ => {}
        }
    }
    let limit = meter.limits.members as u64;
    Err(ProposalError::TooLarge {
        what: "archive members",
        limit,
    })
}

fn read_proposal(entry: impl Read, meter: &Meter<'_>) -> Result<Proposal, ProposalError> {
    let parsed = parse_changes(BufReader::with_capacity(64 << 10, entry), meter.limits);
    parsed.map_err(|error| match error {
        ProposalError::Content(json) if json.is_io() => meter.explain(json.into()),
        other => other,
    })
}

/// Counts what goes in and out of the decompressor, and remembers the first objection,
/// which the readers in between would wrap into errors of their own.
struct Meter<'a> {
    limits: &'a Limits,
    compressed: Cell<u64>,
    expanded: Cell<u64>,
    /// Where the present allowance ends, in expanded bytes.
    allowed: Cell<u64>,
    objection: RefCell<Option<ProposalError>>,
}

impl<'a> Meter<'a> {
    fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            compressed: Cell::new(0),
            expanded: Cell::new(0),
            allowed: Cell::new(limits.expanded),
            objection: RefCell::new(None),
        }
    }

    fn allow(&self, bytes: u64) {
        let end = self.expanded.get().saturating_add(bytes);
        self.allowed.set(end.min(self.limits.expanded));
    }

    fn allow_all(&self) {
        self.allowed.set(self.limits.expanded);
    }

    fn too_expanded(&self) -> ProposalError {
        ProposalError::TooLarge {
            what: "expanded bytes",
            limit: self.limits.expanded,
        }
    }

    fn object(&self, objection: ProposalError) -> io::Error {
        self.objection.replace(Some(objection));
        io::Error::other("stopped at a limit")
    }

    fn has_objection(&self) -> bool {
        self.objection.borrow().is_some()
    }

    /// Returns what is behind an error of the readers above.
    fn explain(&self, error: io::Error) -> ProposalError {
        self.objection
            .take()
            .unwrap_or(ProposalError::Archive(error))
    }

    fn count_compressed(&self, bytes: usize) -> io::Result<()> {
        let total = self.compressed.get().saturating_add(bytes as u64);
        self.compressed.set(total);
        let limit = self.limits.compressed;
        if total > limit {
            let what = "bytes";
            return Err(self.object(ProposalError::TooLarge { what, limit }));
        }
        Ok(())
    }

    fn count_expanded(&self, bytes: usize) -> io::Result<()> {
        let total = self.expanded.get().saturating_add(bytes as u64);
        self.expanded.set(total);
        if total > self.limits.expanded {
            return Err(self.object(self.too_expanded()));
        }
        if total > self.allowed.get() {
            let (what, limit) = ("header bytes", HEADER_ALLOWANCE);
            return Err(self.object(ProposalError::TooLarge { what, limit }));
        }
        let by_ratio = self.limits.ratio.saturating_mul(self.compressed.get());
        if total > ALWAYS_ALLOWED && total > by_ratio {
            let (what, limit) = ("bytes for each byte of it", self.limits.ratio);
            return Err(self.object(ProposalError::TooLarge { what, limit }));
        }
        Ok(())
    }
}

struct Compressed<'a, R> {
    message: R,
    meter: &'a Meter<'a>,
}

impl<R: Read> Read for Compressed<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match self.message.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => return Err(self.meter.object(ProposalError::Read(error))),
            Ok(read) => read,
        };
        self.meter.count_compressed(read)?;
        Ok(read)
    }
}

struct Expanded<'a, R> {
    gzip: R,
    meter: &'a Meter<'a>,
}

impl<R: Read> Read for Expanded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.gzip.read(into)?;
        self.meter.count_expanded(read)?;
        Ok(read)
    }
}
