//! The collections (B4.3).

use syft_transport::pocketbase::{CollectionSpec, FieldKind::*, FieldSpec, IndexSpec};

pub(crate) const SYNC_JOBS: &str = "sync_jobs";
pub(crate) const FILE_WATCHERS: &str = "file_watchers";
pub(crate) const SYNC_RUNS: &str = "sync_runs";
pub(crate) const SYNC_REQUESTS: &str = "sync_requests";
pub(crate) const SYNC_CLAIMS: &str = "sync_claims";

const NAME: u32 = 200;
const PATH: u32 = 8_192;
const SENTENCE: u32 = 2_000;
const MESSAGE: u32 = 20_000;

/// Returns all collections; logs may have another name.
pub(crate) fn collections(logs: &str) -> Vec<CollectionSpec> {
    vec![
        sync_jobs(),
        file_watchers(),
        sync_runs(),
        sync_requests(),
        sync_claims(),
        daemon_logs(logs),
    ]
}

const fn index(columns: &'static [&'static str]) -> IndexSpec {
    IndexSpec {
        columns,
        unique: false,
    }
}

const fn unique(columns: &'static [&'static str]) -> IndexSpec {
    IndexSpec {
        columns,
        unique: true,
    }
}

pub(super) fn sync_jobs() -> CollectionSpec {
    CollectionSpec {
        name: SYNC_JOBS.to_owned(),
        fields: vec![
            FieldSpec::required("job_id", Text(NAME)),
            FieldSpec::new("daemon", Text(NAME)),
            FieldSpec::new("name", Text(SENTENCE)),
            FieldSpec::required("source_path", Text(PATH)),
            FieldSpec::required("destination_path", Text(PATH)),
            FieldSpec::new("enabled", Bool),
            FieldSpec::new("filters", Json),
            FieldSpec::new("schedule", Json),
            FieldSpec::new("sync_options", Json),
            FieldSpec::new("extra", Json),
            FieldSpec::new("revision", Number),
        ],
        indexes: vec![unique(&["daemon", "job_id"])],
    }
}

pub(super) fn file_watchers() -> CollectionSpec {
    CollectionSpec {
        name: FILE_WATCHERS.to_owned(),
        fields: vec![
            FieldSpec::required("watcher_id", Text(NAME)),
            FieldSpec::new("daemon", Text(NAME)),
            FieldSpec::new("name", Text(SENTENCE)),
            FieldSpec::required("watch_path", Text(PATH)),
            FieldSpec::required("sync_job_id", Text(NAME)),
            FieldSpec::new("enabled", Bool),
            FieldSpec::new("recursive", Bool),
            FieldSpec::new("debounce_ms", Number),
            FieldSpec::new("watch_events", Json),
            FieldSpec::new("extra", Json),
            FieldSpec::new("revision", Number),
        ],
        indexes: vec![unique(&["daemon", "watcher_id"])],
    }
}

fn sync_runs() -> CollectionSpec {
    CollectionSpec {
        name: SYNC_RUNS.to_owned(),
        fields: vec![
            FieldSpec::required("run_id", Text(NAME)),
            FieldSpec::required("job_id", Text(NAME)),
            FieldSpec::required("daemon_id", Text(NAME)),
            FieldSpec::new(
                "trigger",
                Select(&["schedule", "file_watcher", "manual", "config_reload"]),
            ),
            FieldSpec::new(
                "status",
                Select(&["success", "partial", "failed", "skipped", "cancelled"]),
            ),
            FieldSpec::new("started", Date),
            FieldSpec::new("finished", Date),
            FieldSpec::new("files", Json),
            FieldSpec::new("bytes", Number),
            FieldSpec::new("errors", Json),
            FieldSpec::new("reason", Text(SENTENCE)),
        ],
        indexes: vec![unique(&["run_id"]), index(&["job_id", "started"])],
    }
}

fn sync_requests() -> CollectionSpec {
    CollectionSpec {
        name: SYNC_REQUESTS.to_owned(),
        fields: vec![
            FieldSpec::required("job_id", Text(NAME)),
            FieldSpec::new("requested_by", Text(NAME)),
            FieldSpec::required("state", Select(&["new", "taken", "done", "failed"])),
            FieldSpec::new("daemon", Text(NAME)),
            FieldSpec::new("taken_by", Text(NAME)),
            FieldSpec::new("run_id", Text(NAME)),
            FieldSpec::new("message", Text(SENTENCE)),
        ],
        indexes: vec![index(&["state", "daemon"])],
    }
}

/// A claim has the id of its request, and an id is there once: so one daemon takes it.
fn sync_claims() -> CollectionSpec {
    CollectionSpec {
        name: SYNC_CLAIMS.to_owned(),
        fields: vec![FieldSpec::required("daemon_id", Text(NAME))],
        indexes: Vec::new(),
    }
}

/// As docs/TELEMETRY.md of the seed's program has it, with its four indexes.
fn daemon_logs(name: &str) -> CollectionSpec {
    CollectionSpec {
        name: name.to_owned(),
        fields: vec![
            FieldSpec::required("timestamp", Date),
            FieldSpec::required(
                "level",
                Select(&["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]),
            ),
            FieldSpec::required("message", Text(MESSAGE)),
            FieldSpec::new("target", Text(SENTENCE)),
            FieldSpec::new("module_path", Text(SENTENCE)),
            FieldSpec::new("file", Text(SENTENCE)),
            FieldSpec::new("line", Number),
            FieldSpec::new("fields", Json),
            FieldSpec::new("spans", Json),
            FieldSpec::required("daemon_id", Text(NAME)),
            FieldSpec::required("session_id", Text(NAME)),
        ],
        indexes: vec![
            index(&["timestamp"]),
            index(&["level"]),
            index(&["daemon_id"]),
            index(&["session_id"]),
        ],
    }
}
