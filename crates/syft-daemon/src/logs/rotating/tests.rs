use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
};

use super::{super::rotated, *};

struct Bench {
    directory: tempfile::TempDir,
    log: PathBuf,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            log: directory.path().join("logs/log"),
            directory,
            now: Instant::now(),
        }
    }

    fn open(&self) -> Rotating {
        Rotating::open(&self.log, 20, 3, self.now).unwrap()
    }

    /// Writes a line, long after the one before.
    fn write(&mut self, file: &mut Rotating, line: &str) -> Option<Remark> {
        self.now += 2 * PATIENCE;
        let remark = file.look_after(self.now);
        file.append(line.as_bytes(), self.now);
        remark
    }

    fn text(&self, number: usize) -> String {
        fs::read_to_string(rotated(&self.log, number)).unwrap_or_else(|error| error.to_string())
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn t24_only_the_owner_can_read_it() {
    let mut bench = Bench::new();
    let mut file = bench.open();
    for _ in 0..3 {
        bench.write(&mut file, "0123456789012345\n");
    }
    assert_eq!(mode(bench.log.parent().unwrap()), 0o700);
    for number in 0..3 {
        assert_eq!(mode(&rotated(&bench.log, number)), 0o600);
    }
}

#[test]
fn t23_a_full_file_is_rotated_between_lines() {
    let mut bench = Bench::new();
    let mut file = bench.open();
    for number in 0..12 {
        bench.write(&mut file, &format!("line {number:04}\n"));
    }
    for (number, text) in [
        (0, "line 0010\nline 0011\n"),
        (1, "line 0008\nline 0009\n"),
        (3, "line 0004\nline 0005\n"),
    ] {
        assert_eq!(bench.text(number), text);
    }
    assert!(!rotated(&bench.log, 4).exists());
    // A line that is longer than a file has one of its own.
    bench.write(&mut file, "a line that is longer than a file\n");
    bench.write(&mut file, "next\n");
    assert_eq!(bench.text(1), "a line that is longer than a file\n");
    assert_eq!(bench.text(0), "next\n");
}

#[test]
fn a_restart_goes_on_in_the_same_file() {
    let mut bench = Bench::new();
    let mut file = bench.open();
    bench.write(&mut file, "one\n");
    let mut file = bench.open();
    bench.write(&mut file, "two\n");
    assert_eq!(bench.text(0), "one\ntwo\n");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn a_line_that_a_crash_cut_short_is_ended() {
    let mut bench = Bench::new();
    fs::create_dir(bench.log.parent().unwrap()).unwrap();
    fs::write(&bench.log, "one\ntw").unwrap();
    let mut file = bench.open();
    bench.write(&mut file, "three\n");
    assert_eq!(bench.text(0), "one\ntw\nthree\n");
}

#[test]
fn it_comes_back_when_its_directory_is_removed() {
    let mut bench = Bench::new();
    let mut file = bench.open();
    bench.write(&mut file, "one\n");
    fs::remove_dir_all(bench.log.parent().unwrap()).unwrap();
    assert_eq!(bench.write(&mut file, "two\n"), Some(Remark::Removed));
    file.told(&Remark::Removed);
    assert_eq!(bench.write(&mut file, "three\n"), None);
    assert_eq!(bench.text(0), "two\nthree\n");
}

#[test]
fn logrotate_may_move_it_away() {
    let mut bench = Bench::new();
    let mut file = bench.open();
    bench.write(&mut file, "one\n");
    fs::rename(&bench.log, rotated(&bench.log, 1)).unwrap();
    // `create`: a new file stands there at once.
    drop(fs::File::create_new(&bench.log).unwrap());
    assert_eq!(bench.write(&mut file, "two\n"), None);
    fs::rename(&bench.log, rotated(&bench.log, 2)).unwrap();
    // `nocreate`: it does not.
    assert_eq!(bench.write(&mut file, "three\n"), None);
    assert_eq!(bench.text(1), "one\n");
    assert_eq!(bench.text(2), "two\n");
    assert_eq!(bench.text(0), "three\n");
}

#[test]
fn logrotate_may_copy_and_empty_it() {
    let mut bench = Bench::new();
    let mut file = bench.open();
    bench.write(&mut file, "0123456789012345\n");
    fs::File::options()
        .write(true)
        .open(&bench.log)
        .unwrap()
        .set_len(0)
        .unwrap();
    for line in ["one\n", "two\n", "three\n"] {
        assert_eq!(bench.write(&mut file, line), None);
    }
    assert_eq!(bench.text(0), "one\ntwo\nthree\n");
    assert!(!rotated(&bench.log, 1).exists());
}

#[test]
fn what_cannot_be_written_is_counted_and_told() {
    let mut bench = Bench::new();
    let mut file = bench.open();
    let parent = bench.log.parent().unwrap().to_owned();
    fs::remove_dir_all(&parent).unwrap();
    // A file where the directory was: nothing can be opened there, whoever tries.
    drop(fs::File::create_new(&parent).unwrap());
    for _ in 0..3 {
        bench.write(&mut file, "one\n");
    }
    fs::remove_file(&parent).unwrap();
    let remark = bench.write(&mut file, "two\n").unwrap();
    let Remark::Lost { lines: 3, reason } = &remark else {
        panic!("{remark:?}");
    };
    assert!(reason.starts_with("cannot open the log "), "{reason}");
    assert!(reason.contains("logs/log"), "{reason}");
    assert_eq!(bench.text(0), "two\n");
    file.told(&remark);
    assert_eq!(bench.write(&mut file, "three\n"), Some(Remark::Removed));
}

#[test]
fn a_planted_link_is_not_followed() {
    let mut bench = Bench::new();
    let mut file = bench.open();
    let victim = bench.directory.path().join("victim");
    drop(fs::File::create_new(&victim).unwrap());
    fs::remove_file(&bench.log).unwrap();
    symlink(&victim, &bench.log).unwrap();
    bench.write(&mut file, "one\n");
    assert_eq!(fs::read(&victim).unwrap(), b"");
    let error = Rotating::open(&bench.log, 20, 3, bench.now).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("is a symbolic link, not a file"),
        "{error}"
    );
    fs::remove_file(&bench.log).unwrap();
    assert!(matches!(
        bench.write(&mut file, "two\n"),
        Some(Remark::Lost { lines: 1, .. })
    ));
    assert_eq!(bench.text(0), "two\n");
}

#[test]
fn only_a_file_is_a_log() {
    let bench = Bench::new();
    fs::create_dir_all(&bench.log).unwrap();
    let error = Rotating::open(&bench.log, 20, 3, bench.now).unwrap_err();
    assert!(
        error.to_string().ends_with("is a directory, not a file"),
        "{error}"
    );
    let error = Rotating::open(Path::new("/dev/null"), 20, 3, bench.now).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("is a device or a pipe, not a file"),
        "{error}"
    );
}

#[test]
fn a_file_that_cannot_be_rotated_is_gone_on_with() {
    let mut bench = Bench::new();
    let mut file = bench.open();
    bench.write(&mut file, "0123456789012345\n");
    // A directory that is not empty takes no file's place; also the superuser meets this.
    fs::create_dir_all(rotated(&bench.log, 1).join("full")).unwrap();
    fs::create_dir_all(rotated(&bench.log, 2).join("full")).unwrap();
    let parent = bench.log.parent().unwrap().to_owned();
    fs::set_permissions(&parent, Permissions::from_mode(0o500)).unwrap();
    bench.write(&mut file, "one\n");
    bench.write(&mut file, "two\n");
    fs::set_permissions(&parent, Permissions::from_mode(0o700)).unwrap();
    let all = bench.text(0) + &bench.text(1);
    assert!(all.contains("one\n") && all.contains("two\n"), "{all}");
}

#[test]
fn half_a_line_is_taken_back() {
    let mut bench = Bench::new();
    let mut file = bench.open();
    bench.write(&mut file, "one\n");
    let open_one = file.file.as_mut().unwrap();
    open_one.write_all(b"half").unwrap();
    take_back(open_one, 4);
    bench.write(&mut file, "two\n");
    assert_eq!(bench.text(0), "one\ntwo\n");
}
