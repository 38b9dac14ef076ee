//! `[[sync_jobs]]` and `[[file_watchers]]`.

use super::{YEAR, choice, flag, table, text, texts, whole};
use crate::config::schema::{
    Key,
    Kind::{Bool, Choice, Id, Integer, List, Path},
    Preset::{self, Absent, Empty},
};

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
        "For an interval: how long, as `30s`, `5m` or `1h 30m`.",
    ),
    text(
        "expression",
        Absent,
        "For cron: 5, 6 or 7 fields, as `0 */15 * * * *`.",
    ),
    text(
        "timezone",
        Preset::Text("UTC"),
        "For cron: an IANA time zone, as `Europe/Berlin`.",
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
