//! Entries for systemd's journal, by its native protocol, so that `journalctl SYFT_JOB=documents`
//! finds them by their fields (systemd.io/JOURNAL_NATIVE_PROTOCOL).

use std::{io, os::unix::net::UnixDatagram, path::Path, time::Duration};

use serde_json::Value;
use tracing::Level;

use super::{console::Console, record::Record, sinks::flat_fields};

const SOCKET: &str = "/run/systemd/journal/socket";
/// What the journal does not take in this time is written to standard error, which it reads, too.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest name of a field, beyond which the journal drops it.
const LONGEST_NAME: usize = 64;

/// The journal, and what is written to when it does not listen.
#[derive(Debug)]
pub(super) struct Journal {
    socket: UnixDatagram,
    program: &'static str,
    otherwise: Console,
}

impl Journal {
    /// Finds the journal of this machine.
    pub(super) fn find(program: &'static str, otherwise: Console) -> io::Result<Self> {
        Self::at(SOCKET.as_ref(), program, otherwise)
    }

    fn at(path: &Path, program: &'static str, otherwise: Console) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.connect(path)?;
        Ok(Self {
            socket,
            program,
            otherwise,
        })
    }

    pub(super) fn write(&self, record: &Record) {
        if self.socket.send(&entry(record, self.program)).is_err() {
            self.otherwise.write(record);
        }
    }
}

fn entry(record: &Record, program: &str) -> Vec<u8> {
    let mut entry = Vec::new();
    put(&mut entry, "MESSAGE", &record.message);
    put(&mut entry, "PRIORITY", priority(record.level));
    put(&mut entry, "SYSLOG_IDENTIFIER", program);
    put(&mut entry, "TARGET", record.target);
    if let Some(file) = record.file {
        put(&mut entry, "CODE_FILE", file);
    }
    if let Some(line) = record.line {
        put(&mut entry, "CODE_LINE", &line.to_string());
    }
    for (name, value) in flat_fields(record.clone()) {
        let name = format!("SYFT_{}", field_name(&name));
        let name = &name[..name.len().min(LONGEST_NAME)];
        match value {
            Value::String(text) => put(&mut entry, name, &text),
            value => put(&mut entry, name, &value.to_string()),
        }
    }
    entry
}

/// A value with a line break goes with its length, so that it cannot pretend to be a field.
fn put(entry: &mut Vec<u8>, name: &str, value: &str) {
    entry.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        entry.push(b'\n');
        entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        entry.push(b'=');
    }
    entry.extend_from_slice(value.as_bytes());
    entry.push(b'\n');
}

fn field_name(name: &str) -> String {
    let letters = name.bytes().map(|byte| match byte {
        byte if byte.is_ascii_alphanumeric() => byte.to_ascii_uppercase().into(),
        _ => '_',
    });
    letters.collect()
}

/// The priorities of syslog.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        Level::DEBUG | Level::TRACE => "7",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use syft_daemon::logs::Line;

    use super::*;

    #[test]
    fn the_journal_gets_fields() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixDatagram::bind(&path).unwrap();
        let plain = Console::Plain(Line::text("x"));
        let journal = Journal::at(&path, "syft-sync", plain).unwrap();
        let fields = json!({ "job.id": "a\nPRIORITY=0", "n": 3, "x".repeat(80): true });
        let Value::Object(fields) = fields else {
            panic!("it is an object")
        };
        journal.write(&Record {
            time: "2026-01-31T12:00:00Z".parse().unwrap(),
            level: Level::WARN,
            target: "syft_jobs",
            module: None,
            file: Some("a.rs"),
            line: Some(7),
            message: "slow".to_owned(),
            fields,
            spans: Vec::new(),
        });
        let mut datagram = [0; 1024];
        let length = listener.recv(&mut datagram).unwrap();
        let mut expected = b"MESSAGE=slow\nPRIORITY=4\nSYSLOG_IDENTIFIER=syft-sync\n\
            TARGET=syft_jobs\nCODE_FILE=a.rs\nCODE_LINE=7\nSYFT_JOB_ID\n"
            .to_vec();
        expected.extend_from_slice(&12_u64.to_le_bytes());
        expected.extend_from_slice(b"a\nPRIORITY=0\nSYFT_N=3\n");
        expected.extend_from_slice(format!("SYFT_{}=true\n", "X".repeat(59)).as_bytes());
        assert_eq!(
            datagram[..length].escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    }

    #[test]
    fn without_a_journal_there_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let plain = Console::Plain(Line::text("x"));
        assert!(Journal::at(&directory.path().join("none"), "x", plain).is_err());
    }
}
