//! What holds whatever was done before.

use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use super::{any::any_op, *};

proptest! {
    #[test]
    fn what_is_written_is_read_again(ops in vec(any_op(), 0..40)) {
        let state = state(&ops);
        let again = State::from_text(state.to_text().as_bytes()).unwrap();
        prop_assert_eq!(again.to_text(), state.to_text());
        prop_assert_eq!(again.namesakes, state.namesakes);
    }

    #[test]
    fn text_of_many_steps_is_text_of_one(groups in vec(vec(any_op(), 0..8), 0..8)) {
        let mut stepwise = golden();
        for ops in &groups {
            stepwise.apply_all(ops);
            stepwise.refresh_text();
        }
        let mut at_once = golden();
        at_once.apply_all(&groups.concat());
        prop_assert_eq!(stepwise.to_text(), at_once.to_text());
    }

    #[test]
    fn what_is_taken_back_never_happened(before in vec(any_op(), 0..20), ops in vec(any_op(), 0..20)) {
        let mut state = golden();
        state.apply_all(&before);
        let (text, namesakes) = (state.to_text(), state.namesakes.clone());
        let undo = state.apply_all(&ops);
        state.refresh_text();
        state.revert(undo);
        prop_assert_eq!(state.to_text(), text);
        prop_assert_eq!(&state.namesakes, &namesakes);
        prop_assert!(state.is_marked("my job", "new") == state.marks("my job").any(|mark| mark == "new"));
    }

    #[test]
    fn unknown_keys_survive(ops in vec(any_op(), 0..20)) {
        let mut state = golden();
        state.apply_all(&ops);
        let again: Value = serde_json::from_str(&state.to_text()).unwrap();
        let python: Value = serde_json::from_str(PYTHON).unwrap();
        prop_assert_eq!(&again["peer_grants_snapshot"], &python["peer_grants_snapshot"]);
        prop_assert_eq!(&again["notified_jobs"]["msg_1AbCdEfGhIjKlMnOpQrStUvWxYz"], &python["notified_jobs"]["msg_1AbCdEfGhIjKlMnOpQrStUvWxYz"]);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}\":, a0-9ntfsyruleotid_jb\\\\]{0,60}") {
        prop_assert!(State::from_text(text.as_bytes()).map_or(true, |state| !state.to_text().is_empty()));
    }

    /// A byte that flips gives an error or another ledger, never an empty one (T13).
    #[test]
    fn a_flipped_bit_never_empties_it(position in 0..OURS.len(), bit in 0..8) {
        let mut bytes = OURS.as_bytes().to_vec();
        bytes[position] ^= 1_u8 << bit;
        prop_assert!(State::from_text(&bytes).map_or(true, |state| !state.is_fresh()));
    }

    #[test]
    fn a_torn_file_is_an_error(length in 0..OURS.len()) {
        prop_assert!(State::from_text(&OURS.as_bytes()[..length]).is_err());
    }
}
