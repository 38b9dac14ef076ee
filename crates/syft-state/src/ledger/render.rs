//! The text of the file: one line for each key of the larger objects.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write};

use serde::Serialize;

use super::{State, Table};

/// The format of our section.
pub(super) const VERSION: u64 = 1;

pub(super) const MARKS: &str = "notified_jobs";
pub(super) const SNAPSHOT: &str = "peer_snapshot";
pub(super) const OWN: &str = "syft_notify";

/// The place of a top-level key in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TopKey {
    Marks,
    Snapshot,
    Own,
    Unknown(String),
}

impl TopKey {
    pub(super) fn of(key: &str) -> Self {
        match key {
            MARKS => Self::Marks,
            SNAPSHOT => Self::Snapshot,
            OWN => Self::Own,
            key => Self::Unknown(key.to_owned()),
        }
    }
}

/// The place of a key in our section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OwnKey {
    Known(&'static str),
    Unknown(String),
}

/// Python's four spaces would be a twentieth of the file, which every commit writes.
const ROW_INDENT: &str = " ";

/// The keys of our section, in the order in which a new section has them.
const OWN_KEYS: [&str; 13] = [
    "version",
    "account",
    "cursor",
    "reconciled_at",
    "heartbeat",
    "sent_total",
    "outbox",
    "dead",
    "last_sent",
    "peers",
    "folders",
    "jobs",
    "finished",
];

impl OwnKey {
    pub(super) fn of(key: &str) -> Self {
        match OWN_KEYS.into_iter().find(|known| *known == key) {
            Some(known) => Self::Known(known),
            None => Self::Unknown(key.to_owned()),
        }
    }
}

/// The texts of the records that change often, by their keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    pub(super) folders: BTreeMap<String, String>,
    pub(super) peers: BTreeMap<String, String>,
    pub(super) outbox: BTreeMap<String, String>,
    pub(super) dead: BTreeMap<String, String>,
}

impl State {
    /// Returns the content of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut copy = self.clone();
        copy.refresh_text();
        copy.pieces().concat()
    }

    /// Renders what changed; then [`Self::pieces`] is up to date.
    pub(super) fn refresh_text(&mut self) {
        self.marks.refresh_text(ROW_INDENT, |text, marks| {
            text.push('[');
            for (index, mark) in marks.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                push_string(text, mark);
            }
            text.push(']');
        });
        self.own
            .jobs
            .refresh_text("      ", |text, job| text.push_str(&to_line(job)));
        self.own.finished.refresh_text();
        self.add_places();
    }

    /// New keys come after the old ones.
    fn add_places(&mut self) {
        let is_own_present = self.has_own || !self.own.is_blank();
        let wanted = [
            Some(TopKey::Marks),
            self.snapshot.is_some().then_some(TopKey::Snapshot),
            is_own_present.then_some(TopKey::Own),
        ];
        for key in wanted.into_iter().flatten() {
            if !self.order.contains(&key) {
                self.order.push(key);
            }
        }
        for key in OWN_KEYS {
            let key = OwnKey::Known(key);
            if !self.own_order.contains(&key) {
                self.own_order.push(key);
            }
        }
    }

    /// Returns the text of the file in pieces, most of them borrowed.
    pub(super) fn pieces(&self) -> Vec<Cow<'_, str>> {
        let mut pieces = Pieces::default();
        pieces.open();
        for key in &self.order {
            match key {
                TopKey::Marks => pieces.table(2, MARKS, &self.marks),
                TopKey::Snapshot => pieces.value(2, SNAPSHOT, self.snapshot.as_ref()),
                TopKey::Own if self.has_own || !self.own.is_blank() => self.own_pieces(&mut pieces),
                TopKey::Own => {}
                TopKey::Unknown(key) => {
                    if let Some(raw) = self.unknown.get(key) {
                        pieces.raw(2, key, raw.get());
                    }
                }
            }
        }
        pieces.close(0);
        pieces.list
    }

    fn own_pieces<'a>(&'a self, pieces: &mut Pieces<'a>) {
        let own = &self.own;
        pieces.key(2, OWN);
        pieces.open();
        for key in &self.own_order {
            let key = match key {
                OwnKey::Known(key) => *key,
                OwnKey::Unknown(key) => {
                    if let Some(raw) = own.unknown.get(key) {
                        pieces.raw(4, key, raw.get());
                    }
                    continue;
                }
            };
            match key {
                "version" => pieces.value(4, key, Some(&VERSION)),
                "account" => pieces.value(4, key, own.account.as_ref()),
                "cursor" => pieces.value(4, key, own.cursor.as_ref()),
                "reconciled_at" => pieces.value(4, key, own.reconciled_at.as_ref()),
                "heartbeat" => pieces.value(4, key, own.heartbeat.as_ref()),
                "sent_total" => pieces.value(4, key, Some(&own.sent_total)),
                "last_sent" => {
                    pieces.value(
                        4,
                        key,
                        (!own.last_sent.is_empty()).then_some(&own.last_sent),
                    );
                }
                "outbox" => pieces.lines(4, key, &self.lines.outbox),
                "dead" => pieces.lines(4, key, &self.lines.dead),
                "peers" => pieces.lines(4, key, &self.lines.peers),
                "folders" => pieces.lines(4, key, &self.lines.folders),
                "finished" => pieces.lines(4, key, own.finished.texts()),
                _ => pieces.table(4, key, &own.jobs),
            }
        }
        pieces.close(2);
    }
}

/// Shorter texts are copied, so that there are not too many pieces.
const WORTH_BORROWING: usize = 512;

/// Text under construction.
#[derive(Default)]
struct Pieces<'a> {
    list: Vec<Cow<'a, str>>,
    /// Whether the object that was opened last is still empty.
    is_first: bool,
}

impl<'a> Pieces<'a> {
    fn tail(&mut self) -> &mut String {
        if !matches!(self.list.last(), Some(Cow::Owned(_))) {
            self.list.push(Cow::Owned(String::new()));
        }
        self.list.last_mut().expect("it was just pushed").to_mut()
    }

    fn open(&mut self) {
        self.tail().push('{');
        self.is_first = true;
    }

    fn close(&mut self, indent: usize) {
        if !self.is_first {
            let tail = self.tail();
            tail.push('\n');
            pad(tail, indent);
        }
        self.tail().push('}');
        self.is_first = false;
    }

    fn key(&mut self, indent: usize, key: &str) {
        let separator = if self.is_first { "\n" } else { ",\n" };
        self.is_first = false;
        let tail = self.tail();
        tail.push_str(separator);
        pad(tail, indent);
        push_string(tail, key);
        tail.push_str(": ");
    }

    fn raw(&mut self, indent: usize, key: &str, json: &str) {
        self.key(indent, key);
        self.tail().push_str(json);
    }

    fn value<T: Serialize>(&mut self, indent: usize, key: &str, value: Option<&T>) {
        if let Some(value) = value {
            self.raw(indent, key, &to_line(value));
        }
    }

    fn lines(&mut self, indent: usize, key: &str, lines: &'a BTreeMap<String, String>) {
        if lines.is_empty() {
            return;
        }
        self.key(indent, key);
        self.open();
        for (key, line) in lines {
            self.key(indent + 2, key);
            if line.len() < WORTH_BORROWING {
                self.tail().push_str(line);
            } else {
                self.list.push(Cow::Borrowed(line));
            }
        }
        self.close(indent);
    }

    fn table<V>(&mut self, indent: usize, key: &str, table: &'a Table<V>) {
        if table.is_empty() {
            return self.raw(indent, key, "{}");
        }
        self.key(indent, key);
        self.tail().push_str("{\n");
        self.list.extend(table.text().map(Cow::Borrowed));
        let tail = self.tail();
        tail.push('\n');
        pad(tail, indent);
        tail.push('}');
    }
}

fn pad(text: &mut String, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
}

/// Returns the value as JSON in one line.
pub(super) fn to_line<T: Serialize>(value: &T) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Spaced);
    value
        .serialize(&mut serializer)
        .expect("records are plain data with text as keys");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// Python's separators: a space after every comma and colon.
struct Spaced;

impl serde_json::ser::Formatter for Spaced {
    fn begin_array_value<W: std::io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: std::io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: std::io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
    ) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

/// Appends a JSON string; characters beyond ASCII stay readable.
pub(super) fn push_string(text: &mut String, value: &str) {
    text.push('"');
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if value.bytes().all(is_plain) {
        text.push_str(value);
    } else {
        for character in value.chars() {
            push_char(text, character);
        }
    }
    text.push('"');
}

fn push_char(text: &mut String, character: char) {
    match character {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        control if control < ' ' => {
            write!(text, "\\u{:04x}", u32::from(control)).expect("a String takes all text");
        }
        other => text.push(other),
    }
}
