//! What could not be looked at is not absent (T20).

use syft_emulator::{Effect, Fault};

use crate::{
    program::{Ending, once},
    recovery::recover,
    scene::{Meeting, OWNER, Scene},
    verdict::Tally,
};

/// A job's own date may be older than our acquaintance with its submitter, by a slow clock or
/// because its submission could not be read before. While that is so, it is not old news.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reviewed_job_waits_for_its_submission() {
    let mut tally = Tally::default();
    for api in ["drive.files.get", "drive.files.list", "drive.*"] {
        let scene = Scene::new(Meeting::DRAFTS).await;
        assert!(matches!(once(&scene), Ending::Ended(0, _)));
        scene.meet().await;
        assert!(matches!(once(&scene), Ending::Ended(0, _)));
        scene.act().await;
        let emulator = scene.emulator.as_ref().unwrap();
        let refused = Effect::Status {
            code: 403,
            reason: Some("insufficientFilePermissions".to_owned()),
            retry_after: None,
        };
        emulator.inject(Fault {
            account: Some(OWNER.to_owned()),
            ..Fault::new(refused).api(api)
        });
        let ending = once(&scene);
        assert!(matches!(ending, Ending::Ended(0..=5, _)), "{ending}");
        assert!(emulator.faults()[0].acted > 0, "{api}");
        emulator.clear_faults();
        recover(&mut tally, api, &scene);
    }
    tally.conclude("a Drive that cannot be looked at");
}
