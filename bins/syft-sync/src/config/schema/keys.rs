//! The keys (B1 and C2 of the specification; seed 003).

use super::{
    Key,
    Kind::{Any, Bool, Choice, Id, Integer, List, Number, Path, Secret, Table, Tables, Text},
    Preset::{self, Absent, Empty},
};

const LEVELS: &[&str] = &["trace", "debug", "info", "warn", "error"];
const MAX: i64 = i64::MAX;
/// A year in seconds, the longest time that any key takes.
const YEAR: i64 = 365 * 86_400;

/// Prometheus' own buckets up to ten seconds, and on to the hour that a run may take.
const BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0,
];

const fn flag(name: &'static str, preset: bool, about: &'static str) -> Key {
    Key::new(name, Bool, Preset::Bool(preset), about)
}

const fn whole(
    name: &'static str,
    (lowest, highest): (i64, i64),
    preset: i64,
    about: &'static str,
) -> Key {
    Key::new(
        name,
        Integer(lowest, highest),
        Preset::Integer(preset),
        about,
    )
}

const fn text(name: &'static str, preset: Preset, about: &'static str) -> Key {
    Key::new(name, Text, preset, about)
}

const fn path(name: &'static str, about: &'static str) -> Key {
    Key::new(name, Path, Absent, about)
}

const fn choice(
    name: &'static str,
    words: &'static [&'static str],
    preset: &'static str,
    about: &'static str,
) -> Key {
    Key::new(name, Choice(words), Preset::Text(preset), about)
}

const fn table(name: &'static str, keys: &'static [Key], about: &'static str) -> Key {
    Key::new(name, Table(keys), Preset::Table, about)
}

const fn texts(name: &'static str, about: &'static str) -> Key {
    Key::new(name, List(&Text), Empty, about)
}

/// The whole config.
pub(crate) const ROOT: &[Key] = &[
    Key::new(
        "pocketbase",
        Table(POCKETBASE),
        Absent,
        "The PocketBase to take jobs from and report runs to; without it everything is local.",
    ),
    table("daemon", DAEMON, "The process."),
    Key::new("sync_jobs", Tables(SYNC_JOB), Empty, "The jobs."),
    Key::new(
        "file_watchers",
        Tables(FILE_WATCHER),
        Empty,
        "Changes of files that make a job due.",
    ),
    table("concurrency", CONCURRENCY, "How much happens at once."),
    table(
        "cache",
        CACHE,
        "What is kept to be faster, or to go on without PocketBase.",
    ),
    table("telemetry", TELEMETRY, "Logs and metrics."),
    table(
        "http",
        HTTP,
        "The API by which commands talk to the daemon.",
    ),
    Key::inert("account", Any),
    Key::inert("watcher", Any),
];

const POCKETBASE: &[Key] = &[
    Key::required("url", Text, "Where it is: http or https."),
    text("admin_email", Absent, "The account there."),
    Key::new(
        "admin_password",
        Secret,
        Absent,
        "Its password; better keep it in a `password_file`.",
    ),
    path(
        "password_file",
        "A file with the password, for its owner's eyes alone (mode 0600).",
    ),
    text(
        "auth_collection",
        Absent,
        "The collection of the account, where it is no superuser.",
    ),
    whole(
        "timeout_secs",
        (1, 600),
        30,
        "How long one request may take.",
    ),
    whole(
        "api_timeout_secs",
        (1, 3600),
        60,
        "How long a request may take with all its repetitions.",
    ),
    whole(
        "retry_attempts",
        (0, 20),
        3,
        "How often a failed request is repeated.",
    ),
    whole(
        "retry_delay_secs",
        (0, 60),
        5,
        "The first pause before a repetition; each further one is twice as long, up to 60.",
    ),
    flag(
        "verify_certificates",
        true,
        "Whether its certificate has to be valid.",
    ),
    choice(
        "config_source",
        &["local", "merge", "remote"],
        "merge",
        "Which jobs and watchers count: those of this file, both (this file wins), or those of PocketBase.",
    ),
    Key::new(
        "allowed_roots",
        List(&Path),
        Empty,
        "The directories within which jobs of PocketBase may read and write; without any none may.",
    ),
    text(
        "daemon_id",
        Absent,
        "This daemon's name in PocketBase; by default one is made up and kept.",
    ),
    Key::inert("connection_pool_size", Integer(0, MAX)),
    Key::inert("max_idle_connections", Integer(0, MAX)),
    Key::inert("use_tls", Bool),
];

const DAEMON: &[Key] = &[
    path(
        "pid_file",
        "Where the process id is, beside which the daemon keeps its lock.",
    ),
    path(
        "log_file",
        "The log, where `telemetry.log_file_path` names none.",
    ),
    Key::new(
        "log_level",
        Choice(LEVELS),
        Absent,
        "How much is logged, where `telemetry.log_level` says nothing.",
    ),
    whole(
        "config_refresh_interval_secs",
        (0, YEAR),
        300,
        "How often the jobs of PocketBase are fetched, besides being told of changes; 0 is never.",
    ),
    flag(
        "auto_restart_on_config_change",
        false,
        "Whether a change that needs a restart brings one about.",
    ),
    whole(
        "shutdown_timeout_secs",
        (0, 3600),
        30,
        "How long a stop waits for the files at hand.",
    ),
    whole(
        "health_check_interval_secs",
        (1, 86_400),
        60,
        "How often the daemon looks after itself.",
    ),
    text(
        "run_as_user",
        Absent,
        "The account to run as, when started by root.",
    ),
    text(
        "run_as_group",
        Absent,
        "The group to run as, when started by root.",
    ),
    path(
        "working_directory",
        "Where the process stays, and where relative paths begin.",
    ),
    path("state_dir", "What the daemon remembers between runs."),
];

/// A job.
pub(crate) const SYNC_JOB: &[Key] = &[
    Key::required(
        "id",
        Id,
        "Its name in commands: 1 to 64 letters, digits, dots, underscores and hyphens.",
    ),
    text(
        "name",
        Absent,
        "Its name for people; the id, if there is none.",
    ),
    Key::required("source_path", Path, "The tree that is read."),
    Key::required("destination_path", Path, "The tree that is written."),
    flag("enabled", false, "Whether it runs at all."),
    texts(
        "filters",
        "What takes no part, as in a .gitignore; the same as `exclude_patterns`.",
    ),
    texts(
        "exclude_patterns",
        "What takes no part, as in a .gitignore.",
    ),
    texts(
        "include_patterns",
        "What alone takes part, if anything is named here.",
    ),
    Key::new(
        "priority",
        Integer(-1_000_000, 1_000_000),
        Preset::Integer(0),
        "Jobs of a higher one start first.",
    ),
    texts("tags", "Words for people."),
    table("schedule", SCHEDULE, "When it is due by itself."),
    table("sync_options", SYNC_OPTIONS, "What a run does."),
];

const SCHEDULE: &[Key] = &[
    choice(
        "type",
        &["interval", "cron", "manual"],
        "manual",
        "What it is due by.",
    ),
    text(
        "interval",
        Absent,
        "For an interval: how long, as 30s, 5m or 1h 30m.",
    ),
    text(
        "expression",
        Absent,
        "For cron: 5, 6 or 7 fields, as 0 */15 * * * *.",
    ),
    text(
        "timezone",
        Preset::Text("UTC"),
        "For cron: an IANA time zone, as Europe/Berlin.",
    ),
    whole(
        "max_run_duration_secs",
        (0, YEAR),
        3600,
        "After how long a run is cancelled between two files; 0 is never.",
    ),
    flag(
        "skip_if_running",
        true,
        "Whether it is due at most once more while it runs.",
    ),
    flag(
        "run_on_start",
        true,
        "Whether an interval begins with a run at the start.",
    ),
    choice(
        "catch_up",
        &["none", "one"],
        "one",
        "What becomes of runs that were missed, as by a suspended machine.",
    ),
];

const SYNC_OPTIONS: &[Key] = &[
    flag("dry_run", false, "Plan and change nothing."),
    flag("preserve_permissions", true, "Keep permissions."),
    flag("preserve_timestamps", true, "Keep modification times."),
    flag(
        "preserve_ownership",
        false,
        "Keep owner and group, where the rights suffice.",
    ),
    flag(
        "preserve_xattrs",
        false,
        "Keep extended attributes of the user's namespace.",
    ),
    flag(
        "preserve_hard_links",
        true,
        "Keep files with several names as one file.",
    ),
    flag(
        "delete_destination_files",
        false,
        "Delete what is only in the destination.",
    ),
    whole(
        "delete_limit_percent",
        (0, 100),
        50,
        "A run that would delete more than so much of the destination is held.",
    ),
    choice(
        "comparison_method",
        &[
            "checksum",
            "sha256",
            "blake3",
            "xxhash",
            "md5",
            "size",
            "mtime",
            "timestamp",
            "size_mtime",
            "bytes",
        ],
        "checksum",
        "When two files count as the same; checksum is sha256.",
    ),
    whole(
        "modify_window_ms",
        (0, 3_600_000),
        1,
        "The largest difference of modification times that is none.",
    ),
    flag(
        "ignore_hidden_files",
        false,
        "Leave out names that begin with a dot.",
    ),
    flag(
        "respect_gitignore",
        false,
        "Leave out what the source's .gitignore files leave out.",
    ),
    flag(
        "continue_on_error",
        false,
        "Go on after a file that could not be synchronised.",
    ),
    flag("bidirectional", false, "Carry changes both ways."),
    Key::new(
        "conflict_resolution",
        Choice(&[
            "source",
            "destination",
            "newer",
            "larger",
            "copy",
            "manual",
            "skip",
        ]),
        Absent,
        "Who wins; by default the source, and in both directions both stay (copy).",
    ),
    whole(
        "max_file_size_mb",
        (0, 1 << 40),
        0,
        "Larger files (in MiB) take no part; 0 is no limit.",
    ),
    flag(
        "follow_symlinks",
        false,
        "The same as symlinks = \"follow\".",
    ),
    Key::new(
        "symlinks",
        Choice(&["copy", "skip", "follow"]),
        Absent,
        "Whether links stay links, are left out, or are replaced by what they lead to.",
    ),
    flag(
        "verify_checksums",
        false,
        "Read each copy again and compare it.",
    ),
    choice(
        "durability",
        &["none", "run", "file"],
        "run",
        "When written files are safe from a power cut: when the system likes, after each run, after each file.",
    ),
    Key::inert("compression_enabled", Bool),
];

/// A watcher.
pub(crate) const FILE_WATCHER: &[Key] = &[
    Key::required(
        "id",
        Id,
        "Its name: 1 to 64 letters, digits, dots, underscores and hyphens.",
    ),
    text(
        "name",
        Absent,
        "Its name for people; the id, if there is none.",
    ),
    Key::required("watch_path", Path, "The directory that is watched."),
    Key::required("sync_job_id", Id, "The job that becomes due."),
    flag("enabled", false, "Whether it watches."),
    flag(
        "recursive",
        false,
        "Whether directories within are watched, too.",
    ),
    whole(
        "debounce_ms",
        (0, 600_000),
        0,
        "How long it has to be quiet before the job runs.",
    ),
    Key::new(
        "watch_events",
        List(&Choice(&[
            "create", "write", "remove", "rename", "chmod", "all",
        ])),
        Empty,
        "What counts; by default all but chmod.",
    ),
    texts(
        "ignore_patterns",
        "What does not count, as in a .gitignore.",
    ),
    Key::new(
        "max_events_per_second",
        Integer(1, 1_000_000),
        Absent,
        "Beyond so many a second, one look at everything replaces them.",
    ),
];

const CONCURRENCY: &[Key] = &[
    whole(
        "max_concurrent_syncs",
        (1, 64),
        4,
        "How many jobs run at once.",
    ),
    whole(
        "max_file_operations",
        (1, 4096),
        100,
        "How many files are copied at once, by all jobs.",
    ),
    whole(
        "sync_queue_size",
        (1, 1_000_000),
        1000,
        "How many jobs may wait.",
    ),
    whole(
        "channel_buffer_size",
        (1, 1_000_000),
        1000,
        "How many events of files may wait.",
    ),
    Key::inert("thread_pool_size", Integer(0, MAX)),
    Key::inert("io_thread_pool_size", Integer(0, MAX)),
    Key::inert("network_thread_pool_size", Integer(0, MAX)),
];

const CACHE: &[Key] = &[
    path("cache_dir", "Where it is."),
    whole(
        "config_cache_ttl_secs",
        (0, YEAR),
        300,
        "After how long the copy of PocketBase's jobs counts as stale.",
    ),
    whole(
        "file_metadata_cache_ttl_secs",
        (0, YEAR),
        60,
        "How long what is known of a file on the network is believed.",
    ),
    flag(
        "enable_persistent_cache",
        false,
        "Whether checksums are kept between runs.",
    ),
    whole(
        "max_cache_size_mb",
        (1, 1 << 40),
        500,
        "How large it may grow, in MiB.",
    ),
    whole(
        "cache_cleanup_interval_secs",
        (1, YEAR),
        3600,
        "How often what is old is thrown away.",
    ),
    Key::inert("compression_enabled", Bool),
];

const TELEMETRY: &[Key] = &[
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

const HTTP: &[Key] = &[
    text(
        "bind_address",
        Preset::Text("127.0.0.1"),
        "The IP address, which has to be a loopback one.",
    ),
    whole("port", (0, 65_535), 0, "The port; 0 is any that is free."),
    path("token_file", "The file with the secret that commands show."),
];
