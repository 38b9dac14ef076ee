//! What a hostile peer can do to the directory that is its own.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    fs::{self, File},
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use uuid::Uuid;

use crate::desk::{Asked, Desk, HONEST, put};

pub(crate) const HOSTILE: &str = "eve@example.com";
/// What a server reads of requests at most.
const LARGEST: usize = 8 * 1024 * 1024;
/// So many large files are there at most.
const LARGE_FILES: usize = 40;

/// A peer who does whatever the number says; what fails has failed for the peer alone.
#[derive(Debug)]
pub(crate) struct Hostile<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) tiny_files: usize,
    /// Large files that are still there.
    pub(crate) large: VecDeque<PathBuf>,
}

impl Hostile<'_> {
    fn own(&self, name: impl AsRef<OsStr>) -> PathBuf {
        let own = self.desk.path(&format!("echo/{HOSTILE}"));
        fs::create_dir_all(&own).ok();
        own.join(name.as_ref())
    }

    fn request(&self) -> PathBuf {
        self.own(format!("{}.request", Uuid::new_v4()))
    }

    pub(crate) fn act(&mut self, number: usize) {
        match number % 16 {
            0 => self.strange_names(),
            1 => self.links(),
            2 => self.directories(),
            3 => self.large(&nothing_but("[", LARGEST)),
            4 => self.large(&nothing_but("[0,0],", LARGEST)),
            5 => self.sparse(),
            6 => self.half_written(),
            7 => self.other_times(),
            8 => drop(put(&self.request(), b"\xff\xfe{\"id\":\"\xc3\x28\"}")),
            9 => self.deep(),
            10 => self.tiny(),
            11 => self.pipes(),
            12 => self.honest_looking(),
            13 => self.places_taken(),
            14 => self.moves(),
            _ => self.many_headers(),
        }
    }

    /// Writes a large file, and takes an old one away: the disk is not what is tested.
    fn large(&mut self, bytes: &[u8]) {
        let path = self.request();
        put(&path, bytes).ok();
        self.large.push_back(path);
        if self.large.len() > LARGE_FILES
            && let Some(path) = self.large.pop_front()
        {
            std::fs::remove_file(path).ok();
        }
    }

    fn strange_names(&self) {
        let id = Uuid::new_v4();
        let names = [
            "junk.request".to_owned(),
            ".request".to_owned(),
            format!("{id}.conflict.request"),
            format!("{id}.rejected.20260101000000.request"),
            format!("{id}.REQUEST"),
            format!("{{{id}}}.request"),
            format!("{id}\n.request"),
            format!("{}.request", "\u{1f980}".repeat(60)),
            format!("{}.request", "x".repeat(247)),
        ];
        for name in names {
            put(&self.own(name), b"{").ok();
        }
        put(&self.own(OsStr::from_bytes(b"\xff\xfe.request")), b"{").ok();
    }

    fn links(&self) {
        symlink("/etc/passwd", self.request()).ok();
        symlink("nowhere", self.request()).ok();
        let own = self.request();
        symlink(&own, &own).ok();
        symlink("/", self.own(format!("{}@example.com", Uuid::new_v4()))).ok();
        let honest = self.desk.path(&format!("echo/{HONEST}"));
        symlink(honest, self.desk.path("echo/mallory@example.com")).ok();
        fs::hard_link("/etc/hostname", self.request()).ok();
    }

    fn directories(&self) {
        let directory = self.request();
        fs::create_dir_all(directory.join("inside")).ok();
        let name = format!("{}.request", Uuid::new_v4());
        put(&directory.join(name), b"{").ok();
    }

    fn sparse(&self) {
        for bytes in [1 << 40, LARGEST as u64, LARGEST as u64 + 1] {
            if let Ok(file) = File::create(self.request()) {
                file.set_len(bytes).ok();
            }
        }
    }

    fn half_written(&self) {
        let asked = Asked::new(HOSTILE, &"long ".repeat(2_000));
        self.own("");
        let path = asked.path(self.desk, "request");
        for part in 1..8 {
            put(&path, &asked.bytes[..asked.bytes.len() * part / 8]).ok();
        }
    }

    fn other_times(&self) {
        let asked = Asked::new(HOSTILE, "when");
        let text = String::from_utf8(asked.bytes.clone()).unwrap();
        for (from, to) in [("20", "00"), ("20", "99"), ("-", "+"), ("T", " ")] {
            put(&self.request(), text.replace(from, to).as_bytes()).ok();
        }
        let path = asked.path(self.desk, "request");
        put(&path, &asked.bytes).ok();
        if let Ok(file) = File::options().write(true).open(path) {
            file.set_modified(SystemTime::UNIX_EPOCH).ok();
            let far = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 33);
            file.set_modified(far).ok();
        }
    }

    fn deep(&self) {
        let path = ["d"; 400].join("/");
        fs::create_dir_all(self.own(&path)).ok();
        let name = format!("{path}/{}.request", Uuid::new_v4());
        put(&self.own(name), b"{").ok();
    }

    fn tiny(&mut self) {
        for _ in 0..1_000.min(self.tiny_files) {
            put(&self.request(), b"{}").ok();
            self.tiny_files -= 1;
        }
    }

    fn pipes(&self) {
        for kind in [FileType::Fifo, FileType::Socket] {
            mknodat(CWD, self.request(), kind, Mode::from_raw_mode(0o666), 0).ok();
        }
    }

    /// Requests that are right, or nearly, and many.
    fn honest_looking(&self) {
        for number in 0..100 {
            let mut asked = Asked::new(HOSTILE, "flood");
            if number % 10 == 0 {
                asked = Asked::new("../../../../evil", "flood");
                asked.directory = format!("echo/{HOSTILE}");
            }
            let path = asked.path(self.desk, "request");
            self.desk.deliver(&path, &asked.bytes).ok();
        }
    }

    fn places_taken(&self) {
        for _ in 0..100 {
            let asked = Asked::new(HOSTILE, "taken");
            fs::create_dir_all(asked.path(self.desk, "response").join("full")).ok();
            let path = asked.path(self.desk, "request");
            self.desk.deliver(&path, &asked.bytes).ok();
        }
        let asked = Asked::new(HOSTILE, "linked");
        symlink("/etc/passwd", asked.path(self.desk, "response")).ok();
        let path = asked.path(self.desk, "request");
        self.desk.deliver(&path, &asked.bytes).ok();
        let asked = Asked::new(HOSTILE, "answered at length");
        let long = nothing_but("[", LARGEST / 16);
        put(&asked.path(self.desk, "response"), &long).ok();
        let path = asked.path(self.desk, "request");
        self.desk.deliver(&path, &asked.bytes).ok();
    }

    fn moves(&self) {
        let (here, there) = (self.own(""), self.desk.path("echo/elsewhere@example.com"));
        for _ in 0..20 {
            fs::rename(&here, &there).ok();
            fs::rename(&there, &here).ok();
        }
        let asked = Asked::new(HOSTILE, "gone");
        let path = asked.path(self.desk, "request");
        self.desk.deliver(&path, &asked.bytes).ok();
        fs::remove_file(path).ok();
    }

    fn many_headers(&self) {
        let asked = Asked::new(HOSTILE, "headers");
        let headers: String = (0..20_000)
            .map(|number| format!("\"{number}\":\"\","))
            .collect();
        let text = String::from_utf8(asked.bytes.clone()).unwrap();
        let text = text.replace(
            "\"headers\":{}",
            &format!("\"headers\":{{{headers}\"a\":\"\"}}"),
        );
        let path = asked.path(self.desk, "request");
        self.desk.deliver(&path, text.as_bytes()).ok();
    }
}

fn nothing_but(text: &str, bytes: usize) -> Vec<u8> {
    format!("{{\"id\":[{}", text.repeat(bytes / text.len() - 8)).into_bytes()
}
