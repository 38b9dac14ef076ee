use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn entry(number: usize, job: u8, priority: i32, writes: &str) -> Entry {
    Entry {
        run_id: number.to_string(),
        job: format!("job-{job}").parse().unwrap(),
        priority,
        writes: vec![writes.into()],
        overlap: Overlap::Coalesce,
        request: Request::new(Cause::Schedule),
    }
}

fn started(queue: &mut Queue, most: usize) -> Vec<String> {
    std::iter::from_fn(|| queue.start(most))
        .map(|entry| entry.run_id)
        .collect()
}

#[test]
fn a_running_job_has_at_most_one_follow_up() {
    let mut queue = Queue::new(10);
    assert_eq!(queue.push(entry(1, 1, 0, "/d")), Pushed::Queued);
    assert_eq!(started(&mut queue, 4), ["1"]);
    assert_eq!(queue.push(entry(2, 1, 0, "/d")), Pushed::Queued);
    assert_eq!(
        queue.push(entry(3, 1, 0, "/d")),
        Pushed::Coalesced("2".to_owned())
    );
    assert!(
        started(&mut queue, 4).is_empty(),
        "a job does not run beside itself"
    );
    queue.finish("1").unwrap();
    assert_eq!(started(&mut queue, 4), ["2"]);
    assert_eq!(queue.finish("1"), None);
}

#[test]
fn a_job_that_repeats_queues_for_each_time() {
    let mut queue = Queue::new(10);
    for number in 1..=3 {
        let each = Entry {
            overlap: Overlap::Repeat,
            ..entry(number, 1, 0, "/d")
        };
        assert_eq!(queue.push(each), Pushed::Queued);
    }
    assert_eq!(queue.waiting().len(), 3);
}

#[test]
fn a_dry_run_does_not_stand_for_a_real_one() {
    let mut queue = Queue::new(10);
    let mut dry = entry(1, 1, 0, "/d");
    dry.request.dry_run = true;
    assert_eq!(queue.push(dry), Pushed::Queued);
    assert_eq!(queue.push(entry(2, 1, 0, "/d")), Pushed::Queued);
    let mut insisting = entry(3, 1, 0, "/d");
    insisting.request.insist = Insist::Yes;
    assert_eq!(queue.push(insisting), Pushed::Queued);
}

#[test]
fn the_newest_is_refused_when_too_many_wait() {
    let mut queue = Queue::new(2);
    assert_eq!(queue.push(entry(1, 1, 0, "/a")), Pushed::Queued);
    assert_eq!(queue.push(entry(2, 2, 0, "/b")), Pushed::Queued);
    assert_eq!(queue.push(entry(3, 3, 9, "/c")), Pushed::Refused);
    assert_eq!(
        queue.push(entry(4, 1, 0, "/a")),
        Pushed::Coalesced("1".to_owned())
    );
}

#[test]
fn a_higher_priority_goes_first_and_lends_itself_to_what_waits() {
    let mut queue = Queue::new(10);
    for pushed in [
        entry(1, 1, 0, "/a"),
        entry(2, 2, 5, "/b"),
        entry(3, 3, 5, "/c"),
        entry(4, 4, -1, "/d"),
    ] {
        assert_eq!(queue.push(pushed), Pushed::Queued);
    }
    assert_eq!(
        queue.push(entry(5, 4, 9, "/d")),
        Pushed::Coalesced("4".to_owned())
    );
    assert_eq!(started(&mut queue, 10), ["4", "2", "3", "1"]);
}

#[test]
fn trees_that_are_written_exclude_those_within() {
    let mut queue = Queue::new(10);
    for pushed in [
        entry(1, 1, 0, "/a/b"),
        entry(2, 2, 0, "/a/bc"),
        entry(3, 3, 0, "/a"),
        entry(4, 4, 0, "/a/d"),
        entry(5, 5, 0, "/e"),
    ] {
        assert_eq!(queue.push(pushed), Pushed::Queued);
    }
    assert_eq!(started(&mut queue, 10), ["1", "2", "5"]);
    queue.finish("1").unwrap();
    assert!(
        started(&mut queue, 10).is_empty(),
        "/a waits for /a/bc, and /a/d does not overtake it"
    );
    queue.finish("2").unwrap();
    assert_eq!(started(&mut queue, 10), ["3"]);
}

#[derive(Clone, Debug)]
enum Step {
    Push(u8, i32, u8),
    Start,
    Finish(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0u8..6, -1i32..2, 0u8..4)
            .prop_map(|(job, priority, tree)| Step::Push(job, priority, tree)),
        Just(Step::Start),
        (0usize..4).prop_map(Step::Finish),
    ];
    proptest::collection::vec(step, 0..80)
}

const TREES: [&str; 4] = ["/a", "/a/b", "/a/b/c", "/d"];

proptest! {
    /// What a naive model says that sorts everything anew each time.
    #[test]
    fn behaves_like_its_model(steps in steps(), limit in 1usize..6, most in 1usize..4) {
        let mut queue = Queue::new(limit);
        let mut waiting: BTreeMap<usize, (u8, i32, u8)> = BTreeMap::new();
        let mut running: Vec<(usize, (u8, i32, u8))> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Push(job, priority, tree) => {
                    let pushed = queue.push(entry(number, job, priority, TREES[usize::from(tree)]));
                    let same = waiting.iter_mut().find(|(_, it)| it.0 == job);
                    let expected = if let Some((older, it)) = same {
                        it.1 = it.1.max(priority);
                        Pushed::Coalesced(older.to_string())
                    } else if waiting.len() >= limit {
                        Pushed::Refused
                    } else {
                        waiting.insert(number, (job, priority, tree));
                        Pushed::Queued
                    };
                    prop_assert_eq!(pushed, expected);
                }
                Step::Start => {
                    let mut order: Vec<_> = waiting.iter().map(|(n, it)| (*n, *it)).collect();
                    order.sort_by_key(|(number, it)| (-it.1, *number));
                    let are_apart = |one: (u8, i32, u8), other: (u8, i32, u8)| {
                        one.0 != other.0 && (one.2 == 3) != (other.2 == 3)
                    };
                    let next = (0..order.len())
                        .find(|index| {
                            let it = order[*index].1;
                            running.iter().all(|(_, other)| are_apart(*other, it))
                                && order[..*index].iter().all(|(_, other)| are_apart(*other, it))
                        })
                        .filter(|_| running.len() < most)
                        .map(|index| order[index]);
                    prop_assert_eq!(
                        queue.start(most).map(|it| it.run_id),
                        next.map(|(number, _)| number.to_string())
                    );
                    if let Some((number, it)) = next {
                        waiting.remove(&number);
                        running.push((number, it));
                    }
                }
                Step::Finish(index) => {
                    if index < running.len() {
                        let (number, _) = running.remove(index);
                        prop_assert!(queue.finish(&number.to_string()).is_some());
                    }
                }
            }
            prop_assert!(queue.waiting().len() <= limit && queue.running().len() <= most);
        }
    }
}
