//! What single steps do to a ledger.

use super::*;

#[test]
fn t12_a_job_belongs_to_its_submitter() {
    #[track_caller]
    fn check(ops: &[Op], ds: &str, expected: bool) {
        assert_eq!(
            state(ops).job_has(&email(ds), "job", "new"),
            expected,
            "{ops:?}"
        );
    }
    let (ours, python) = (told("a@x.org", "job", "new"), mark("job", "new"));
    check(&[], "a@x.org", false);
    // Python told somebody, and no record of ours says whom.
    check(std::slice::from_ref(&python), "a@x.org", true);
    check(&[ours.clone(), python.clone()], "A@x.org", true);
    check(&[ours.clone(), python.clone()], "b@x.org", false);
    // Somebody deleted the key by hand: tell it again.
    check(std::slice::from_ref(&ours), "a@x.org", false);
    // The other one's record is about another event.
    check(
        &[told("a@x.org", "job", "failed"), python.clone()],
        "b@x.org",
        true,
    );
    check(
        &[ours, told("b@x.org", "job", "new"), python.clone()],
        "b@x.org",
        true,
    );
    // A finished job explains the marks as well.
    check(
        &[told("a@x.org", "job", "executed"), python.clone()],
        "b@x.org",
        false,
    );
    check(
        &[told("a@x.org", "job", "executed"), python],
        "a@x.org",
        true,
    );
}

#[test]
fn finished_jobs_are_short_and_can_begin_again() {
    let mut state = state(&[
        told("a@x.org", "job", "new"),
        told("a@x.org", "job", "executed"),
    ]);
    assert!(state.own().jobs.is_empty() && state.own().finished.contains("a@x.org", "job"));
    assert_eq!(state.submitters("job"), [email("a@x.org")]);
    assert!(!state.apply(&told("a@x.org", "job", "approved")));
    assert!(state.apply(&told("a@x.org", "job", "failed")));
    let record = state.own().jobs.get("a@x.org/job").unwrap();
    assert!(record.has("executed") && record.has("failed") && state.own().finished.is_empty());
    assert!(state.apply(&Op::ForgetJob {
        ds: email("a@x.org"),
        job: "job".to_owned()
    }));
    assert_eq!(state.submitters("job"), []);
}

#[test]
fn t3_peers_are_compared_without_case() {
    let mut state = state(&[mark("peer_new_Ann@X.org_to_do", "new_peer_request")]);
    assert!(state.is_marked("peer_new_ann@x.ORG_to_do", "new_peer_request"));
    assert!(!state.is_marked("peer_new_ann@x.org_to_ds", "peer_request_sent"));
    assert!(!state.apply(&mark("peer_new_ann@x.org_to_do", "new_peer_request")));
    state.apply(&mark("peer_new_ann@x.org_to_do", "other"));
    assert_eq!(state.keys_with_prefix("peer_").count(), 1);
    state.apply(&Op::Unmark {
        key: "peer_new_ANN@x.org_to_do".to_owned(),
        mark: None,
    });
    assert!(state.is_fresh());
    // A job's name is not an address.
    state.apply(&mark("Job@x", "new"));
    assert!(!state.is_marked("job@x", "new"));
}

#[test]
fn sending_settles_marks_job_and_counts() {
    let mut state = state(&[Op::PutNotice {
        id: "n".to_owned(),
        record: notice("j", "new"),
    }]);
    state.apply(&sent("n"));
    assert!(state.own().outbox.is_empty());
    assert_eq!(state.marks("j").collect::<Vec<_>>(), ["new", "second"]);
    assert!(state.is_marked("msg_1", "processed"));
    assert!(state.job_has(&email("DS@x.org"), "j", "new"));
    let record = state.own().jobs.get("ds@x.org/j").unwrap();
    let expected = EventRecord::new(at(5), Some("<1@example.org>".to_owned()));
    assert_eq!(record.event("new"), Some(&expected));
    for _ in 0..60 {
        state.apply(&sent("unknown"));
    }
    assert_eq!(
        (state.own().sent_total, state.own().last_sent.len()),
        (61, 50)
    );
}

#[test]
fn dead_letters_come_back_to_be_sent_at_once() {
    let mut state = state(&[Op::PutNotice {
        id: "n".to_owned(),
        record: notice("j", "new"),
    }]);
    state.apply(&Op::Bury {
        id: "n".to_owned(),
        error: "no such address".to_owned(),
    });
    let dead = &state.own().dead["n"];
    assert_eq!(dead.last_error.as_deref(), Some("no such address"));
    state.apply(&Op::Revive { id: "n".to_owned() });
    let again = &state.own().outbox["n"];
    assert_eq!(
        (&again.state, again.attempts, again.retry_at),
        (&NoticeState::Waiting, 0, None)
    );
    assert!(state.apply(&Op::Drop { id: "n".to_owned() }));
    assert!(state.own().outbox.is_empty() && state.own().dead.is_empty());
}
