//! Every request once, and every answer where all kinds of watchers hear of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use syft_rpc_events::{Router, ServerOptions};

use crate::desk::{BOB, Desk, request, router, seen, still_serves, until};

#[tokio::test(flavor = "multi_thread")]
async fn row_14_an_interrupted_request_is_not_handled_again_if_there_is_a_journal() {
    let desk = Desk::new();
    let (interrupted, other) = (request("shout", "half"), request("shout", "whole"));
    desk.ask(&interrupted);
    desk.ask(&other);
    let journal = desk.dir.path().join("journal");
    let begun = format!("+{} {}\n", interrupted.id, interrupted.created.as_micros());
    syft_state::fs::write_atomic(&journal, begun.as_bytes(), 0o600).unwrap();
    let options = ServerOptions {
        journal: Some(journal),
        ..ServerOptions::default()
    };
    let _server = desk.try_start(router(), options).await.unwrap();
    assert_eq!(seen(&desk.answer(&interrupted).await).0, 500);
    assert_eq!(seen(&desk.answer(&other).await).1, "WHOLE");
}

/// It was killed after the answer and before the note that it is there.
#[tokio::test(flavor = "multi_thread")]
async fn row_14_a_request_that_has_its_answer_leaves_the_journal() {
    let desk = Desk::new();
    let asked = request("shout", "done");
    let first = desk.start(router()).await;
    desk.ask(&asked);
    desk.answer(&asked).await;
    first.stop(Duration::from_secs(5)).await;
    let journal = desk.dir.path().join("journal");
    let begun = format!("+{} {}\n", asked.id, asked.created.as_micros());
    syft_state::fs::write_atomic(&journal, begun.as_bytes(), 0o600).unwrap();
    let options = ServerOptions {
        journal: Some(journal.clone()),
        ..ServerOptions::default()
    };
    let _server = desk.try_start(router(), options).await.unwrap();
    let ended = format!("-{} {}\n", asked.id, asked.created.as_micros());
    until("the end of the request in the journal", || {
        let text = std::fs::read_to_string(&journal).unwrap();
        text.contains(&ended).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_answer_is_taken_away_first_is_not_handled_again() {
    let desk = Desk::new();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let router = router().on_request("/count", move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let _server = desk.start(router).await;
    let asked = request("count", "");
    desk.ask(&asked);
    desk.answer(&asked).await;
    let path = desk.path(&format!("count/{BOB}/{}.response", asked.id));
    std::fs::remove_file(&path).unwrap();
    // An event of the request that changes nothing, as comes late from its writing.
    let request = path.with_extension("request");
    drop(std::fs::File::options().append(true).open(request).unwrap());
    still_serves(&desk).await;
    still_serves(&desk).await;
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_15_no_request_falls_between_the_first_look_and_the_watch() {
    let desk = Arc::new(Desk::new());
    let slow = async |body: String| {
        tokio::time::sleep(Duration::from_millis(2)).await;
        body
    };
    let writer = Arc::clone(&desk);
    let writing = tokio::task::spawn_blocking(move || {
        let write = |number: usize| {
            let asked = request("slow", &number.to_string());
            writer.ask(&asked);
            asked
        };
        (0..400).map(write).collect::<Vec<_>>()
    });
    let _server = desk.start(Router::new().on_request("/slow", slow)).await;
    for (number, asked) in writing.await.unwrap().iter().enumerate() {
        assert_eq!(seen(&desk.answer(asked).await), (200, number.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_byte_is_written_once_more_for_watchers_of_writes() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    // Events of a directory that is just being made can be lost; here it is about the write.
    std::fs::create_dir_all(desk.path(&format!("shout/{BOB}"))).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let watch =
        syft_state::watch::TreeWatch::new(&desk.app.rpc(), move |hint| drop(tell.send(hint)));
    let _watch = watch.unwrap();
    let asked = request("shout", "touch");
    desk.ask(&asked);
    desk.answer(&asked).await;
    let path = desk.path(&format!("shout/{BOB}/{}.response", asked.id));
    until("a write event of the response", || {
        told.try_iter().find(|hint| matches!(hint, syft_state::watch::Hint::File { path: at, change: syft_state::watch::Change::Modified } if *at == path))
    })
    .await;
}
