use std::{
    fs::{self, File},
    path::Path,
    time::UNIX_EPOCH,
};

use super::*;
use crate::{
    mirror::{Cancel, Insist, Meta, Permits, plan::Side, progress::Silent, tree},
    store::Store,
};

struct Scene {
    dir: tempfile::TempDir,
    store: Store,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for side in ["source", "destination"] {
            fs::create_dir(dir.path().join(side)).unwrap();
        }
        Self {
            dir,
            store: Store::in_memory(),
        }
    }

    /// Writes a file whose modification time is so many seconds after 1970.
    fn put(&self, path: &str, content: &str, mtime: u64) {
        let path = self.dir.path().join(path);
        syft_state::fs::write_atomic(&path, content.as_bytes(), 0o600).unwrap();
        touch(&path, mtime);
    }

    fn both(&self, options: &Options) -> (Place, Place) {
        let place = |name: &str, side| {
            let root = self.dir.path().join(name);
            let tree = tree::scan(&root, side, options).unwrap();
            Place { root, tree }
        };
        (
            place("source", Side::Source),
            place("destination", Side::Destination),
        )
    }

    /// Compares the files `a` of both sides.
    fn compare(&self, comparison: Comparison) -> Result<bool, FileError> {
        let options = Options {
            comparison,
            ..Options::default()
        };
        let (source, destination) = self.both(&options);
        self.compare_seen(&source, &destination, &options)
    }

    fn compare_seen(
        &self,
        source: &Place,
        destination: &Place,
        options: &Options,
    ) -> Result<bool, FileError> {
        let (cancel, permits) = (Cancel::default(), Permits::new(2));
        let context = Context {
            cancel: &cancel,
            permits: &permits,
            progress: &Silent,
            store: Some(&self.store),
            insist: Insist::No,
        };
        let contents = Contents::compare(source, destination, options, &context).unwrap();
        let find = |tree: &Tree| tree.find("a".as_ref()).unwrap();
        contents.same(find(&source.tree), find(&destination.tree))
    }
}

fn touch(path: &Path, mtime: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(mtime))
        .unwrap();
}

const ALL: [Comparison; 5] = [
    Comparison::Sha256,
    Comparison::Blake3,
    Comparison::Xxh3,
    Comparison::Md5,
    Comparison::Bytes,
];

#[test]
fn contents_decide_and_not_times() {
    let large = "x".repeat(CHUNK + 1);
    for comparison in ALL {
        let scene = Scene::new();
        scene.put("source/a", "same", 1);
        scene.put("destination/a", "same", 9);
        assert_eq!(scene.compare(comparison), Ok(true), "{comparison:?}");
        scene.put("destination/a", "diff", 8);
        assert_eq!(scene.compare(comparison), Ok(false), "{comparison:?}");
        scene.put("source/a", &large, 1);
        scene.put("destination/a", &large, 2);
        assert_eq!(scene.compare(comparison), Ok(true), "{comparison:?}");
        scene.put("destination/a", &large.replacen("xx", "xy", 1), 3);
        assert_eq!(scene.compare(comparison), Ok(false), "{comparison:?}");
    }
}

/// What shows that a file was not read again: its content changed in place, but not its time.
#[test]
fn a_file_that_is_what_it_was_is_not_read_again() {
    let scene = Scene::new();
    scene.put("source/a", "same", 1);
    scene.put("destination/a", "same", 1);
    assert_eq!(scene.compare(Comparison::Sha256), Ok(true));
    let path = scene.dir.path().join("destination/a");
    let mut file = File::options().write(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, b"diff").unwrap();
    drop(file);
    touch(&path, 1);
    assert_eq!(scene.compare(Comparison::Sha256), Ok(true));
    assert_eq!(scene.compare(Comparison::Blake3), Ok(false));
    touch(&path, 2);
    assert_eq!(scene.compare(Comparison::Sha256), Ok(false));
}

/// A digest of a file that changed a moment ago might be that of the version before.
#[test]
fn a_file_that_changed_just_now_is_read_again() {
    let scene = Scene::new();
    let soon = u64::try_from(now().seconds).unwrap() + 60;
    scene.put("source/a", "same", soon);
    scene.put("destination/a", "same", soon);
    assert_eq!(scene.compare(Comparison::Sha256), Ok(true));
    let path = scene.dir.path().join("destination/a");
    let mut file = File::options().write(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, b"diff").unwrap();
    drop(file);
    touch(&path, soon);
    assert_eq!(scene.compare(Comparison::Sha256), Ok(false));
}

#[test]
fn a_file_that_is_not_what_was_seen_is_an_error() {
    let scene = Scene::new();
    scene.put("source/a", "same", 1);
    scene.put("destination/a", "same", 1);
    let options = Options::default();
    let (source, destination) = scene.both(&options);
    scene.put("source/a", "other", 5);
    let error = scene
        .compare_seen(&source, &destination, &options)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::ChangedDuringCopy);
    assert_eq!(error.path, Path::new("a"));
}

fn known(store: &Store, method: u8, files: &[Meta]) -> Vec<Option<Digest>> {
    store.digests(method, files.len(), |at| files[at]).unwrap()
}

#[test]
fn times_tell_how_finely_they_are_kept() {
    let at = |seconds, nanos| Time { seconds, nanos };
    assert!(is_settled(at(10, 5), at(10, 200_000_000)));
    assert!(!is_settled(at(10, 5), at(10, 50_000_000)));
    assert!(!is_settled(at(10, 0), at(11, 999_999_999)));
    assert!(is_settled(at(10, 0), at(12, 1)));
    assert!(!is_settled(at(10, 0), at(9, 0)));
}

#[test]
fn digests_outlive_the_program_or_not() {
    let scene = Scene::new();
    let path = scene.dir.path().join("jobs.sqlite");
    let file = Meta {
        kind: Kind::File,
        size: 4,
        mtime: Time {
            seconds: 1,
            nanos: 2,
        },
        mode: 0,
        uid: 0,
        gid: 0,
        dev: u64::MAX,
        ino: u64::MAX - 1,
        links: 1,
    };
    let changed = Meta { size: 5, ..file };
    let cache = |is_persistent| crate::store::DigestCache {
        is_persistent,
        max_bytes: 300,
    };
    for (is_persistent, expected) in [(false, None), (true, Some([7; 32]))] {
        let store = Store::open(&path)
            .unwrap()
            .with_digests(cache(is_persistent));
        store
            .keep_digests(1, [(file, [7; 32])].into_iter(), 1)
            .unwrap();
        assert_eq!(known(&store, 1, &[changed, file]), [None, Some([7; 32])]);
        assert_eq!(known(&store, 2, &[file]), [None]);
        drop(store);
        let store = Store::open(&path)
            .unwrap()
            .with_digests(cache(is_persistent));
        assert_eq!(known(&store, 1, &[file]), [expected]);
    }
    let store = Store::open(&path).unwrap().with_digests(cache(true));
    for number in 2..8 {
        let newer = Meta {
            ino: number,
            ..file
        };
        let now = i64::try_from(number).unwrap();
        store
            .keep_digests(1, [(newer, [7; 32])].into_iter(), now)
            .unwrap();
    }
    assert_eq!(known(&store, 1, &[file]), [None], "the oldest goes");
}
