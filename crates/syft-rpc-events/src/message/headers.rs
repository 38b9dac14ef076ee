use serde::{Serialize, Serializer, ser::SerializeMap};

/// Names with values, in order; names keep their case on the wire and are found without it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Returns the value of a name, whatever the case in which the peer wrote it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut entries = self.0.iter();
        let found = entries.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Sets a name, in place of one that differs at most in case.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        let mut entries = self.0.iter_mut();
        match entries.find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some(entry) => *entry = (name, value),
            None => self.0.push((name, value)),
        }
    }

    /// Returns names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.0.iter();
        entries.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps entries as a peer wrote them, even those that differ only in case.
    pub(super) fn received(entries: Vec<(String, String)>) -> Self {
        Self(entries)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut headers = Self::default();
        for (name, value) in entries {
            headers.set(name, value);
        }
        headers
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
