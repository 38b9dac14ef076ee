//! `[telemetry]`.

use super::{LEVELS, choice, flag, path, table, text, whole};
use crate::config::schema::{
    Key,
    Kind::{Bool, List, Number},
    Preset,
};

/// Prometheus' own buckets up to ten seconds, and on to the hour that a run may take.
const BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0,
];

pub(super) const TELEMETRY: &[Key] = &[
    choice("log_level", LEVELS, "info", "How much is logged."),
    flag("json_logging", true, "Whether the log file has JSON lines."),
    flag(
        "console_logging",
        true,
        "Whether a daemon in the foreground logs to the terminal.",
    ),
    path("log_file_path", "The log."),
    table(
        "log_rotation",
        LOG_ROTATION,
        "When a new log file begins, and what becomes of old ones.",
    ),
    table(
        "pocketbase_logging",
        POCKETBASE_LOGGING,
        "Logs in PocketBase.",
    ),
    table("metrics", METRICS, "Figures for Prometheus."),
    Key::inert("enable_tracing", Bool),
    Key::inert("trace_sample_rate", Number(0.0, 1.0)),
];

const LOG_ROTATION: &[Key] = &[
    flag("enabled", true, "Whether new files begin at all."),
    choice(
        "frequency",
        &["hourly", "daily", "weekly", "never"],
        "daily",
        "After what time one begins, in UTC.",
    ),
    whole("keep_files", (0, 10_000), 7, "How many old ones are kept."),
    whole(
        "max_size_mb",
        (1, 1 << 20),
        100,
        "At what size (in MiB) one begins.",
    ),
    flag("compress_rotated", true, "Whether old ones are compressed."),
    text(
        "rotation_time",
        Preset::Text("00:00"),
        "The time of day (UTC) at which daily and weekly files begin.",
    ),
];

const POCKETBASE_LOGGING: &[Key] = &[
    flag(
        "enabled",
        true,
        "Whether logs go there, if there is a PocketBase.",
    ),
    text("collection", Preset::Text("daemon_logs"), "The collection."),
    whole("batch_size", (1, 10_000), 100, "How many go at once."),
    whole(
        "flush_interval_secs",
        (1, 86_400),
        30,
        "How long one waits at most.",
    ),
    whole(
        "max_retries",
        (0, 100),
        3,
        "How often a failed upload is repeated before they wait on disk.",
    ),
    whole(
        "buffer_size",
        (1, 1_000_000),
        1000,
        "How many wait in memory.",
    ),
    flag(
        "include_sensitive_data",
        false,
        "Whether secrets and addresses stay in them.",
    ),
];

const METRICS: &[Key] = &[
    flag("enabled", true, "Whether they are served."),
    text(
        "bind_address",
        Preset::Text("127.0.0.1"),
        "The IP address to serve them at.",
    ),
    whole(
        "port",
        (0, 65_535),
        9090,
        "The port; 0 is any that is free.",
    ),
    whole(
        "collection_interval_secs",
        (1, 86_400),
        15,
        "How often memory and processor are looked at.",
    ),
    text(
        "endpoint_path",
        Preset::Text("/metrics"),
        "Where below that address.",
    ),
    flag(
        "enable_process_metrics",
        true,
        "Whether there are figures about the process itself.",
    ),
    Key::new(
        "histogram_buckets",
        List(&Number(0.0, f64::MAX)),
        Preset::Numbers(BUCKETS),
        "The bounds of how long runs take, in seconds, ascending.",
    ),
];
