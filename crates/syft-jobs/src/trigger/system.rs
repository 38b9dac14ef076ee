//! What the system says of where something is watched, and of its limits.

use std::{io, path::Path};

use rustix::io::Errno;

/// File systems of which other machines change the content: events tell of our own changes alone.
#[cfg(target_os = "linux")]
const REMOTE: [u32; 14] = [
    0x6969,      // NFS
    0x517b,      // SMB
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB 2
    0x564c,      // NCP
    0x5346_414f, // AFS
    0x7375_7245, // Coda
    0x00c3_6400, // Ceph
    0x0bd0_0bd0, // Lustre
    0x0102_1997, // 9P
    0x6573_5546, // FUSE, as of sshfs
    0x0116_1970, // GFS2
    0x7461_636f, // OCFS2
    0x786f_4256, // folders of VirtualBox
];

/// Returns whether other machines may change a file system without events.
#[cfg(target_os = "linux")]
pub(super) fn is_remote(path: &Path) -> bool {
    let found = rustix::fs::statfs(path);
    // The type's width differs between architectures; the numbers have 32 bits.
    found.is_ok_and(|found| {
        REMOTE
            .iter()
            .any(|it| i128::from(found.f_type) & 0xffff_ffff == i128::from(*it))
    })
}

/// Returns whether other machines may change a file system without events.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_remote(_: &Path) -> bool {
    false
}

/// A limit of the system that keeps us from watching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// So many directories are watched as may be.
    Watches,
    /// So many programs watch as may.
    Instances,
}

impl Limit {
    /// Returns the limit that an error tells of.
    pub(super) fn of(error: &syft_state::Error) -> Option<Self> {
        let syft_state::Error::Io { source, .. } = error else {
            return None;
        };
        match source.raw_os_error().map(Errno::from_raw_os_error)? {
            Errno::NOSPC | Errno::NOMEM => Some(Self::Watches),
            Errno::MFILE | Errno::NFILE => Some(Self::Instances),
            _ => None,
        }
    }

    /// Says what is wrong and what helps, when so many directories are to be watched.
    pub(super) fn words(self, directories: usize) -> String {
        let (setting, needed) = match self {
            Self::Watches => (
                "fs.inotify.max_user_watches",
                format!("{directories} are needed here"),
            ),
            Self::Instances => (
                "fs.inotify.max_user_instances",
                "one more is needed here".to_owned(),
            ),
        };
        let limit = match read_setting(setting) {
            Ok(limit) => format!("{setting} is {limit}"),
            Err(_) => format!("see {setting}"),
        };
        format!("the system's limit of file watches is reached: {limit}, and {needed}")
    }
}

/// Reads a setting of the kernel.
fn read_setting(name: &str) -> io::Result<String> {
    let path = Path::new("/proc/sys").join(name.replace('.', "/"));
    Ok(std::fs::read_to_string(path)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(errno: Errno, expected: Option<Limit>) {
        let error = syft_state::Error::Io {
            path: "/a".into(),
            action: "watch",
            source: io::Error::from_raw_os_error(errno.raw_os_error()),
        };
        assert_eq!(Limit::of(&error), expected, "{errno:?}");
    }

    #[test]
    fn limits_are_told_from_other_faults() {
        check(Errno::NOSPC, Some(Limit::Watches));
        check(Errno::MFILE, Some(Limit::Instances));
        check(Errno::NOENT, None);
        check(Errno::ACCESS, None);
    }

    #[test]
    fn a_limit_is_named_with_what_is_needed() {
        let words = Limit::Watches.words(123_456);
        assert!(words.contains("fs.inotify.max_user_watches"), "{words}");
        assert!(words.contains("123456"), "{words}");
    }

    #[test]
    fn a_disk_of_this_machine_is_not_remote() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_remote(dir.path()));
        assert!(!is_remote(Path::new("/proc")));
    }
}
