//! The keys (B1 and C2 of the specification; seed 003).

mod jobs;
mod telemetry;

pub(crate) use jobs::{FILE_WATCHER, SYNC_JOB};

use self::telemetry::TELEMETRY;
use super::{
    Key,
    Kind::{Any, Bool, Choice, Integer, List, Path, Secret, Table, Tables, Text},
    Preset::{self, Absent, Empty},
};

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

const HTTP: &[Key] = &[
    text(
        "bind_address",
        Preset::Text("127.0.0.1"),
        "The IP address, which has to be a loopback one.",
    ),
    whole("port", (0, 65_535), 0, "The port; 0 is any that is free."),
    path("token_file", "The file with the secret that commands show."),
];

const LEVELS: &[&str] = &["trace", "debug", "info", "warn", "error"];
const MAX: i64 = i64::MAX;
/// A year in seconds, the longest time that any key takes.
const YEAR: i64 = 365 * 86_400;

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
