//! Mails that become one mail.

use syft_state::ledger::{NoticeRecord, NoticeState};

use super::*;

#[tokio::test]
async fn what_comes_within_an_hour_becomes_one_mail() {
    let mut desk = Desk::new(Kind::SameFile, hourly).await;
    desk.submit("count rows").await;
    let round = desk.look_after(5 * HOUR / 60).await;
    assert_eq!((round.waiting, round.held), (2, 2));
    let full_hour = "2026-01-10T10:00:00Z".parse().unwrap();
    assert_eq!(round.next_wake, Some(full_hour));
    // Data scientists do not wait.
    assert_eq!(
        subjects(&desk.mail, ANA),
        ["Peer Request Sent to do@example.org"]
    );
    desk.submit("mean age").await;
    desk.look_after(HOUR / 2).await;
    assert!(desk.mail.arrived(OWNER).is_empty());
    let round = desk.look_after(HOUR / 2).await;
    assert_eq!((round.sent.len(), round.waiting), (1, 0));
    let mails = desk.mail.arrived(OWNER);
    assert_eq!(mails[0].subject, "2 New Jobs, 1 New Peer Request");
    assert!(mails[0].text.contains("| count rows") && mails[0].text.contains("| mean age"));
    let about = mails[0].about.as_ref().unwrap();
    assert_eq!(
        (&*about.event, about.data.as_array().unwrap().len()),
        ("digest", 3)
    );
    let state = desk.state();
    assert!(state.is_marked("count rows", "new") && state.is_marked("mean age", "new"));
    assert_eq!(state.own().sent_total, 2);
    desk.restart();
    assert!(desk.look_after(3 * HOUR).await.sent.is_empty());
}

#[tokio::test]
async fn a_single_mail_goes_as_itself() {
    let mut desk = Desk::new(Kind::SameFile, hourly).await;
    desk.ask("ann@x.org").await;
    desk.look_after(HOUR / 2).await;
    desk.look_after(HOUR / 2).await;
    assert_eq!(
        subjects(&desk.mail, OWNER),
        ["New Peer Request from ann@x.org"]
    );
}

#[tokio::test]
async fn a_digest_that_is_turned_off_lets_all_go() {
    let mut desk = Desk::new(Kind::SameFile, hourly).await;
    desk.submit("count rows").await;
    desk.look_after(HOUR / 2).await;
    desk.change = nothing;
    desk.restart();
    assert_eq!(desk.look().await.sent.len(), 2);
    assert!(
        !subjects(&desk.mail, OWNER)
            .iter()
            .any(|subject| subject.contains(','))
    );
}

#[tokio::test]
async fn a_digest_that_was_given_up_is_one_thing() {
    let mut desk = Desk::new(Kind::SendOnly, hourly).await;
    desk.submit("count rows").await;
    desk.look_after(HOUR / 2).await;
    // It is claimed and under way when the program ends.
    desk.mail.is_down.store(true, Ordering::Relaxed);
    desk.look_after(HOUR / 2).await;
    let state = desk.state();
    let (id, record) = state.own().waiting().next().unwrap();
    assert!(record.is_digest());
    let record = NoticeRecord {
        state: NoticeState::Ambiguous,
        ..record.clone()
    };
    let id = id.to_owned();
    desk.commit(&[Op::PutNotice {
        id: id.clone(),
        record,
    }]);
    desk.restart();
    let round = desk.look().await;
    assert_eq!((round.buried, round.dead, round.waiting), (1, 1, 0));
    desk.mail.is_down.store(false, Ordering::Relaxed);
    desk.look_after(HOUR).await;
    assert!(desk.mail.arrived(OWNER).is_empty());
    desk.commit(&[Op::Revive { id }]);
    let round = desk.look_after(HOUR).await;
    assert_eq!((round.sent.len(), round.dead, round.waiting), (1, 0, 0));
    assert_eq!(
        subjects(&desk.mail, OWNER),
        ["1 New Job, 1 New Peer Request"]
    );
    assert!(desk.state().is_marked("count rows", "new"));
}

#[tokio::test]
async fn a_digest_whose_notices_went_their_own_way_is_not_sent() {
    let mut desk = Desk::new(Kind::SameFile, hourly).await;
    desk.submit("count rows").await;
    desk.look_after(HOUR / 2).await;
    desk.mail.is_down.store(true, Ordering::Relaxed);
    desk.look_after(HOUR / 2).await;
    desk.mail.is_down.store(false, Ordering::Relaxed);
    let state = desk.state();
    let (_, digest) = state.own().waiting().next().unwrap();
    let settle = |id: &String| {
        let marks = state.own().outbox[id].marks.clone();
        let marks = marks.into_iter().map(|(key, mark)| Op::Mark { key, mark });
        marks.chain([Op::Drop { id: id.clone() }])
    };
    desk.commit(&digest.covers.iter().flat_map(settle).collect::<Vec<_>>());
    let round = desk.look_after(HOUR).await;
    assert_eq!((round.sent.len(), round.buried), (0, 0));
    assert!(
        desk.state()
            .own()
            .outbox
            .values()
            .all(|record| !record.is_digest())
    );
}

#[tokio::test]
async fn a_notice_that_cannot_be_told_does_not_hold_up_its_digest() {
    let mut desk = Desk::new(Kind::SameFile, hourly).await;
    desk.submit("count rows").await;
    desk.look_after(HOUR / 2).await;
    let mut state = desk.state();
    let own = state.own().outbox.clone();
    let broken = own
        .keys()
        .find(|id| id.starts_with("peer_request"))
        .unwrap();
    let mut record = own[broken].clone();
    record.payload = serde_json::json!({"event": "of tomorrow"});
    desk.commit(&[Op::PutNotice {
        id: broken.clone(),
        record,
    }]);
    let round = desk.look_after(HOUR / 2).await;
    assert_eq!((round.sent.len(), round.buried, round.dead), (1, 1, 1));
    state = desk.state();
    assert_eq!(state.own().given_up().next().unwrap().0, broken);
    assert!(state.own().outbox.is_empty());
}
