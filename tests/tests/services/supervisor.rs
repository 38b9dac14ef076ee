//! The real supervisor with the config that is shipped, made to fit the test's home.

use std::{fs, path::PathBuf, process::Command};

use syft_tests::{
    home::{Home, repository},
    peers::succeed,
};

use crate::{
    daemon::{Daemon, signal, until},
    peers,
};

struct Supervisor<'a> {
    home: &'a Home,
    config: PathBuf,
    daemon: Option<Daemon>,
}

impl<'a> Supervisor<'a> {
    fn start(home: &'a Home) -> Self {
        let directory = home.beside("supervisor");
        fs::create_dir(&directory).unwrap();
        let program = home
            .syft_notify(&[])
            .get_program()
            .to_str()
            .unwrap()
            .to_owned();
        let shipped = repository("templates/service/supervisor/syft-notify.conf");
        let user = succeed(Command::new("id").arg("-un")).stdout;
        let user = String::from_utf8(user).unwrap();
        let own = fs::read_to_string(shipped)
            .unwrap()
            .replace("/usr/local/bin/syft-notify", &program)
            .replace(
                "/home/user",
                home.path("").to_str().unwrap().trim_end_matches('/'),
            )
            .replace("user=user", &format!("user={}", user.trim()));
        let place = directory.display();
        let all = format!(
            "[supervisord]\nnodaemon=true\nlogfile={place}/log\npidfile={place}/pid\nchildlogdir={place}\n\
             [unix_http_server]\nfile={place}/socket\n\
             [rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
             [supervisorctl]\nserverurl=unix://{place}/socket\n{own}"
        );
        let config = directory.join("supervisord.conf");
        syft_state::fs::write_atomic(&config, all.as_bytes(), 0o644).unwrap();
        let mut command = home.command(peers::supervisor().join("supervisord"));
        command.arg("--configuration").arg(&config);
        let output = fs::File::create(directory.join("out")).unwrap();
        command.stderr(output.try_clone().unwrap()).stdout(output);
        let daemon = Some(Daemon::start(&mut command));
        Self {
            home,
            config,
            daemon,
        }
    }

    /// Returns what supervisorctl says; it ends with 3 for what does not run.
    fn control(&self, words: &[&str]) -> String {
        let mut command = self.home.command(peers::supervisor().join("supervisorctl"));
        command.arg("--configuration").arg(&self.config).args(words);
        let output = command.output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    /// Waits until it runs with another PID than this one, and returns that.
    #[track_caller]
    fn pid_after(&self, before: &str) -> String {
        until("it runs with another PID", || {
            let status = self.control(&["status"]);
            let (_, rest) = status.split_once("RUNNING   pid ")?;
            let (pid, _) = rest.split_once(',')?;
            (pid != before).then(|| pid.to_owned())
        })
    }

    /// Waits until `syft-notify status` knows that it runs with this PID.
    #[track_caller]
    fn watches(&self, pid: &str) {
        until("it watches", || {
            let output = self.home.syft_notify(&["status"]).output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            (output.status.success() && said.contains(pid)).then_some(())
        });
    }
}

impl Drop for Supervisor<'_> {
    fn drop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.terminate();
        }
    }
}

#[test]
fn supervisor_starts_it_again_after_kill_9_and_on_request() {
    let home = Home::new();
    let supervisor = Supervisor::start(&home);
    let first = supervisor.pid_after("");
    supervisor.watches(&first);

    signal("KILL", &first);
    let second = supervisor.pid_after(&first);
    supervisor.watches(&second);

    let said = supervisor.control(&["restart", "syft-notify"]);
    assert!(said.contains("syft-notify: started"), "{said}");
    let third = supervisor.pid_after(&second);
    supervisor.watches(&third);

    let said = supervisor.control(&["signal", "HUP", "syft-notify"]);
    assert!(said.contains("syft-notify: signalled"), "{said}");
    assert_eq!(supervisor.pid_after(""), third, "a reload is no restart");

    let said = supervisor.control(&["stop", "syft-notify"]);
    assert!(said.contains("syft-notify: stopped"), "{said}");
    let status = home.syft_notify(&["status"]).output().unwrap();
    assert_eq!(status.status.code(), Some(3));
    let log = fs::read_to_string(home.path(".syft-creds/syft-notify.log")).unwrap();
    assert_eq!(
        log.lines().filter(|line| !line.starts_with("20")).count(),
        0,
        "{log}"
    );
}
