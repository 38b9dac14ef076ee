//! Large contents, kept in files of their own beside the snapshot.
//!
//! `#[serde(with = "crate::blob")]` writes short contents as base64. Long ones become
//! `{"blake3": HEX}` while [`collect`] runs, and base64 otherwise; [`with_dir`] reads them back.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Contents below this many bytes stay in the snapshot.
const INLINE: usize = 16 << 10;

/// Contents by the BLAKE3 sum that names their file.
pub(crate) type Blobs = BTreeMap<String, Bytes>;

thread_local! {
    // Serde hands no context to fields, and saving happens within one call on one thread.
    static COLLECTED: RefCell<Option<Blobs>> = const { RefCell::new(None) };
    static DIR: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Saved {
    Inline(String),
    Beside { blake3: String },
}

/// Runs `save` and returns, with its result, the contents that it left out.
pub(crate) fn collect<T>(save: impl FnOnce() -> T) -> (T, Blobs) {
    COLLECTED.set(Some(Blobs::new()));
    let saved = save();
    (saved, COLLECTED.take().unwrap_or_default())
}

/// Runs `load`, which finds left-out contents in `dir`.
pub(crate) fn with_dir<T>(dir: &Path, load: impl FnOnce() -> T) -> T {
    DIR.set(Some(dir.to_owned()));
    let loaded = load();
    DIR.set(None);
    loaded
}

/// Writes a content, or the name of its file.
pub(crate) fn serialize<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
    let beside = COLLECTED.with_borrow_mut(|collected| {
        let collected = collected.as_mut().filter(|_| bytes.len() >= INLINE)?;
        let blake3 = blake3::hash(bytes).to_hex().to_string();
        collected.insert(blake3.clone(), bytes.clone());
        Some(Saved::Beside { blake3 })
    });
    beside
        .unwrap_or_else(|| Saved::Inline(STANDARD.encode(bytes)))
        .serialize(to)
}

/// Reads a content, from its file if need be.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
    match Saved::deserialize(from)? {
        Saved::Inline(text) => STANDARD
            .decode(text)
            .map(Bytes::from)
            .map_err(de::Error::custom),
        Saved::Beside { blake3 } => read(&blake3).map_err(de::Error::custom),
    }
}

fn read(name: &str) -> Result<Bytes, String> {
    let Ok(expected) = blake3::Hash::from_hex(name) else {
        return Err("a content has no valid BLAKE3 sum".to_owned());
    };
    let dir = DIR.with_borrow(Clone::clone);
    let dir = dir.ok_or_else(|| format!("the content {name} lies in no known directory"))?;
    let bytes = fs::read(dir.join(name)).map_err(|error| format!("content {name}: {error}"))?;
    if blake3::hash(&bytes) != expected {
        return Err(format!("content {name}: its bytes have changed"));
    }
    Ok(Bytes::from(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder(#[serde(with = "super")] Bytes);

    fn save(dir: &Path, holder: &Holder) -> String {
        let (text, blobs) = collect(|| serde_json::to_string(holder).unwrap());
        for (name, bytes) in blobs {
            let mut file = fs::File::create(dir.join(name)).unwrap();
            std::io::Write::write_all(&mut file, &bytes).unwrap();
        }
        text
    }

    fn load(dir: &Path, text: &str) -> Result<Holder, serde_json::Error> {
        with_dir(dir, || serde_json::from_str(text))
    }

    #[test]
    fn short_contents_stay_inside() {
        let dir = tempfile::tempdir().unwrap();
        let text = save(dir.path(), &Holder(Bytes::from_static(b"short")));
        assert_eq!(text, "\"c2hvcnQ=\"");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn missing_and_changed_contents_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let text = save(dir.path(), &Holder(Bytes::from(vec![7; INLINE])));
        let path = fs::read_dir(dir.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        fs::File::create(&path).unwrap();
        assert!(
            load(dir.path(), &text)
                .unwrap_err()
                .to_string()
                .contains("changed")
        );
        fs::remove_file(path).unwrap();
        assert!(load(dir.path(), &text).is_err());
        assert!(load(dir.path(), r#"{"blake3":"../../etc/passwd"}"#).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_content_comes_back(seed: u8, size in 0..3 * INLINE) {
            let dir = tempfile::tempdir().unwrap();
            let bytes: Vec<u8> = (0..size).map(|i| (i as u8).wrapping_mul(seed)).collect();
            let holder = Holder(Bytes::from(bytes));
            let text = save(dir.path(), &holder);
            prop_assert_eq!(load(dir.path(), &text).unwrap(), holder);
        }
    }
}
