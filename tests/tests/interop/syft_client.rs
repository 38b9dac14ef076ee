//! `syft-client` of several releases, unmodified: who is mailed what, step by step.

use serde_json::{Value, json};

use crate::{
    day::Day,
    peers::{Release, TODAY},
};

fn status(seen: &Value, job: &str) -> Value {
    let jobs = seen["jobs"].as_array().unwrap();
    let job = jobs.iter().find(|known| known["name"] == job);
    job.unwrap_or_else(|| panic!("{seen}"))["status"].clone()
}

/// Two people who have met, with everybody told.
async fn acquainted(release: Release, owner: &'static str, scientist: &'static str) -> Day {
    let mut day = Day::begin(release, owner, scientist).await;
    day.play("login-do", "").await;
    day.init().await;
    assert_eq!(day.look().await, [""; 0]);

    day.play("add-peer", "").await;
    let mut requested = [
        format!("{owner}: New Peer Request from {scientist}"),
        format!("{scientist}: Peer Request Sent to {owner}"),
    ];
    requested.sort();
    assert_eq!(day.look().await, requested);

    let folders = &day.folders;
    assert!(folders[release.folders].is_u64(), "T1: {folders}");

    day.play("approve-peer", "").await;
    assert_eq!(
        day.look().await,
        [format!("{scientist}: Peer Request Accepted: {owner}")]
    );
    day
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bash_and_a_python_job_go_from_submission_to_result() {
    let (owner, scientist) = ("do@example.org", "ds@example.org");
    let mut day = acquainted(TODAY, owner, scientist).await;
    let (bash, python) = ("count rows", "mean age");

    day.play("submit-bash", bash).await;
    assert_eq!(day.look().await, [format!("{owner}: New Job: {bash}")]);
    day.play("submit-python", python).await;
    assert_eq!(day.look().await, [format!("{owner}: New Job: {python}")]);

    // The client moves the messages into its archive; the jobs are told already.
    let seen = day.play("sync-do", "").await;
    assert_eq!(status(&seen, bash), "pending");
    assert_eq!(status(&seen, python), "pending");
    assert_eq!(day.look().await, [""; 0]);

    for job in [bash, python] {
        assert_eq!(day.play("approve", job).await["approved"], json!([job]));
        assert_eq!(
            day.look().await,
            [format!("{scientist}: Job Approved: {job}")]
        );
        let seen = day.play("process", "").await;
        assert_eq!(status(&seen, job), "done");
        assert_eq!(
            day.look().await,
            [format!("{scientist}: Job Completed: {job}")]
        );
    }

    let seen = day.play("sync-ds", "").await;
    assert_eq!(status(&seen, bash), "done");
    assert_eq!(day.look().await, [""; 0]);
    assert_eq!(day.emulator.inbox(owner).len(), 3);
    assert_eq!(day.emulator.inbox(scientist).len(), 6);
    day.assert_understood();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_and_a_refused_job_are_told_as_such() {
    // An apostrophe is left out: the client writes it unescaped into its queries, and fails.
    let (owner, scientist) = ("Data_Owner+box@Example.org", "Ana_Maria+lab@Example.org");
    let mut day = acquainted(TODAY, owner, scientist).await;

    day.play("submit-failing", "fails").await;
    day.play("submit-bash", "too curious").await;
    assert_eq!(
        day.look().await,
        [
            format!("{owner}: New Job: fails"),
            format!("{owner}: New Job: too curious"),
        ]
    );
    day.play("sync-do", "").await;
    assert_eq!(day.look().await, [""; 0]);

    day.play("reject", "too curious").await;
    assert_eq!(
        day.look().await,
        [format!("{scientist}: Job Rejected: too curious")]
    );
    let mail = day.emulator.inbox(scientist).pop().unwrap();
    let reason = "The data does not allow it";
    assert!(mail.text.unwrap().contains(reason) && mail.html.unwrap().contains(reason));

    day.play("approve", "fails").await;
    assert_eq!(
        day.look().await,
        [format!("{scientist}: Job Approved: fails")]
    );
    let seen = day.play("process", "").await;
    assert_eq!(status(&seen, "fails"), "failed");
    assert_eq!(
        day.look().await,
        [format!("{scientist}: Job Failed: fails")]
    );
    let mail = day.emulator.inbox(scientist).pop().unwrap();
    let text = mail.text.unwrap();
    let exit_code = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("Exit code"));
    assert_eq!(exit_code.unwrap().trim(), "3");
    day.assert_understood();
}

/// A job of an older release, from submission to result.
async fn check_older(release: Release) {
    // 0.1.101 cuts addresses at their first underscore.
    let (owner, scientist) = ("do@example.org", "Ana+lab@example.org");
    let mut day = acquainted(release, owner, scientist).await;
    let job = "count rows";
    day.play("submit-bash", job).await;
    assert_eq!(day.look().await, [format!("{owner}: New Job: {job}")]);
    day.play("sync-do", "").await;
    assert_eq!(day.look().await, [""; 0]);
    // 0.1.112 forgets an approval when its user logs in anew.
    let seen = day.play("approve-and-process", job).await;
    assert_eq!(status(&seen, job), "done");
    assert_eq!(
        day.look().await,
        [
            format!("{scientist}: Job Approved: {job}"),
            format!("{scientist}: Job Completed: {job}"),
        ]
    );
    day.assert_understood();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t1_a_job_of_release_0_1_101_is_told_from_submission_to_result() {
    let release = Release {
        version: "0.1.101",
        contemporaries: &["syft-job==0.1.24"],
        folders: "w1",
    };
    check_older(release).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t1_a_job_of_release_0_1_103_is_told_from_submission_to_result() {
    let release = Release {
        version: "0.1.103",
        contemporaries: &[],
        folders: "w2",
    };
    check_older(release).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t1_a_job_of_release_0_1_112_is_told_from_submission_to_result() {
    let release = Release {
        version: "0.1.112",
        contemporaries: &[],
        folders: "w2",
    };
    check_older(release).await;
}
