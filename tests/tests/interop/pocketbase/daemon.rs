//! The daemon with the real servers: jobs come from there, runs and logs go there.

use std::{
    fs,
    process::{Child, Command},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use syft_tests::{
    SyncHome,
    peers::pocketbase::{EMAIL, PASSWORD, PocketBase},
};
use syft_transport::pocketbase::{Client, Filter, List, Record};

use super::{VERSIONS, administrator, count, record, server};

/// A home whose config names a server, and the way for the test to look into it.
pub(super) struct Scene {
    pub(super) server: PocketBase,
    pub(super) client: Client,
    pub(super) home: SyncHome,
    /// A daemon in the foreground.
    daemon: Option<Child>,
}

impl Scene {
    /// Makes the collections; the daemon does not run yet.
    pub(super) fn new(version: &str, more: &str) -> Self {
        let server = server(version);
        let scene = Self {
            client: administrator(&server),
            home: SyncHome::new(&config(&server, more)),
            server,
            daemon: None,
        };
        scene.home.succeed(&["pb", "init"]);
        scene
    }

    pub(super) fn start(&mut self) {
        let mut command = self.home.syft_sync(&["start", "--foreground"]);
        self.daemon = Some(quiet(&mut command).spawn().unwrap());
        self.home
            .until("the start", || self.home.run(&["status"]).status.success());
    }

    pub(super) fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            self.home.run(&["stop"]);
            daemon.wait().unwrap();
        }
    }

    /// Waits until the daemon says something of `pocketbase` in its status.
    #[track_caller]
    fn until_status(&self, what: &str, is_so: impl Fn(&Value) -> bool) {
        self.home
            .until(what, || is_so(&self.home.status()["pocketbase"]));
    }

    pub(super) fn connected(&self) {
        self.until_status("a connection", |status| status["connected"] == true);
    }

    pub(super) fn job(&self, id: &str, destination: &str) -> Record {
        let path = |name: &str| self.home.path(name).display().to_string();
        record(json!({
            "id": format!("{id:0<15}"), "job_id": id, "enabled": true,
            "source_path": path("source"), "destination_path": path(destination),
            "schedule": {"type": "interval", "interval": "1h"},
        }))
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().ok();
            daemon.wait().ok();
        }
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
}

pub(super) fn config(server: &PocketBase, more: &str) -> String {
    format!(
        "{more}\n[pocketbase]\nurl = \"{}\"\nadmin_email = \"{}\"\n\
         admin_password = \"{PASSWORD}\"\nretry_attempts = 2\nretry_delay_secs = 1\n\
         allowed_roots = [\"@\"]\n",
        server.url(),
        // In the config of a home the sign stands for its directory.
        EMAIL.replace('@', "\\u0040")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_come_and_change_within_two_seconds() {
    for version in VERSIONS {
        let mut scene = Scene::new(version, "");
        scene.home.write("source/a", "a");
        let job = scene.job("documents", "first");
        scene.client.create("sync_jobs", &job).await.unwrap();
        scene.start();
        scene
            .home
            .until("the first copy", || scene.home.path("first/a").exists());
        scene.connected();

        let reloads = scene.reloads();
        let start = Instant::now();
        let moved = scene.job("documents", "second");
        scene
            .client
            .update("sync_jobs", "documents000000", &moved)
            .await
            .unwrap();
        scene
            .home
            .until("the new destination", || scene.reloads() > reloads);
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{version}: {:?}",
            start.elapsed()
        );
        scene.home.succeed(&["trigger", "documents", "--wait"]);
        assert!(scene.home.path("second/a").exists());
        scene
            .client
            .create("sync_jobs", &scene.job("music", "third"))
            .await
            .unwrap();
        let start = Instant::now();
        scene
            .home
            .until("the new job", || scene.home.path("third/a").exists());
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{version}: {:?}",
            start.elapsed()
        );
        let start = Instant::now();
        scene
            .client
            .delete("sync_jobs", "documents000000")
            .await
            .unwrap();
        scene
            .home
            .until("the end of a job", || scene.jobs() == ["music"]);
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{version}: {:?}",
            start.elapsed()
        );
        scene.stop();
    }
}

impl Scene {
    fn jobs(&self) -> Vec<String> {
        let status = self.home.status();
        let jobs = status["jobs"].as_array().unwrap().iter();
        jobs.map(|job| job["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Returns how often the daemon took up another config.
    fn reloads(&self) -> usize {
        self.home
            .log()
            .matches("the new config is in force")
            .count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_records_change_nothing_until_they_are_gone() {
    for version in VERSIONS {
        let mut scene = Scene::new(version, "");
        scene.home.write("source/a", "a");
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), scene.home.path("way-out")).unwrap();
        scene
            .client
            .create("sync_jobs", &scene.job("good", "first"))
            .await
            .unwrap();
        scene.start();
        scene
            .home
            .until("the first copy", || scene.home.path("first/a").exists());
        scene.connected();
        let path = |name: &str| scene.home.path(name).display().to_string();
        for (key, value) in [
            ("destination_path", "/etc".to_owned()),
            ("source_path", "/etc".to_owned()),
            ("destination_path", path("../elsewhere")),
            ("destination_path", path("way-out/in")),
            ("destination_path", "relative".to_owned()),
            ("destination_path", path("source/below")),
            ("job_id", "../../etc".to_owned()),
        ] {
            let mut hostile = scene.job("hostile", "second");
            hostile.insert(key.to_owned(), value.clone().into());
            scene.client.create("sync_jobs", &hostile).await.unwrap();
            scene.until_status("the refusal", |status| status["refused"].is_string());
            assert_eq!(scene.jobs(), ["good"], "{version}: {key} {value}");
            scene
                .client
                .delete("sync_jobs", "hostile00000000")
                .await
                .unwrap();
            scene.until_status("the end of the refusal", |status| {
                status["refused"].is_null()
            });
        }
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        assert!(!scene.home.path("second").exists());
        scene.stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_the_last_good_copy_counts() {
    for version in VERSIONS {
        let mut scene = Scene::new(version, "");
        scene.home.write("source/a", "a");
        scene
            .client
            .create("sync_jobs", &scene.job("good", "first"))
            .await
            .unwrap();
        scene.start();
        scene
            .home
            .until("the first copy", || scene.home.path("first/a").exists());
        scene.home.until("the copy of the jobs", || {
            scene.home.path("cache/config-cache.json").exists()
        });
        let kept = fs::read_to_string(scene.home.path("cache/config-cache.json")).unwrap();
        assert!(!kept.contains(PASSWORD) && !kept.contains(EMAIL));
        scene.stop();

        scene.server.stop();
        scene.home.write("source/b", "b");
        scene.start();
        scene.home.until("a copy without a server", || {
            scene.home.path("first/b").exists()
        });
        scene.until_status("the age of the copy", |status| {
            status["offline_copy_of"].is_string()
        });
        scene.server.resume();
        scene.connected();
        scene.until_status("fresh jobs", |status| status["fetched_at"].is_string());
        let log = scene.home.log();
        assert!(!log.contains(PASSWORD), "{version}");
        scene.stop();
        scene.until_runs(2).await;
    }
}

impl Scene {
    async fn until_runs(&self, runs: usize) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let there = count(&self.client, "sync_runs").await;
            if there >= runs || Instant::now() > deadline {
                assert_eq!(there, runs);
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(super) async fn request(&self, id: &str, job: &str, daemon: &str) {
        let request = record(json!({
            "id": format!("{id:0<15}"), "job_id": job, "requested_by": "ann",
            "state": "new", "daemon": daemon
        }));
        self.client.create("sync_requests", &request).await.unwrap();
    }

    /// Waits until a wish is in a state, and returns it.
    pub(super) async fn settled(&self, id: &str) -> Record {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let request = self
                .client
                .get("sync_requests", &format!("{id:0<15}"))
                .await
                .unwrap();
            if ["done", "failed"]
                .iter()
                .any(|state| request["state"] == *state)
            {
                return request;
            }
            assert!(Instant::now() < deadline, "{request:?} {}", self.home.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_is_carried_out_once_by_one_of_two_daemons() {
    for version in VERSIONS {
        let local = "[[sync_jobs]]\nid = \"documents\"\nsource_path = \"@/source\"\n\
                     destination_path = \"@/copy\"\nenabled = true\n";
        let mut scene = Scene::new(version, local);
        let second = SyncHome::new(&config(&scene.server, local));
        scene.start();
        let mut other = quiet(&mut second.syft_sync(&["start", "--foreground"]))
            .spawn()
            .unwrap();
        second.until("the second", || {
            second.status()["pocketbase"]["connected"] == true
        });
        scene.connected();
        let name = second.status()["pocketbase"]["daemon_id"]
            .as_str()
            .unwrap()
            .to_owned();

        for number in 0..10 {
            scene
                .request(&format!("any{number}"), "documents", "")
                .await;
        }
        for number in 0..10 {
            let settled = scene.settled(&format!("any{number}")).await;
            assert_eq!(settled["state"], "done", "{version}: {settled:?}");
        }
        scene.request("second", "documents", &name).await;
        let settled = scene.settled("second").await;
        assert_eq!(
            (&settled["state"], &settled["taken_by"]),
            (&json!("done"), &json!(name))
        );
        scene.request("unknown", "music", &name).await;
        let settled = scene.settled("unknown").await;
        assert_eq!(settled["message"], "this daemon has no such job");
        scene.request("hostile", "../../etc", "").await;
        let settled = scene.settled("hostile").await;
        assert_eq!(settled["message"], "`job_id` is no name of a job");
        scene.request("others", "music", "").await;
        scene.request("last", "documents", "").await;
        scene.settled("last").await;
        let others = scene
            .client
            .get("sync_requests", "others000000000")
            .await
            .unwrap();
        assert_eq!(others["state"], "new", "another daemon may have the job");

        second.run(&["stop"]);
        other.wait().unwrap();
        scene.stop();
        let manual = List::of(Filter::is("trigger", "manual").unwrap());
        let runs = scene.client.list("sync_runs", &manual).await.unwrap();
        let wishes = List::of(Filter::is("state", "done").unwrap());
        let wishes = scene.client.list("sync_requests", &wishes).await.unwrap();
        let ids: std::collections::HashSet<&str> = wishes
            .iter()
            .map(|wish| wish["run_id"].as_str().unwrap())
            .collect();
        assert_eq!(
            runs.len(),
            ids.len(),
            "{version}: no run is there that nobody wished for"
        );
        assert!(
            runs.iter()
                .all(|run| ids.contains(run["id"].as_str().unwrap()))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_say_what_is_wrong_and_how_it_ends() {
    for version in VERSIONS {
        let mut scene = Scene::new(version, "");
        let wrong = config(&scene.server, "").replace(PASSWORD, "hunter22");
        scene.home.configure(&wrong);
        let output = scene.home.run(&["pb", "status"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(
            said.contains(
                "the server knows no superuser or admin of this e-mail address and password"
            ),
            "{said}"
        );
        assert!(!said.contains("hunter22"));
        let output = scene.home.run(&["doctor"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(
            said.contains("the server knows no superuser or admin"),
            "{said}"
        );
        scene.server.stop();
        let output = scene.home.run(&["pb", "status"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("Connection refused"), "{said}");
        scene.home.configure("");
        let output = scene.home.run(&["pb", "status"]);
        assert_eq!(output.status.code(), Some(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pushed_is_pulled() {
    for version in VERSIONS {
        let local = "[[sync_jobs]]\nid = \"documents\"\nname = \"The \\\"documents\\\"\"\n\
            source_path = \"@/source\"\ndestination_path = \"@/copy\"\nenabled = true\npriority = 3\n\
            filters = [\"*.tmp\"]\n[sync_jobs.schedule]\ntype = \"interval\"\ninterval = \"5m\"\n\
            [sync_jobs.sync_options]\ndry_run = true\n[[file_watchers]]\nid = \"w\"\n\
            watch_path = \"@/source\"\nsync_job_id = \"documents\"\nenabled = true\ndebounce_ms = 100\n";
        let scene = Scene::new(version, local);
        let push = |arguments: &[&str]| {
            let all = [&["pb", "push", "--json"], arguments].concat();
            serde_json::from_str::<Value>(&scene.home.succeed(&all)).unwrap()
        };
        assert_eq!(push(&[])["sync_jobs"]["made"], json!(["documents"]));
        let again = push(&[]);
        assert_eq!(
            again["sync_jobs"]["unchanged"],
            json!(["documents"]),
            "{version}"
        );
        assert_eq!(
            again["file_watchers"]["unchanged"],
            json!(["w"]),
            "{version}"
        );

        let pulled = scene.home.succeed(&["pb", "pull"]);
        let before = scene.home.succeed(&["config", "show", "--json"]);
        scene.home.configure(&config(&scene.server, &pulled));
        let after = scene.home.succeed(&["config", "show", "--json"]);
        let part = |shown: &str, key: &str| {
            serde_json::from_str::<Value>(shown).unwrap()["config"][key].clone()
        };
        for key in ["sync_jobs", "file_watchers"] {
            assert!(part(&before, key).is_array(), "{before}");
            assert_eq!(part(&after, key), part(&before, key), "{version}: {pulled}");
        }

        scene.home.configure(&config(&scene.server, ""));
        assert_eq!(push(&[])["sync_jobs"]["surplus"], json!(["documents"]));
        assert_eq!(count(&scene.client, "sync_jobs").await, 1);
        push(&["--prune"]);
        assert_eq!(count(&scene.client, "sync_jobs").await, 0);
        assert_eq!(count(&scene.client, "file_watchers").await, 0);
    }
}
