//! Those who listen to events.

use super::*;

#[tokio::test]
async fn events_are_told_as_they_happen() {
    let bench = Bench::new().await;
    bench.events.publish("started", &json!({ "job": "before" }));
    let mut stream = bench.control().events().await.unwrap();
    bench
        .events
        .publish("finished", &json!({ "job": "documents" }));
    let event = stream.next().await.unwrap().unwrap();
    assert_eq!(
        (event.kind.as_str(), &event.data["job"]),
        ("finished", &json!("documents"))
    );
    bench.serving.stop().await;
    assert!(!matches!(stream.next().await, Ok(Some(_))));
}

#[tokio::test]
async fn a_slow_listener_is_told_that_it_missed_something_and_listeners_are_few() {
    let bench = Bench::new().await;
    let mut streams = Vec::new();
    loop {
        match bench.control().events().await {
            Ok(stream) => streams.push(stream),
            Err(client::Error::Refused { status: 503, .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(streams.len(), 16);
    for number in 0..1000 {
        bench.events.publish("queued", &json!({ "number": number }));
    }
    let mut missed = 0;
    let mut heard = 0;
    while heard + missed < 1000 {
        let event = streams[0].next().await.unwrap().unwrap();
        match event.kind.as_str() {
            "lagged" => missed += event.data["events"].as_u64().unwrap(),
            _ => heard += 1,
        }
    }
    assert!(heard + missed == 1000 && missed > 0, "{heard} {missed}");
}
