use proptest::prelude::*;

use super::*;

const PATH: &str = "ping/bob@example.com/1.request";

fn print(length: u64) -> Fingerprint {
    Fingerprint::for_test(length)
}

fn at(start: Instant, millis: u64) -> Instant {
    start + Duration::from_millis(millis)
}

/// Polls and returns whether the file is due.
fn is_due(inbox: &mut Inbox, now: Instant) -> bool {
    !inbox.poll(now, 10).is_empty()
}

#[test]
fn row_11_a_half_written_request_is_waited_for() {
    let start = Instant::now();
    let mut inbox = Inbox::new(Claims::default());
    inbox.hint(PATH, start);
    let mut now = start;
    // It grows for ten seconds, and is never given up.
    for length in 0..100 {
        assert!(is_due(&mut inbox, now));
        let look = Look::Unreadable(print(length));
        assert_eq!(inbox.looked(PATH, look, now), Next::Nothing);
        now = at(start, 100 * (length + 1));
        inbox.hint(PATH, now);
    }
    // Then it stays as it is.
    let mut given_up = None;
    for _ in 0..50 {
        now = inbox.deadline().unwrap().max(now);
        assert!(is_due(&mut inbox, now));
        if inbox.looked(PATH, Look::Unreadable(print(99)), now) == Next::GiveUp {
            given_up = Some(now);
            break;
        }
    }
    let waited = given_up.unwrap() - at(start, 9900);
    assert!((2000..2600).contains(&waited.as_millis()), "{waited:?}");
}

#[test]
fn row_28_a_request_is_claimed_until_it_is_answered() {
    let now = Instant::now();
    let claims = Claims::default();
    let mut inbox = Inbox::new(claims.clone());
    for (look, is_claimed) in [
        (Look::Gone, false),
        (Look::Answered(print(1)), false),
        (Look::Unreadable(print(1)), false),
        (Look::Taken(print(1)), true),
    ] {
        inbox.hint(PATH, now);
        assert!(claims.is_empty());
        assert!(is_due(&mut inbox, now));
        assert_eq!(claims.len(), 1);
        inbox.looked(PATH, look, now);
        assert_eq!(!claims.is_empty(), is_claimed);
    }
    inbox.hint(PATH, now);
    inbox.finished(PATH, Some(print(1)), now);
    assert!(claims.is_empty());
}

#[test]
fn a_hint_during_a_look_leads_to_another_one() {
    let now = Instant::now();
    let mut inbox = Inbox::new(Claims::default());
    inbox.hint(PATH, now);
    assert!(is_due(&mut inbox, now));
    inbox.hint(PATH, now);
    assert!(!is_due(&mut inbox, now));
    inbox.looked(PATH, Look::Answered(print(1)), now);
    assert!(is_due(&mut inbox, now));
}

#[test]
fn row_18_a_request_that_is_being_handled_is_not_taken_twice() {
    let now = Instant::now();
    let mut inbox = Inbox::new(Claims::default());
    inbox.hint(PATH, now);
    assert!(is_due(&mut inbox, now));
    inbox.looked(PATH, Look::Taken(print(1)), now);
    for _ in 0..3 {
        inbox.hint(PATH, now);
        inbox.saw(PATH, print(1), now);
        assert!(!is_due(&mut inbox, now));
    }
    inbox.finished(PATH, Some(print(1)), now);
    // What the hints meant may have come after the handler had read it.
    assert!(is_due(&mut inbox, now));
    inbox.looked(PATH, Look::Answered(print(1)), now);
    inbox.saw(PATH, print(1), now);
    assert!(!is_due(&mut inbox, now));
    inbox.saw(PATH, print(2), now);
    assert!(is_due(&mut inbox, now));
}

#[test]
fn a_flood_of_files_of_one_sender_delays_nobody_else() {
    let now = Instant::now();
    let mut inbox = Inbox::new(Claims::default());
    for number in 0..1000 {
        inbox.hint(&format!("ping/eve@example.com/{number}.request"), now);
    }
    assert_eq!(inbox.poll(now, 10).len(), 10);
    assert_eq!(inbox.deadline(), Some(now));
    inbox.hint(PATH, now);
    let next = inbox.poll(now, 2);
    assert!(next.iter().any(|path| **path == *PATH), "{next:?}");
    assert_eq!(inbox.waiting(), 989);
}

#[test]
fn a_request_that_loses_its_answer_first_is_not_answered_again() {
    let now = Instant::now();
    let mut inbox = Inbox::new(Claims::default());
    inbox.hint(PATH, now);
    assert!(is_due(&mut inbox, now));
    assert_eq!(inbox.looked(PATH, Look::Taken(print(1)), now), Next::Answer);
    // Hints of the writing come while it is answered, and after that; then its caller has taken
    // the answer away and not yet the request.
    inbox.hint(PATH, now);
    inbox.finished(PATH, Some(print(1)), now);
    for _ in 0..2 {
        assert!(is_due(&mut inbox, now));
        let next = inbox.looked(PATH, Look::Taken(print(1)), now);
        assert_eq!(next, Next::Nothing);
        inbox.hint(PATH, now);
    }
    // It is written anew, and is another request.
    assert!(is_due(&mut inbox, now));
    assert_eq!(inbox.looked(PATH, Look::Taken(print(2)), now), Next::Answer);
}

proptest! {
    /// Whatever comes in whatever order, a file that has news is looked at in the end.
    #[test]
    fn no_hint_is_lost(steps in proptest::collection::vec(0..6u8, 1..200)) {
        let start = Instant::now();
        let mut inbox = Inbox::new(Claims::default());
        let mut now = start;
        let (mut has_news, mut is_busy) = (false, false);
        for step in steps {
            now += Duration::from_millis(7);
            match step {
                0 => {
                    inbox.hint(PATH, now);
                    has_news = true;
                }
                1 | 2 if !is_busy => {
                    let later = now + Duration::from_secs(1);
                    is_busy = !inbox.poll(later, 1).is_empty();
                    prop_assert!(is_busy || !has_news);
                    has_news = false;
                }
                3 if is_busy => {
                    inbox.looked(PATH, Look::Answered(print(1)), now);
                    is_busy = false;
                }
                4 if is_busy => {
                    inbox.looked(PATH, Look::Gone, now);
                    is_busy = false;
                }
                5 if is_busy => {
                    inbox.looked(PATH, Look::Taken(print(1)), now);
                    inbox.finished(PATH, Some(print(1)), now);
                    is_busy = false;
                }
                _ => {}
            }
        }
        if !is_busy {
            let is_due = !inbox.poll(now + Duration::from_secs(1), 1).is_empty();
            prop_assert!(is_due || !has_news);
        }
    }
}
