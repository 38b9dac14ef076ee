//! Mirrors, case by case.

use super::model::{Pair, directory, file, lines, link};
use crate::mirror::{
    Comparison, Conflicts, ErrorKind, Held, Kind, Options, Symlinks,
    plan::{Outcome, Side},
};

/// Deletes, and finishes no directory: their times are not what is told here.
fn deleting() -> Options {
    Options {
        delete: true,
        timestamps: true,
        ..Options::default()
    }
}

#[track_caller]
fn check(pair: &Pair, options: &Options, expected: &[&str]) {
    let plan = pair.plan(options);
    let mut found = lines(pair, &plan, options);
    found.retain(|line| !line.starts_with("FinishDirectory"));
    assert_eq!(found, expected);
}

fn with(source: &[(&str, &str)], destination: &[(&str, &str)]) -> Pair {
    let mut pair = Pair::new();
    for (path, content) in source {
        pair.source.put(path, file(content, 5));
    }
    for (path, content) in destination {
        pair.destination.put(path, file(content, 5));
    }
    pair
}

#[test]
fn new_changed_and_gone() {
    let pair = with(
        &[("changed", "new"), ("new", "x"), ("same", "s")],
        &[("changed", "old"), ("gone", "x"), ("same", "s")],
    );
    check(
        &pair,
        &deleting(),
        &["CopyFile changed", "CopyFile new", "Delete gone"],
    );
}

#[test]
fn g12_nothing_is_deleted_unless_that_is_asked_for() {
    let mut pair = with(&[("a", "x")], &[("a", "x"), ("gone", "x")]);
    pair.destination.put("directory", directory(1));
    pair.destination.put("directory/file", file("x", 1));
    check(&pair, &Options::default(), &[]);
    let options = Options {
        delete_limit_percent: 100,
        ..deleting()
    };
    check(
        &pair,
        &options,
        &["Delete directory/file", "Delete directory", "Delete gone"],
    );
}

#[test]
fn g13_attributes_are_brought_in_step_without_a_copy() {
    let mut pair = with(
        &[("mode", "x"), ("time", "x")],
        &[("mode", "x"), ("time", "x")],
    );
    pair.source.at_mut("mode").mode = 0o755;
    pair.source.at_mut("time").mtime = 9;
    check(
        &pair,
        &Options::default(),
        &["SetAttributes mode", "SetAttributes time"],
    );
    let careless = Options {
        permissions: false,
        timestamps: false,
        ..Options::default()
    };
    check(&pair, &careless, &[]);
}

#[test]
fn g13_each_comparison_sees_its_own_differences() {
    let mut pair = with(
        &[("content", "aa"), ("size", "aa"), ("time", "aa")],
        &[("content", "bb"), ("size", "b"), ("time", "aa")],
    );
    pair.source.at_mut("time").mtime = 9;
    let by = |comparison| Options {
        comparison,
        timestamps: false,
        ..Options::default()
    };
    let both = ["CopyFile content", "CopyFile size"];
    check(&pair, &by(Comparison::Sha256), &both);
    check(&pair, &by(Comparison::Bytes), &both);
    check(&pair, &by(Comparison::Size), &["CopyFile size"]);
    check(&pair, &by(Comparison::Mtime), &["CopyFile time"]);
    check(
        &pair,
        &by(Comparison::SizeMtime),
        &["CopyFile size", "CopyFile time"],
    );
}

#[test]
fn a_directory_gets_its_time_back_when_something_in_it_changes() {
    let mut pair = Pair::new();
    for world in [&mut pair.source, &mut pair.destination] {
        world.put("d", directory(3));
        world.put("e", directory(3));
        world.put("e/same", file("x", 1));
    }
    pair.source.put("d/new", file("x", 1));
    for path in ["", "d", "e"] {
        pair.source.at_mut(path).mtime = 7;
        pair.destination.at_mut(path).mtime = 7;
    }
    let options = Options::default();
    let plan = pair.plan(&options);
    let found = lines(&pair, &plan, &options);
    assert_eq!(found, ["CopyFile d/new", "FinishDirectory d"]);
}

#[test]
fn several_names_of_one_file_stay_that() {
    let mut pair = Pair::new();
    let ino = pair.source.put("first", file("x", 1));
    pair.source.name("second".as_ref(), ino);
    pair.source.name("third".as_ref(), ino);
    check(
        &pair,
        &Options::default(),
        &[
            "CopyFile first",
            "HardLink first second",
            "HardLink first third",
        ],
    );
    let copies = Options {
        hard_links: false,
        ..Options::default()
    };
    check(
        &pair,
        &copies,
        &["CopyFile first", "CopyFile second", "CopyFile third"],
    );
    pair.destination.put("second", file("x", 1));
    check(
        &pair,
        &Options::default(),
        &["HardLink second first", "HardLink second third"],
    );
}

#[test]
fn another_name_of_a_destination_file_does_not_change_with_it() {
    let mut pair = with(&[("a", "x"), ("b", "x")], &[]);
    pair.source.at_mut("b").mtime = 9;
    let ino = pair.destination.put("a", file("x", 5));
    pair.destination.name("b".as_ref(), ino);
    check(&pair, &Options::default(), &["CopyFile b"]);
}

#[test]
fn a_link_is_a_link_and_a_broken_one_is_no_trouble() {
    let mut pair = Pair::new();
    pair.source.put("broken", link("nowhere", 1));
    pair.source.put("moved", link("new", 1));
    pair.destination.put("moved", link("old", 1));
    check(
        &pair,
        &Options::default(),
        &["MakeSymlink broken", "MakeSymlink moved"],
    );
    let skipping = Options {
        symlinks: Symlinks::Skip,
        ..deleting()
    };
    check(&pair, &skipping, &[]);
    pair.source.remove("broken".as_ref());
    pair.source.remove("moved".as_ref());
    check(&pair, &skipping, &[]);
}

#[test]
fn a_directory_gives_way_to_a_file_only_where_deleting_is_allowed() {
    let mut pair = with(&[("x", "file"), ("other", "")], &[("other", "")]);
    pair.destination.put("x", directory(1));
    pair.destination.put("x/in", file("", 1));
    let plan = pair.plan(&Options::default());
    assert_eq!(plan.errors[0].kind, ErrorKind::TypeClash);
    check(&pair, &Options::default(), &[]);
    check(
        &pair,
        &deleting(),
        &["MakeRoom x/in", "MakeRoom x", "CopyFile x"],
    );
    let filter = crate::Filter::new(&["in"], &[]).unwrap();
    let keeping = Options {
        filter,
        ..deleting()
    };
    check(&pair, &keeping, &[]);
    let message = &pair.plan(&keeping).errors[0].message;
    assert!(message.contains("something in it that stays"), "{message}");
}

#[test]
fn a_file_gives_way_to_a_directory_only_where_deleting_is_allowed() {
    let mut pair = with(&[], &[("x", "file")]);
    pair.source.put("x", directory(1));
    pair.source.put("x/in", file("", 1));
    check(&pair, &Options::default(), &[]);
    check(
        &pair,
        &deleting(),
        &["MakeRoom x", "MakeDirectory x", "CopyFile x/in"],
    );
}

#[test]
fn a_fifo_is_told_of_and_nothing_else_fails() {
    let mut pair = with(&[("a", "x")], &[]);
    let mut fifo = file("", 1);
    fifo.kind = Kind::Special;
    pair.source.put("fifo", fifo);
    let plan = pair.plan(&Options::default());
    assert_eq!(plan.errors[0].kind, ErrorKind::SpecialFile);
    check(&pair, &Options::default(), &["CopyFile a"]);
}

#[track_caller]
fn check_conflict(conflicts: Conflicts, outcome: Outcome, expected: &[&str]) {
    let mut pair = with(&[("a.txt", "ours")], &[("a.txt", "theirs")]);
    pair.destination.at_mut("a.txt").mtime = 60;
    let options = Options {
        conflicts,
        ..deleting()
    };
    let plan = pair.plan(&options);
    assert_eq!(plan.conflicts.len(), 1);
    assert_eq!(plan.conflicts[0].outcome, outcome);
    check(&pair, &options, expected);
}

#[test]
fn a_newer_destination_is_a_conflict_that_the_source_wins_by_default() {
    assert_eq!(Options::default().conflicts, Conflicts::Source);
    check_conflict(Conflicts::Source, Outcome::SourceWins, &["CopyFile a.txt"]);
    check_conflict(Conflicts::Destination, Outcome::DestinationWins, &[]);
    check_conflict(Conflicts::Newer, Outcome::DestinationWins, &[]);
    check_conflict(Conflicts::Larger, Outcome::DestinationWins, &[]);
    check_conflict(
        Conflicts::Copy,
        Outcome::BothKept,
        &["KeepAside a.txt", "CopyFile a.txt"],
    );
    check_conflict(Conflicts::Manual, Outcome::Undecided, &[]);
    check_conflict(Conflicts::Skip, Outcome::Left, &[]);
}

#[test]
fn who_lost_a_conflict_is_not_deleted_by_the_next_run() {
    let mut pair = with(&[("a.txt", "ours")], &[("a.txt", "theirs")]);
    pair.destination.at_mut("a.txt").mtime = 60;
    let options = Options {
        conflicts: Conflicts::Copy,
        ..deleting()
    };
    let plan = pair.plan(&options);
    pair.apply(&plan, &options);
    let aside = pair.destination.at("a (conflict 1970-01-01 000100).txt");
    assert_eq!(aside.unwrap().content, "theirs");
    check(&pair, &options, &[]);
}

#[test]
fn an_empty_source_deletes_nothing_unless_somebody_insists() {
    let pair = with(&[], &[("a", "x"), ("b", "x")]);
    let held = pair.plan(&deleting()).held.unwrap();
    let expected = Held::SourceEmpty {
        on: Side::Destination,
        deletions: 2,
    };
    assert_eq!(held, expected);
    assert_eq!(
        held.to_string(),
        "the source is empty, and 2 entries of the destination would be deleted"
    );
    assert_eq!(pair.plan(&Options::default()).held, None);
}

#[test]
fn more_deletions_than_the_limit_are_held() {
    let names = ["a", "b", "c", "d"];
    let all: Vec<(&str, &str)> = names.iter().map(|name| (*name, "x")).collect();
    assert_eq!(with(&all[..2], &all).plan(&deleting()).held, None);
    let held = with(&all[..1], &all).plan(&deleting()).held.unwrap();
    assert_eq!(
        held.to_string(),
        "3 of 4 entries of the destination would be deleted, more than 50 %"
    );
    let daring = Options {
        delete_limit_percent: 100,
        ..deleting()
    };
    assert_eq!(with(&all[..1], &all).plan(&daring).held, None);
}

#[test]
fn what_could_not_be_looked_at_is_neither_deleted_nor_written_over() {
    let mut pair = with(&[], &[("other", "")]);
    for world in [&mut pair.source, &mut pair.destination] {
        world.put("dark", directory(1));
    }
    pair.destination.put("dark/kept", file("x", 1));
    let options = Options {
        delete_limit_percent: 100,
        ..deleting()
    };
    let (mut source, destination) = pair.trees(&options);
    let dark = source.find("dark".as_ref()).unwrap();
    source.nodes[dark.0 as usize].is_partly_unknown = true;
    let plan = super::super::plan(
        &source,
        &destination,
        &options,
        &crate::mirror::compare::Unread,
    );
    let doomed = plan.actions.iter().filter_map(|action| action.over);
    let paths: Vec<_> = doomed.map(|over| destination.path(over)).collect();
    assert!(
        !paths.iter().any(|path| path.ends_with("kept")),
        "{paths:?}"
    );
}

#[test]
fn large_files_take_no_part_on_either_side() {
    let pair = with(
        &[("large", "xxxx"), ("small", "x")],
        &[("gone-large", "xxxx"), ("gone-small", "x")],
    );
    let options = Options {
        max_file_size: Some(2),
        ..deleting()
    };
    check(&pair, &options, &["CopyFile small", "Delete gone-small"]);
}

#[test]
fn names_that_differ_in_case_alone_clash_where_case_does_not_count() {
    let pair = with(&[("A.txt", "1"), ("a.txt", "2")], &[]);
    let options = Options::default();
    let (source, mut destination) = pair.trees(&options);
    destination.folds_case = true;
    let same = crate::mirror::compare::Unread;
    let plan = super::super::plan(&source, &destination, &options, &same);
    assert_eq!(plan.errors[0].kind, ErrorKind::BadName);
    assert_eq!(plan.bytes, 1);
}
