use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

/// How many rows share one cached text.
const CHUNK: u32 = 64;

/// A JSON object in the order of its file that remembers its own text.
///
/// A change costs the text of the rows around it only, whatever the length of the table.
#[derive(Clone)]
pub struct Table<V> {
    rows: BTreeMap<u32, (Arc<str>, V)>,
    slots: HashMap<Arc<str>, u32>,
    /// The lines of full and partial chunks, each ending in a comma and a line feed.
    texts: BTreeMap<u32, String>,
    /// The chunks whose text is out of date.
    changed: BTreeSet<u32>,
    next_slot: u32,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            slots: HashMap::new(),
            texts: BTreeMap::new(),
            changed: BTreeSet::new(),
            next_slot: 0,
        }
    }
}

impl<V> Table<V> {
    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&V> {
        let slot = self.slots.get(key)?;
        self.rows.get(slot).map(|(_, value)| value)
    }

    /// Returns whether there is a value for the key.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.slots.contains_key(key)
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the rows in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &V)> {
        self.rows.values().map(|(key, value)| (&**key, value))
    }

    /// Returns the keys in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.iter().map(|(key, _)| key)
    }

    /// Returns the values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// Sets a value where its key stands, or at the end, and returns the old one.
    pub(super) fn insert(&mut self, key: &str, value: V) -> Option<V> {
        if let Some(slot) = self.slots.get(key).copied() {
            self.changed.insert(slot / CHUNK);
            let row = self.rows.get_mut(&slot).expect("every slot has its row");
            return Some(std::mem::replace(&mut row.1, value));
        }
        self.put_at(self.next_slot, key, value);
        None
    }

    /// Removes a row and returns its value with its place, for [`Self::put_at`].
    pub(super) fn remove(&mut self, key: &str) -> Option<(u32, V)> {
        let slot = self.slots.remove(key)?;
        self.changed.insert(slot / CHUNK);
        let (_, value) = self.rows.remove(&slot).expect("every slot has its row");
        Some((slot, value))
    }

    /// Puts a row at a free place.
    pub(super) fn put_at(&mut self, slot: u32, key: &str, value: V) {
        let key: Arc<str> = Arc::from(key);
        self.changed.insert(slot / CHUNK);
        self.slots.insert(Arc::clone(&key), slot);
        self.rows.insert(slot, (key, value));
        self.next_slot = self.next_slot.max(slot + 1);
    }

    /// Renders the rows that changed since the last time; `line` writes the value of one row.
    pub(super) fn refresh_text(&mut self, indent: &str, line: impl Fn(&mut String, &V)) {
        for chunk in std::mem::take(&mut self.changed) {
            let slots = chunk * CHUNK..=chunk * CHUNK + (CHUNK - 1);
            let mut text = String::new();
            for (key, value) in self.rows.range(slots).map(|(_, row)| row) {
                text.push_str(indent);
                super::render::push_string(&mut text, key);
                text.push(':');
                line(&mut text, value);
                text.push_str(",\n");
            }
            if text.is_empty() {
                self.texts.remove(&chunk);
            } else {
                text.shrink_to_fit();
                self.texts.insert(chunk, text);
            }
        }
    }

    /// Returns the text that [`Self::refresh_text`] rendered, the last comma left out.
    pub(super) fn text(&self) -> impl Iterator<Item = &str> {
        let count = self.texts.len();
        self.texts.values().enumerate().map(move |(index, text)| {
            let is_last = index + 1 == count;
            if is_last {
                text.strip_suffix(",\n").unwrap_or(text)
            } else {
                text
            }
        })
    }
}

impl<V: PartialEq> PartialEq for Table<V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<V: fmt::Debug> fmt::Debug for Table<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
