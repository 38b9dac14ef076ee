use std::{
    fs::{self, File},
    io::Write,
};

use proptest::prelude::*;

use super::{super::numbered, *};

/// A log whose lines are numbered, and one who follows it.
struct Bench {
    directory: tempfile::TempDir,
    log: PathBuf,
    written: usize,
    seen: Vec<usize>,
    remarks: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            log: directory.path().join("log"),
            directory,
            written: 0,
            seen: Vec::new(),
            remarks: Vec::new(),
        }
    }

    fn append(&self, text: &str) {
        let mut file = numbered::options().open(&self.log).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn write(&mut self, count: usize) {
        for _ in 0..count {
            self.append(&format!("{}\n", self.written));
            self.written += 1;
        }
    }

    fn rotate(&self) {
        self.append("");
        numbered::rotate(&self.log, KEPT_FILES).unwrap();
    }

    /// As logrotate does with `copytruncate`.
    fn copy_and_empty(&self) {
        self.append("");
        for number in (1..KEPT_FILES).rev() {
            fs::rename(rotated(&self.log, number), rotated(&self.log, number + 1)).ok();
        }
        fs::copy(&self.log, rotated(&self.log, 1)).unwrap();
        self.empty();
    }

    fn empty(&self) {
        self.append("");
        let file = File::options().write(true).open(&self.log).unwrap();
        file.set_len(0).unwrap();
    }

    /// Takes what is there, at most `steps` pieces.
    fn take(&mut self, follow: &mut Follow, steps: usize) {
        for _ in 0..steps {
            match follow.step().unwrap() {
                Step::Lines(lines) => {
                    let text = std::str::from_utf8(lines).unwrap();
                    assert!(text.ends_with('\n'), "{text:?}");
                    self.seen
                        .extend(text.lines().map(|line| line.parse::<usize>().unwrap()));
                }
                Step::Idle => return,
                other => self.remarks.push(format!("{other:?}")),
            }
        }
    }

    /// Takes everything.
    fn drain(&mut self, follow: &mut Follow) {
        follow.look().unwrap();
        self.take(follow, usize::MAX);
    }

    #[track_caller]
    fn saw(&self, numbers: impl Iterator<Item = usize>) {
        assert_eq!(self.seen, numbers.collect::<Vec<_>>(), "{:?}", self.remarks);
    }
}

#[test]
fn it_begins_with_the_last_lines_of_several_files() {
    for lines in 0..9 {
        let mut bench = Bench::new();
        for _ in 0..4 {
            bench.write(2);
            bench.rotate();
        }
        let mut follow = Follow::new(&bench.log, lines).unwrap();
        bench.write(1);
        bench.drain(&mut follow);
        bench.saw(8 - lines.min(8)..9);
    }
}

#[test]
fn a_missing_log_is_waited_for() {
    let mut bench = Bench::new();
    bench.log = bench.directory.path().join("later/log");
    let mut follow = Follow::new(&bench.log, 10).unwrap();
    assert!(follow.is_waiting());
    bench.drain(&mut follow);
    fs::create_dir(bench.log.parent().unwrap()).unwrap();
    bench.write(2);
    bench.rotate();
    bench.write(1);
    bench.drain(&mut follow);
    bench.saw(0..3);
    assert!(!follow.is_waiting());
}

#[test]
fn half_a_line_is_waited_for() {
    let mut bench = Bench::new();
    bench.append("0\n1");
    let mut follow = Follow::new(&bench.log, 10).unwrap();
    bench.drain(&mut follow);
    bench.saw(0..1);
    bench.append("0\n");
    bench.drain(&mut follow);
    assert_eq!(bench.seen, [0, 10]);
    // In a file that was left it is all there will be.
    bench.append("11");
    bench.rotate();
    bench.append("12\n");
    bench.drain(&mut follow);
    assert_eq!(bench.seen, [0, 10, 11, 12]);
}

#[test]
fn a_line_may_be_longer_than_a_chunk() {
    let bench = Bench::new();
    let long = "x".repeat(2 * CHUNK);
    bench.append(&format!("a\n{long}\nb\n"));
    let mut follow = Follow::new(&bench.log, 10).unwrap();
    let mut all = Vec::new();
    while let Step::Lines(lines) = follow.step().unwrap() {
        assert!(lines.ends_with(b"\n"));
        all.extend_from_slice(lines);
    }
    assert!(all == format!("a\n{long}\nb\n").as_bytes());
    // What has no end is no line, but it is not kept back for ever.
    bench.append(&"y".repeat(LONGEST_LINE + 5));
    assert!(matches!(follow.step(), Ok(Step::Lines(part)) if part.len() == LONGEST_LINE));
    assert!(matches!(follow.step(), Ok(Step::Idle)));
}

/// logrotate with `create`: the writer learns a little later that it has to go elsewhere.
#[test]
fn a_writer_who_is_slow_to_leave_loses_nothing() {
    let mut bench = Bench::new();
    bench.write(1);
    let mut follow = Follow::new(&bench.log, 10).unwrap();
    let mut late = numbered::options().open(&bench.log).unwrap();
    bench.rotate();
    bench.drain(&mut follow);
    late.write_all(b"1\n").unwrap();
    bench.drain(&mut follow);
    bench.saw(0..2);
    late.write_all(b"2\n").unwrap();
    bench.written = 3;
    bench.write(1);
    bench.drain(&mut follow);
    bench.saw(0..4);
}

#[test]
fn files_that_were_moved_elsewhere_are_read_to_their_end() {
    let mut bench = Bench::new();
    bench.write(2);
    bench.rotate();
    bench.write(1);
    let mut follow = Follow::new(&bench.log, 1).unwrap();
    bench.drain(&mut follow);
    bench.write(1);
    fs::rename(&bench.log, bench.directory.path().join("log-20260131")).unwrap();
    bench.drain(&mut follow);
    bench.write(1);
    bench.drain(&mut follow);
    // The older ones, which were not asked for, do not come up again.
    bench.saw(2..5);
}

#[test]
fn a_removed_directory_is_followed_again() {
    let mut bench = Bench::new();
    bench.log = bench.directory.path().join("logs/log");
    for _ in 0..3 {
        fs::create_dir(bench.log.parent().unwrap()).unwrap();
        bench.write(1);
        let mut follow = Follow::new(&bench.log, 0).unwrap();
        bench.write(1);
        bench.drain(&mut follow);
        fs::remove_dir_all(bench.log.parent().unwrap()).unwrap();
        bench.drain(&mut follow);
        fs::create_dir(bench.log.parent().unwrap()).unwrap();
        bench.write(1);
        bench.drain(&mut follow);
        fs::remove_dir_all(bench.log.parent().unwrap()).unwrap();
    }
    assert_eq!(bench.seen, [1, 2, 4, 5, 7, 8]);
}

#[test]
fn an_emptied_log_is_noticed_also_when_it_has_grown_again() {
    let mut bench = Bench::new();
    bench.write(20);
    let mut follow = Follow::new(&bench.log, 100).unwrap();
    bench.drain(&mut follow);
    bench.empty();
    bench.write(50);
    bench.drain(&mut follow);
    bench.saw(0..70);
    assert_eq!(bench.remarks, ["Cut"]);
}

#[test]
fn what_was_copied_before_the_log_was_emptied_is_read_in_the_copy() {
    let mut bench = Bench::new();
    bench.write(2);
    let mut follow = Follow::new(&bench.log, 100).unwrap();
    bench.drain(&mut follow);
    for _ in 0..20 {
        bench.write(2);
        bench.copy_and_empty();
        bench.drain(&mut follow);
        bench.write(2);
        bench.drain(&mut follow);
    }
    bench.saw(0..82);
    assert_eq!(bench.remarks, [""; 0]);
}

/// While its reader rests, the one who follows keeps looking.
#[test]
fn a_slow_reader_loses_nothing_until_too_many_files_are_gone() {
    for (rotations, missing) in [(8, None), (9, Some(1)), (12, Some(4))] {
        let mut bench = Bench::new();
        bench.write(1);
        let mut follow = Follow::new(&bench.log, 1).unwrap();
        for _ in 0..rotations {
            bench.rotate();
            bench.write(1);
            follow.look().unwrap();
        }
        bench.drain(&mut follow);
        match missing {
            None => bench.saw(0..9),
            Some(files) => {
                bench.saw((0..1).chain(1 + files..rotations + 1));
                assert_eq!(bench.remarks, [format!("Missing(Some({files}))")]);
            }
        }
        assert_eq!(*bench.seen.last().unwrap(), rotations);
    }
}

#[test]
fn one_who_did_not_look_says_that_lines_may_be_missing() {
    let mut bench = Bench::new();
    bench.write(1);
    let mut follow = Follow::new(&bench.log, 1).unwrap();
    for _ in 0..20 {
        bench.rotate();
        bench.write(1);
    }
    bench.drain(&mut follow);
    bench.saw((0..1).chain(13..21));
    assert_eq!(bench.remarks, ["Missing(None)"]);
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Write(usize),
    Rotate,
    CopyAndEmpty,
    Empty,
    Look,
    Take(usize),
}

fn acts(with_emptying: bool) -> impl Strategy<Value = Vec<Act>> {
    let mut choices = vec![
        (1..5usize).prop_map(Act::Write).boxed(),
        Just(Act::Rotate).boxed(),
        Just(Act::Look).boxed(),
        (1..3usize).prop_map(Act::Take).boxed(),
    ];
    if with_emptying {
        choices.push(Just(Act::CopyAndEmpty).boxed());
        choices.push(Just(Act::Empty).boxed());
    }
    prop::collection::vec(prop::strategy::Union::new(choices), 0..40)
}

fn play(acts: &[Act], is_attentive: bool) -> Bench {
    let mut bench = Bench::new();
    let mut follow = Follow::new(&bench.log, 1000).unwrap();
    for act in acts {
        match *act {
            Act::Write(count) => bench.write(count),
            Act::Rotate => bench.rotate(),
            Act::CopyAndEmpty => bench.copy_and_empty(),
            Act::Empty => bench.empty(),
            Act::Look => follow.look().unwrap(),
            Act::Take(steps) => bench.take(&mut follow, steps),
        }
        if is_attentive && matches!(act, Act::Rotate) {
            bench.drain(&mut follow);
        }
    }
    bench.drain(&mut follow);
    bench
}

proptest! {
    #[test]
    fn rotation_loses_and_doubles_nothing(acts in acts(false)) {
        let bench = play(&acts, true);
        bench.saw(0..bench.written);
        prop_assert!(bench.remarks.is_empty(), "{:?}", bench.remarks);
    }

    #[test]
    fn where_lines_are_missing_it_says_so(acts in acts(false)) {
        let bench = play(&acts, false);
        prop_assert!(bench.seen.is_sorted_by(|one, next| one < next), "{:?}", bench.seen);
        let is_complete = bench.seen.len() == bench.written;
        prop_assert!(is_complete || !bench.remarks.is_empty());
    }

    #[test]
    fn whatever_happens_no_line_comes_twice(acts in acts(true)) {
        let bench = play(&acts, false);
        prop_assert!(bench.seen.is_sorted_by(|one, next| one < next), "{:?}", bench.seen);
        let last = (bench.written > 0).then(|| bench.written - 1);
        let was_emptied = acts.iter().any(|act| matches!(act, Act::Empty | Act::CopyAndEmpty));
        prop_assert!(was_emptied || bench.seen.last().copied() == last);
    }
}
