use std::fs;

use serde_json::Value;

use super::*;

struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("sync-daemon.log")
    }

    fn settings(&self, is_json: bool) -> LogSettings {
        LogSettings {
            program: "syft-sync",
            filter: filter("info", None),
            has_console: false,
            is_journal: false,
            path: self.path(),
            otherwise: self.directory.path().join("state/sync-daemon.log"),
            is_json,
            retention: Retention::default(),
        }
    }

    /// Returns what is in the log after something was logged.
    fn logged(&self, is_json: bool, act: impl FnOnce()) -> String {
        let settings = self.settings(is_json);
        let line = line(&settings);
        let (log, refused) = open(&settings, line).unwrap();
        assert!(refused.is_none());
        let sinks = Sinks {
            counts: Arc::default(),
            console: None,
            journal: None,
            file: Some(File {
                log: SharedLog::new(log),
                line,
                is_json,
            }),
            shipped: None,
        };
        let filter = settings.filter.parse().unwrap();
        let subscriber = tracing_subscriber::registry().with(filter).with(sinks);
        tracing::subscriber::with_default(subscriber, act);
        fs::read_to_string(self.path()).unwrap()
    }
}

fn filter(level: &'static str, directives: Option<&str>) -> Filter {
    Filter {
        level,
        directives: directives.map(ToOwned::to_owned),
    }
}

fn say() {
    let span = tracing::info_span!("run", job = "documents", token = "geheim");
    let _entered = span.enter();
    tracing::info!(
        files = 3,
        password = "hunter2",
        "copied\nfor ann@example.org token=abc"
    );
    tracing::debug!("too small to be told");
    tracing::info!(target: "hyper::client", "not ours");
}

#[test]
fn a_line_of_text_has_the_fields_of_its_spans_and_no_secrets() {
    let text = Bench::new().logged(false, say);
    let (_, rest) = text.split_once(" - ").unwrap();
    let expected = "syft-sync - INFO - copied for ann@example.org token=*** \
        files=3 password=*** job=documents token=***\n";
    assert_eq!(rest, expected);
}

#[test]
fn a_line_of_json_is_one_object_with_everything() {
    let text = Bench::new().logged(true, say);
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["name"], "syft-sync");
    assert_eq!(line["message"], "copied for ann@example.org token=***");
    assert_eq!(line["target"], module_path!());
    assert_eq!(line["files"], 3);
    assert_eq!(line["password"], "***");
    let span = &line["spans"][0];
    assert_eq!(span["name"], "run");
    assert_eq!(span["fields"]["job"], "documents");
    assert_eq!(span["fields"]["token"], "***");
}

#[test]
fn a_log_that_is_not_for_this_account_is_elsewhere() {
    let bench = Bench::new();
    let mut settings = bench.settings(false);
    // Where a file stands there can be no directory, whoever one is.
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    fs::write(bench.directory.path().join("var"), "").unwrap();
    settings.path = bench.directory.path().join("var/log/sync-daemon.log");
    let (_, refused) = open(&settings, line(&settings)).unwrap();
    let refused = refused.unwrap().to_string();
    assert!(refused.starts_with("cannot open the log "), "{refused}");
    assert!(settings.otherwise.is_file());
    // A link that somebody planted is not a matter of rights, and not got round.
    settings.path = bench.path();
    std::os::unix::fs::symlink("/etc/passwd", bench.path()).unwrap();
    assert!(matches!(
        open(&settings, line(&settings)),
        Err(Error::File(logs::Error::NotAFile { .. }))
    ));
}

#[test]
fn our_own_entries_are_wanted_from_a_level_on_or_as_rust_log_says() {
    for (level, directives, start) in [
        ("info", None, "warn,syft_sync=info,syft_jobs=info,"),
        ("error", None, "error,syft_sync=error,"),
        ("trace", None, "warn,syft_sync=trace,"),
    ] {
        let filter = filter(level, directives);
        assert!(filter.usual().starts_with(start), "{}", filter.usual());
        filter.parse().unwrap();
    }
    let own = filter("info", Some("hyper=debug,syft_jobs=trace"));
    assert!(own.parse().unwrap().to_string().contains("hyper=debug"));
    let error = filter("info", Some("syft_jobs=loud")).parse().unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("RUST_LOG=syft_jobs=loud means nothing: "),
        "{text}"
    );
}

#[test]
fn the_level_changes_while_it_runs() {
    let bench = Bench::new();
    let settings = bench.settings(false);
    let line = line(&settings);
    let log = SharedLog::new(open(&settings, line).unwrap().0);
    let (layer, handle) = reload::Layer::new(settings.filter.parse().unwrap());
    let sinks = Sinks {
        counts: Arc::default(),
        console: None,
        journal: None,
        file: Some(File {
            log,
            line,
            is_json: false,
        }),
        shipped: None,
    };
    let subscriber = Registry::default().with(layer).with(sinks);
    tracing::subscriber::with_default(subscriber, || {
        let say = |message: &str| tracing::debug!("{message}");
        say("before");
        handle
            .reload(filter("debug", None).parse().unwrap())
            .unwrap();
        say("after");
    });
    let text = fs::read_to_string(bench.path()).unwrap();
    assert!(
        !text.contains("before") && text.contains("DEBUG - after"),
        "{text}"
    );
}
