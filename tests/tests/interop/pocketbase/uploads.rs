//! Runs and logs reach the real servers once each, also where a server restarts in between.

use std::{
    collections::HashMap,
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use syft_transport::pocketbase::{Client, Filter, List};

use super::{VERSIONS, administer, count, daemon::Scene};

const LINES: usize = 10_000;
const JOBS: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_lines_arrive_once_through_a_restart_of_the_server() {
    for version in VERSIONS {
        let jobs: String = (0..JOBS).map(job).collect();
        let logging = "[telemetry.pocketbase_logging]\nflush_interval_secs = 1\n";
        let mut scene = Scene::new(version, &format!("{logging}{jobs}"));
        scene.start();
        scene.connected();
        let control = Control::of(&scene);
        let (mut is_down, mut was_down) = (None, false);
        while lines(&scene).len() < LINES {
            for number in 0..JOBS {
                control.trigger(&format!("job{number}")).await;
            }
            match is_down {
                None if !was_down && lines(&scene).len() > LINES / 3 => {
                    scene.server.stop();
                    is_down = Some(lines(&scene).len());
                }
                // A thousand lines have to wait somewhere else.
                Some(then) if lines(&scene).len() > then + 1_000 => {
                    scene.server.resume();
                    (is_down, was_down) = (None, true);
                }
                _ => {}
            }
        }
        assert!(was_down);
        let started = Instant::now();
        while !is_all_there(&scene).await {
            assert!(
                started.elapsed() < Duration::from_secs(180),
                "{version}: {}",
                state(&scene).await
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        check_logs(&scene).await;
        check_runs(&scene).await;
        scene.stop();
    }
}

fn job(number: usize) -> String {
    format!(
        "[[sync_jobs]]\nid = \"job{number}\"\nsource_path = \"@/source\"\n\
         destination_path = \"@/copies/{number}\"\nenabled = true\n"
    )
}

fn lines(scene: &Scene) -> Vec<Value> {
    let log = scene.home.log();
    log.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

async fn is_all_there(scene: &Scene) -> bool {
    let lines = lines(scene).len();
    let there = scene
        .client
        .count("daemon_logs", &Filter::default())
        .await
        .unwrap();
    let unsent = &scene.home.status()["pocketbase"]["unsent_runs"];
    there >= lines as u64 && *unsent == 0
}

async fn state(scene: &Scene) -> String {
    let there = scene
        .client
        .count("daemon_logs", &Filter::default())
        .await
        .unwrap();
    let status = scene.home.status();
    format!(
        "{there} of {} lines; {} {}",
        lines(scene).len(),
        status["pocketbase"],
        status["telemetry"]
    )
}

async fn check_logs(scene: &Scene) {
    let all = List {
        limit: 1_000_000,
        ..List::of(Filter::default())
    };
    let there = scene.client.list("daemon_logs", &all).await.unwrap();
    let mut balance: HashMap<(String, String), i64> = HashMap::new();
    for record in &there {
        let text = |name: &str| record[name].as_str().unwrap().to_owned();
        let moment = text("timestamp")[..23].replace(' ', "T");
        *balance.entry((moment, text("message"))).or_default() += 1;
    }
    for line in &lines(scene)[..LINES] {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        let moment = text("time")[..23].to_owned();
        *balance.entry((moment, text("message"))).or_default() -= 1;
    }
    // What was logged behind the first ten thousand may be there, too, but nothing is missing,
    // and of the lines of all runs none is there twice.
    let missing: Vec<_> = balance
        .iter()
        .filter(|(_, count)| **count < 0)
        .take(5)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(there.len(), lines(scene).len());
}

async fn check_runs(scene: &Scene) {
    let begun = lines(scene)
        .iter()
        .filter(|line| line["message"].as_str().unwrap().contains(": begins ("))
        .count();
    assert_eq!(count(&scene.client, "sync_runs").await, begun);
}

/// The way to the daemon's control API.
struct Control {
    http: reqwest::Client,
    address: String,
    token: String,
}

impl Control {
    fn of(scene: &Scene) -> Self {
        let _was_there = rustls::crypto::ring::default_provider().install_default();
        let access = fs::read_to_string(scene.home.path("run/sync-daemon.http.json")).unwrap();
        let access: Value = serde_json::from_str(&access).unwrap();
        let token = fs::read_to_string(access["token_file"].as_str().unwrap()).unwrap();
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            address: access["address"].as_str().unwrap().to_owned(),
            token: token.trim().to_owned(),
        }
    }

    async fn trigger(&self, job: &str) {
        let url = format!("http://{}/jobs/{job}/trigger", self.address);
        let request = self
            .http
            .post(url)
            .bearer_auth(&self.token)
            .json(&json!({}));
        let answer = request.send().await.unwrap();
        let status = answer.status();
        assert!(
            status.is_success(),
            "{status} {}",
            answer.text().await.unwrap()
        );
    }
}

/// As the book has it: who may do what, for a daemon that is no superuser.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_few_rights_is_enough() {
    for version in VERSIONS {
        let mut scene = Scene::new(version, &job(0));
        scene.home.write("source/a", "a");
        few_rights(&scene.client, version).await;
        let config = super::daemon::config(&scene.server, &job(0));
        scene
            .home
            .configure(&format!("{config}auth_collection = \"daemons\"\n"));
        scene
            .client
            .create("sync_jobs", &scene.job("remote", "first"))
            .await
            .unwrap();
        scene.start();
        scene
            .home
            .until("the first copy", || scene.home.path("first/a").exists());
        scene.connected();
        scene.request("wish", "job0", "").await;
        let settled = scene.settled("wish").await;
        assert_eq!(settled["state"], "done", "{version}: {settled:?}");
        let status = scene.home.succeed(&["pb", "status"]);
        assert!(status.contains("of daemons"), "{status}");
        scene.stop();
        assert_eq!(count(&scene.client, "sync_runs").await, 2, "{version}");
        assert!(count(&scene.client, "daemon_logs").await >= 4, "{version}");
    }
}

async fn few_rights(client: &Client, version: &str) {
    super::member(client, version).await;
    let member = super::MEMBER;
    for (collection, rules) in [
        ("sync_jobs", ["listRule", "viewRule"].as_slice()),
        ("file_watchers", &["listRule", "viewRule"]),
        ("sync_requests", &["listRule", "viewRule", "updateRule"]),
        ("sync_claims", &["listRule", "viewRule", "createRule"]),
        ("sync_runs", &["listRule", "viewRule", "createRule"]),
        ("daemon_logs", &["listRule", "viewRule", "createRule"]),
    ] {
        let rules = rules.iter().map(|rule| ((*rule).to_owned(), json!(member)));
        let path = format!("collections/{collection}");
        administer(client, "PATCH", &path, &rules.collect()).await;
    }
}
