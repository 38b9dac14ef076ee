//! What a mirror keeps besides the bytes.

use std::{
    fs::{self, File},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{FileExt as _, MetadataExt as _, symlink},
    },
    path::Path,
};

use rustix::fs::{AtFlags, CWD, Mode, Timespec, Timestamps, XattrFlags};
use syft_jobs::{Status, mirror::Symlinks};

use crate::scene::{Scene, put, stat, text};

fn touch(path: &Path, seconds: i64, nanos: i64) {
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: nanos,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

fn chmod(path: &Path, mode: u32) {
    rustix::fs::chmod(path, Mode::from_raw_mode(mode)).unwrap();
}

#[track_caller]
fn check_same(scene: &Scene, names: &[&str]) {
    for name in names {
        let (source, destination) = (scene.source(name), scene.destination(name));
        assert_eq!(stat(&source), stat(&destination), "{name:?}");
    }
}

#[test]
fn permissions_and_times_to_the_nanosecond() {
    let scene = Scene::with(&["a", "d/b", "d/e/c"]);
    symlink("d/b", scene.source("link")).unwrap();
    chmod(&scene.source("a"), 0o4751);
    chmod(&scene.source("d/b"), 0o400);
    chmod(&scene.source("d/e"), 0o2750);
    chmod(&scene.source("d"), 0o555);
    for (name, nanos) in [("a", 1), ("d/b", 999_999_999), ("link", 7), ("d/e/c", 123)] {
        touch(&scene.source(name), 1_000_000_000, nanos);
    }
    touch(&scene.source("d/e"), -86_400, 5);
    touch(&scene.source("d"), 4_000_000_000, 6);
    touch(&scene.source(""), 1_500_000_000, 8);
    assert_eq!(scene.run().status, Status::Success);
    check_same(&scene, &["", "a", "d", "d/b", "d/e", "d/e/c", "link"]);
}

/// B3: the predecessor wrote whole seconds and compared nanoseconds, and copied each time.
#[test]
fn a_second_run_has_nothing_to_do() {
    let scene = Scene::with(&["a", "d/b"]);
    touch(&scene.source("a"), 1_000_000_000, 123_456_789);
    fs::hard_link(scene.source("a"), scene.source("d/again")).unwrap();
    symlink("nowhere", scene.source("broken")).unwrap();
    let first = scene.run();
    assert_eq!((first.counts.copied, first.counts.created_dirs), (4, 1));
    let second = scene.run();
    assert_eq!(second.status, Status::Success);
    let counts = second.counts;
    assert_eq!((counts.copied, counts.updated, counts.deleted), (0, 0, 0));
    assert_eq!(scene.look().plan.actions, []);
}

/// G13.
#[test]
fn permissions_and_times_are_left_alone_when_not_wanted() {
    let mut scene = Scene::with(&["a", "b"]);
    scene.options.permissions = false;
    scene.options.timestamps = false;
    chmod(&scene.source("a"), 0o600);
    touch(&scene.source("a"), 1_000_000_000, 0);
    put(&scene.destination("a"), "older");
    chmod(&scene.destination("a"), 0o640);
    assert_eq!(scene.run().status, Status::Success);
    assert_eq!(text(&scene.destination("a")), "a");
    let (mode, seconds, _) = stat(&scene.destination("a"));
    assert_eq!(
        mode & 0o7777,
        0o640,
        "a file that is replaced keeps its mode"
    );
    assert!(seconds > 1_000_000_000);
}

#[test]
fn hard_links_stay_one_file() {
    let scene = Scene::with(&["a"]);
    fs::create_dir(scene.source("d")).unwrap();
    fs::hard_link(scene.source("a"), scene.source("d/b")).unwrap();
    put(&scene.destination("d/b"), "something else");
    assert_eq!(scene.run().status, Status::Success);
    let inode = |name| fs::metadata(scene.destination(name)).unwrap().ino();
    assert_eq!(inode("a"), inode("d/b"));
    assert_eq!(text(&scene.destination("d/b")), "a");
    assert_eq!(scene.copied(), ["a", "d/", "d/b"]);
}

#[test]
fn holes_stay_holes() {
    const LENGTH: u64 = 16 << 20;
    let scene = Scene::new();
    let file = File::create(scene.source("sparse")).unwrap();
    file.set_len(LENGTH).unwrap();
    file.write_all_at(b"in the middle", LENGTH / 2).unwrap();
    let holes = File::create(scene.source("nothing but a hole")).unwrap();
    holes.set_len(LENGTH).unwrap();
    assert_eq!(scene.run().status, Status::Success);
    for name in ["sparse", "nothing but a hole"] {
        let copy = fs::metadata(scene.destination(name)).unwrap();
        assert_eq!(copy.len(), LENGTH);
        assert!(
            copy.blocks() * 512 < LENGTH / 4,
            "{name}: {}",
            copy.blocks()
        );
        let (ours, theirs) = (scene.source(name), scene.destination(name));
        assert_eq!(fs::read(ours).unwrap(), fs::read(theirs).unwrap());
    }
}

#[test]
fn every_size_arrives_whole() {
    let mut scene = Scene::new();
    scene.options.verify = true;
    let sizes = [
        0_u64,
        1,
        4095,
        4096,
        131_071,
        131_072,
        131_073,
        300_000,
        20 << 20,
    ];
    for size in sizes {
        let content: String = (0..size)
            .map(|at| char::from(b'a' + u8::try_from(at % 23).unwrap()))
            .collect();
        put(&scene.source(size.to_string()), &content);
    }
    let report = scene.run();
    assert_eq!(report.status, Status::Success, "{report:?}");
    let all: u64 = sizes.iter().sum();
    assert_eq!(report.bytes, all);
    for size in sizes {
        let name = size.to_string();
        let (ours, theirs) = (scene.source(&name), scene.destination(&name));
        assert!(
            fs::read(ours).unwrap() == fs::read(theirs).unwrap(),
            "{size}"
        );
    }
}

#[test]
fn names_of_any_bytes() {
    let scene = Scene::new();
    let names: [&[u8]; 5] = [b"\xff\xfe", b"new\nline", b"-rf", b"*", b" "];
    for name in names {
        let path = scene.source(std::ffi::OsStr::from_bytes(name));
        put(&path, "x");
    }
    let report = scene.run();
    assert_eq!((report.status, report.counts.copied), (Status::Success, 5));
    for name in names {
        assert!(
            scene
                .destination(std::ffi::OsStr::from_bytes(name))
                .exists()
        );
    }
    serde_json::to_string(&report).unwrap();
    assert!(scene.look().to_json().is_object());
}

#[test]
fn extended_attributes_when_wanted() {
    let mut scene = Scene::with(&["a"]);
    scene.options.xattrs = true;
    let set = rustix::fs::setxattr(
        scene.source("a"),
        "user.colour",
        b"green",
        XattrFlags::empty(),
    );
    set.unwrap();
    assert_eq!(scene.run().status, Status::Success);
    let mut value = [0; 16];
    let length =
        rustix::fs::getxattr(scene.destination("a"), "user.colour", &mut value[..]).unwrap();
    assert_eq!(&value[..length], b"green");
}

#[test]
fn links_are_links_or_what_they_lead_to() {
    let mut scene = Scene::with(&["d/a"]);
    symlink("d/a", scene.source("file")).unwrap();
    symlink("d", scene.source("directory")).unwrap();
    assert_eq!(scene.run().status, Status::Success);
    let target = fs::read_link(scene.destination("file")).unwrap();
    assert_eq!(target, Path::new("d/a"));

    scene.options.symlinks = Symlinks::Follow;
    scene.options.delete = true;
    let report = scene.run();
    assert_eq!(report.status, Status::Success, "{report:?}");
    assert!(!scene.destination("file").is_symlink());
    assert_eq!(text(&scene.destination("file")), "d/a");
    assert_eq!(text(&scene.destination("directory/a")), "d/a");
}
