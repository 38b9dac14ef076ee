//! `init --import`: the configs of earlier programs (notify.md §5.1, §5.4, §5.5).

use std::fs;

use syft_emulator::scopes;

use crate::desk::{Desk, Google, OWNER};

const STATE: &str = "{\"notified_jobs\": {\"old job\": [\"new\"]}}";

struct Earlier {
    google: Google,
    desk: Desk,
}

impl Earlier {
    fn new() -> Self {
        let (google, desk) = (Google::start(), Desk::new());
        let both = [scopes::DRIVE, scopes::GMAIL_COMPOSE];
        desk.put_token(&google, "home/old/token.json", OWNER, &both);
        Self { google, desk }
    }

    /// Takes the file over and returns the new config.
    #[track_caller]
    fn import(&self, file: &str) -> String {
        let endpoint = self.google.url();
        self.desk
            .run(&[
                "init",
                "--yes",
                "--import",
                file,
                "--google-endpoint",
                endpoint,
            ])
            .succeeds();
        self.desk.run(&["run", "--once"]).succeeds();
        self.desk.config_text()
    }

    #[track_caller]
    fn has(&self, config: &str, key: &str, path: &str) {
        let line = format!("{key}: {}", self.desk.path(path).display());
        assert!(config.contains(&line), "no {line} in:\n{config}");
    }
}

/// The schema of the notebook helper, the second one of §5.1.
#[test]
fn notification_config() {
    let earlier = Earlier::new();
    earlier.desk.write("home/old/state.json", STATE);
    earlier.desk.write(
        "home/old/notification_config.yaml",
        "credentials_file: credentials.json\nsyftbox_root: ~/SyftBox\ndo_email: do@example.org\n\
         token_file: token.json\ndrive_token_path: token.json\nstate_file: state.json\n\
         email_format: html\nnotify_on_new_job: true\n",
    );
    let config = earlier.import("home/old/notification_config.yaml");
    earlier.has(&config, "syftbox_root", "home/SyftBox");
    // T15: relative to the file, not to wherever the program is started.
    earlier.has(&config, "gmail_token_path", "home/old/token.json");
    earlier.has(&config, "state_path", "home/old/state.json");
    assert!(
        fs::read_to_string(earlier.desk.path("home/old/state.json"))
            .unwrap()
            .contains("old job")
    );
}

/// §5.4: token paths are not named, and the record has its place.
#[test]
fn the_package_of_its_own() {
    let earlier = Earlier::new();
    let both = [scopes::DRIVE, scopes::GMAIL_COMPOSE];
    for name in ["token_do.json", "gmail_token.json"] {
        let path = format!("home/.syft-creds/{name}");
        earlier.desk.put_token(&earlier.google, &path, OWNER, &both);
    }
    earlier
        .desk
        .write("home/.syft-creds/notify/state.json", STATE);
    earlier.desk.write(
        "home/.syft-creds/config.yaml",
        "do_email: do@example.org\nsyftbox_root: /srv/SyftBox\n\
         notify:\n  interval: 45\n  monitor_jobs: true\n  monitor_peers: true\n",
    );
    let config = earlier.import("home/.syft-creds/config.yaml");
    assert!(config.contains("interval: 45"), "{config}");
    assert!(config.contains("syftbox_root: /srv/SyftBox"), "{config}");
    earlier.has(
        &config,
        "drive_token_path",
        "home/.syft-creds/token_do.json",
    );
    earlier.has(&config, "state_path", "home/.syft-creds/notify/state.json");
}

/// §5.5: a full dump, with one token for everything and sections for other services.
#[test]
fn syft_bg() {
    let earlier = Earlier::new();
    let old = earlier.desk.path("home/old");
    let old = old.display();
    earlier.desk.write("home/old/notify/state.json", STATE);
    earlier.desk.write(
        "home/old/config.yaml",
        &format!(
            "do_email: do@example.org\nsyftbox_root: /srv/SyftBox\ncredentials_path: {old}/credentials.json\n\
             gmail_token_path: {old}/token.json\ndrive_token_path: {old}/token.json\n\
             notify:\n  do_email: do@example.org\n  interval: 5\n  notify_state_path: {old}/notify/state.json\n  heartbeat_enabled: true\n\
             approve:\n  interval: 5\n  auto_approvals:\n    enabled: true\n    objects: {{}}\n  skip_peer_on_patch_version_diff: null\n\
             sync:\n  interval: 10\n  max_retries: 3\n"
        ),
    );
    let config = earlier.import("home/old/config.yaml");
    earlier.has(&config, "drive_token_path", "home/old/token.json");
    earlier.has(&config, "gmail_token_path", "home/old/token.json");
    earlier.has(&config, "state_path", "home/old/notify/state.json");
    assert!(config.contains("interval: 5\n"), "{config}");
}

#[test]
fn what_is_no_config_of_ours() {
    let desk = Desk::new();
    desk.write("other.yaml", "name: something else\n");
    desk.write("broken.yaml", "do_email: [\n");
    for (file, says) in [
        (
            "other.yaml",
            "it names neither `do_email` nor `syftbox_root`",
        ),
        ("broken.yaml", "broken.yaml"),
        ("gone.yaml", "gone.yaml"),
    ] {
        desk.run(&["init", "--import", file, "--yes"])
            .fails(1, &[file, says]);
        assert_eq!(desk.home_files(), []);
    }
}
