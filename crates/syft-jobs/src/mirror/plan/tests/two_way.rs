//! Jobs of both ways.

use std::path::Path;

use proptest::prelude::*;

use super::model::{Pair, World, directory, file, lines};
use crate::mirror::{Base, Conflicts, Direction, Kind, Options, plan::Side};

fn both_ways() -> Options {
    Options {
        direction: Direction::TwoWay,
        delete: true,
        delete_limit_percent: 100,
        conflicts: Conflicts::Newer,
        ..Options::default()
    }
}

/// Runs a job once, and returns what is agreed upon then.
fn run(pair: &mut Pair, options: &Options, base: &Base) -> Base {
    let plan = pair.plan_two_way(options, base);
    let before = pair.trees(options);
    pair.apply(&plan, options);
    let after = pair.trees(options);
    base.after((&before.0, &before.1), (&after.0, &after.1), options)
}

/// Makes two trees that have `a`, `b` and `d/c`, and agree.
fn agreeing() -> (Pair, Base) {
    let mut pair = Pair::new();
    pair.source.put("a", file("a", 5));
    pair.source.put("b", file("b", 5));
    pair.source.put("d", directory(5));
    pair.source.put("d/c", file("c", 5));
    let base = run(&mut pair, &both_ways(), &Base::default());
    assert_eq!(base.len(), 4);
    (pair, base)
}

#[track_caller]
fn check(pair: &Pair, options: &Options, base: &Base, expected: &[&str]) {
    let plan = pair.plan_two_way(options, base);
    let found = lines(pair, &plan, options);
    assert_eq!(found, expected);
}

#[test]
fn the_first_run_deletes_nothing_and_brings_each_side_what_it_lacks() {
    let mut pair = Pair::new();
    pair.source.put("ours", file("x", 1));
    pair.destination.put("theirs", file("y", 1));
    check(
        &pair,
        &both_ways(),
        &Base::default(),
        &["CopyFile ours", "< CopyFile theirs"],
    );
}

#[test]
fn each_side_gets_what_the_other_changed() {
    let (mut pair, base) = agreeing();
    check(&pair, &both_ways(), &base, &[]);
    *pair.source.at_mut("a") = file("new", 9);
    *pair.destination.at_mut("b") = file("newer", 9);
    pair.destination.put("d/theirs", file("", 9));
    check(
        &pair,
        &both_ways(),
        &base,
        &["CopyFile a", "< CopyFile b", "< CopyFile d/theirs"],
    );
    let base = run(&mut pair, &both_ways(), &base);
    check(&pair, &both_ways(), &base, &[]);
}

#[test]
fn a_deletion_goes_to_the_other_side_where_that_is_allowed() {
    let (mut pair, base) = agreeing();
    pair.source.remove(Path::new("d/c"));
    pair.source.remove(Path::new("d"));
    pair.destination.remove(Path::new("a"));
    check(
        &pair,
        &both_ways(),
        &base,
        &["< Delete a", "Delete d/c", "Delete d"],
    );
    let careful = Options {
        delete: false,
        ..both_ways()
    };
    check(&pair, &careful, &base, &[]);
    let kept = run(&mut pair, &careful, &base);
    assert_eq!(kept, base);
}

#[test]
fn a_change_weighs_more_than_a_deletion() {
    let (mut pair, base) = agreeing();
    pair.source.remove(Path::new("d/c"));
    pair.source.remove(Path::new("d"));
    *pair.destination.at_mut("d/c") = file("changed", 9);
    check(
        &pair,
        &both_ways(),
        &base,
        &["< MakeDirectory d", "< CopyFile d/c", "< FinishDirectory d"],
    );
    assert_eq!(pair.plan_two_way(&both_ways(), &base).conflicts.len(), 1);
}

#[track_caller]
fn check_conflict(conflicts: Conflicts, expected: &[&str]) {
    let (mut pair, base) = agreeing();
    *pair.source.at_mut("a") = file("ours is longer", 8);
    *pair.destination.at_mut("a") = file("theirs", 9);
    let options = Options {
        conflicts,
        ..both_ways()
    };
    assert_eq!(pair.plan_two_way(&options, &base).conflicts.len(), 1);
    check(&pair, &options, &base, expected);
}

#[test]
fn where_both_changed_the_policy_decides() {
    check_conflict(Conflicts::Source, &["CopyFile a"]);
    check_conflict(Conflicts::Destination, &["< CopyFile a"]);
    check_conflict(Conflicts::Newer, &["< CopyFile a"]);
    check_conflict(Conflicts::Larger, &["CopyFile a"]);
    check_conflict(Conflicts::Copy, &["< KeepAside a", "< CopyFile a"]);
    check_conflict(Conflicts::Manual, &[]);
    check_conflict(Conflicts::Skip, &[]);
}

#[test]
fn an_emptied_side_does_not_empty_the_other() {
    let (mut pair, base) = agreeing();
    pair.destination = World::new(Side::Destination);
    let held = pair.plan_two_way(&both_ways(), &base).held.unwrap();
    assert_eq!(
        held.to_string(),
        "the destination is empty, and 4 entries of the source would be deleted"
    );
}

#[test]
fn a_file_that_became_a_directory_takes_its_place_on_the_other_side() {
    let (mut pair, base) = agreeing();
    pair.source.remove(Path::new("a"));
    pair.source.put("a", directory(9));
    pair.source.put("a/in", file("", 9));
    check(
        &pair,
        &both_ways(),
        &base,
        &[
            "MakeRoom a",
            "MakeDirectory a",
            "CopyFile a/in",
            "FinishDirectory a",
        ],
    );
    *pair.destination.at_mut("a") = file("changed", 9);
    check(&pair, &both_ways(), &base, &[]);
    assert_eq!(pair.plan_two_way(&both_ways(), &base).errors.len(), 1);
}

#[test]
fn what_could_not_be_looked_at_stays_agreed_upon() {
    let (pair, base) = agreeing();
    let options = both_ways();
    let (mut source, destination) = pair.trees(&options);
    let root = &mut source.nodes[0];
    (root.children, root.is_partly_unknown) = (0, true);
    let same = crate::mirror::compare::Unread;
    let plan = super::super::plan_two_way(&source, &destination, &options, &same, &base);
    assert_eq!(plan.actions, []);
    let trees = (&source, &destination);
    assert_eq!(base.after(trees, trees, &options), base);
}

/// Everything that a side had and the other did not agree to is somewhere afterwards.
fn contents(world: &World) -> Vec<&str> {
    let files = world
        .inodes
        .values()
        .filter(|inode| inode.kind == Kind::File);
    files.map(|inode| inode.content.as_str()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn both_sides_become_the_same_and_stay_so(
        first in super::any::pair(),
        second in super::any::pair(),
        conflicts in prop::sample::select(vec![
            Conflicts::Source, Conflicts::Destination, Conflicts::Newer, Conflicts::Larger, Conflicts::Copy,
        ]),
        deletes in any::<bool>(),
    ) {
        let options = Options { conflicts, delete: deletes, ..both_ways() };
        let mut pair = first;
        let mut base = Base::default();
        for round in 0..3 {
            if round == 1 {
                pair.source.edit_like(&second.source);
                pair.destination.edit_like(&second.destination);
            }
            let before = pair.clone();
            // Who is moved aside comes to the other side with the next run.
            for _ in 0..2 {
                base = run(&mut pair, &options, &base);
            }
            let plan = pair.plan_two_way(&options, &base);
            let found = lines(&pair, &plan, &options);
            prop_assert!(found.is_empty(), "{found:?}");
            if conflicts == Conflicts::Copy && !deletes {
                for content in contents(&before.source) {
                    prop_assert!(contents(&pair.source).contains(&content));
                }
            }
            if plan.errors.is_empty() && deletes {
                let (ours, theirs) = (&pair.source, &pair.destination);
                let names = |world: &World| world.paths.keys().cloned().collect::<Vec<_>>();
                prop_assert_eq!(names(ours), names(theirs));
                for path in ours.paths.keys() {
                    let (our, their) = (ours.at(path).unwrap(), theirs.at(path).unwrap());
                    prop_assert_eq!(&our.content, &their.content, "{:?}", path);
                }
            }
        }
    }
}
