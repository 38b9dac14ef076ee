use rustix::io::Errno;

use crate::mirror::{ErrorKind, FileError, Kind};

/// Why one action came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mirror) struct Failure {
    pub(in crate::mirror) kind: ErrorKind,
    pub(in crate::mirror) message: String,
    /// Whether what is to be changed is not what was seen, and was left alone therefore.
    pub(in crate::mirror) is_conflict: bool,
}

impl Failure {
    pub(in crate::mirror) fn of(action: &str, errno: Errno) -> Self {
        let cause = std::io::Error::from(errno);
        Self::new(kind_of(errno), format!("cannot {action} it: {cause}"))
    }

    pub(in crate::mirror) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            is_conflict: false,
        }
    }

    pub(in crate::mirror) fn changed_during_copy(attempts: usize) -> Self {
        let message = match attempts {
            1 => "it was replaced since it was looked at".to_owned(),
            _ => format!("it changed during each of {attempts} attempts to copy it"),
        };
        Self::new(ErrorKind::ChangedDuringCopy, message)
    }

    pub(in crate::mirror) fn verify(at: u64) -> Self {
        let message = format!("the copy differs from the original from byte {at} on");
        Self::new(ErrorKind::VerifyFailed, message)
    }

    pub(in crate::mirror) fn special(kind: Kind) -> Self {
        match kind {
            Kind::Directory => Self::new(ErrorKind::TypeClash, "it has become a directory"),
            _ => Self::new(
                ErrorKind::SpecialFile,
                "it has become a fifo, a socket or a device",
            ),
        }
    }

    /// What is at the place is not what was seen there.
    pub(in crate::mirror) fn unexpected() -> Self {
        Self {
            is_conflict: true,
            ..Self::new(
                ErrorKind::ChangedDuringCopy,
                "the destination's version changed since it was looked at",
            )
        }
    }

    /// Whether every other file would fail in the same way.
    pub(in crate::mirror) fn ends_the_run(&self) -> bool {
        matches!(self.kind, ErrorKind::NoSpace | ErrorKind::ReadOnly)
    }

    pub(in crate::mirror) fn at(self, path: std::path::PathBuf) -> FileError {
        FileError {
            path,
            kind: self.kind,
            message: self.message,
        }
    }
}

fn kind_of(errno: Errno) -> ErrorKind {
    match errno {
        Errno::ACCESS | Errno::PERM => ErrorKind::PermissionDenied,
        Errno::NOENT => ErrorKind::NotFound,
        Errno::NOSPC | Errno::DQUOT => ErrorKind::NoSpace,
        Errno::ROFS => ErrorKind::ReadOnly,
        Errno::NAMETOOLONG | Errno::ILSEQ => ErrorKind::BadName,
        Errno::LOOP => ErrorKind::BadLink,
        Errno::NOTDIR | Errno::ISDIR | Errno::NOTEMPTY => ErrorKind::TypeClash,
        _ => ErrorKind::Io,
    }
}
