//! Requests that wait for their turn: nobody's flood delays anybody else.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// Items of many senders, handed out in turns, each sender's in order.
#[derive(Debug)]
pub(super) struct FairQueue<K, T> {
    senders: HashMap<K, VecDeque<T>>,
    /// Senders with items, in the order of their turns.
    turns: VecDeque<K>,
    length: usize,
    per_sender: usize,
    in_all: usize,
}

impl<K: Clone + Eq + Hash, T> FairQueue<K, T> {
    /// Makes a queue that takes so many items of one sender, and so many in all.
    pub(super) fn new(per_sender: usize, in_all: usize) -> Self {
        Self {
            senders: HashMap::new(),
            turns: VecDeque::new(),
            length: 0,
            per_sender,
            in_all,
        }
    }

    /// Adds an item, or gives it back when there are too many.
    pub(super) fn push(&mut self, sender: &K, item: T) -> Result<(), T> {
        let waiting = self.senders.get(sender).map_or(0, VecDeque::len);
        if waiting >= self.per_sender || self.length >= self.in_all {
            return Err(item);
        }
        if waiting == 0 {
            self.turns.push_back(sender.clone());
        }
        self.senders
            .entry(sender.clone())
            .or_default()
            .push_back(item);
        self.length += 1;
        Ok(())
    }

    /// Takes the next item of the sender whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let sender = self.turns.pop_front()?;
        let items = self.senders.get_mut(&sender)?;
        let item = items.pop_front();
        if items.is_empty() {
            self.senders.remove(&sender);
        } else {
            self.turns.push_back(sender);
        }
        self.length -= usize::from(item.is_some());
        item
    }

    /// Returns how many items wait.
    pub(super) fn len(&self) -> usize {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn senders_take_turns() {
        let mut queue = FairQueue::new(3, 4);
        for item in ["a1", "a2", "a3"] {
            queue.push(&'a', item).unwrap();
        }
        assert_eq!(queue.push(&'a', "a4"), Err("a4"));
        queue.push(&'b', "b1").unwrap();
        assert_eq!(queue.push(&'c', "c1"), Err("c1"));
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, ["a1", "b1", "a2", "a3"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_each_sender_keeps_its_order(steps in proptest::collection::vec(proptest::option::of(0..4u8), 0..200)) {
            let mut queue = FairQueue::new(usize::MAX, usize::MAX);
            let (mut pushed, mut popped) = (Vec::new(), Vec::new());
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Some(sender) => {
                        queue.push(&sender, (sender, number)).unwrap();
                        pushed.push((sender, number));
                    }
                    None => popped.extend(queue.pop()),
                }
                prop_assert_eq!(queue.len(), pushed.len() - popped.len());
            }
            popped.extend(std::iter::from_fn(|| queue.pop()));
            for sender in 0..4 {
                let of = |items: &[(u8, usize)]| -> Vec<usize> {
                    items.iter().filter(|item| item.0 == sender).map(|item| item.1).collect()
                };
                prop_assert_eq!(of(&pushed), of(&popped));
            }
        }
    }
}
