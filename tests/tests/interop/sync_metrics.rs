//! The sixteen metrics that monitors know (B5.1), read before and after what they count.

use std::{collections::BTreeMap, fs};

use syft_tests::{
    SyncHome,
    peers::{
        Peers,
        pocketbase::{EMAIL, NEW, PASSWORD, PocketBase},
    },
};

/// Their names as they are shown.
const SIXTEEN: [&str; 16] = [
    "sync_operations_total",
    "sync_operations_duration_seconds_count",
    "sync_files_processed_total",
    "sync_bytes_transferred_total",
    "sync_errors_total",
    "daemon_uptime_seconds",
    "daemon_memory_usage_bytes",
    "daemon_cpu_usage_percent",
    "active_sync_jobs",
    "file_watchers_active",
    "pocketbase_requests_total",
    "pocketbase_request_duration_seconds_count",
    "pocketbase_connection_errors_total",
    "log_entries_total",
    "log_upload_errors_total",
    "log_buffer_size",
];

/// So many files keep a job busy for a while.
const FILES: usize = 3000;

/// All series of a page by their whole names.
fn series(home: &SyncHome) -> BTreeMap<String, f64> {
    let text = home.succeed(&["metrics"]);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let parsed = lines.filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    });
    parsed.collect()
}

/// The sum of all series of a metric.
fn sum(series: &BTreeMap<String, f64>, name: &str) -> f64 {
    let of_it = series.iter().filter(|(series, _)| {
        let rest = series.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
    });
    of_it.map(|(_, value)| value).sum()
}

fn home(server: &PocketBase) -> SyncHome {
    let home = SyncHome::new("");
    home.write("home/password", PASSWORD);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(home.path("home/password"), mode).unwrap();
    home.configure(&format!(
        "[pocketbase]\nurl = \"{}\"\nadmin_email = \"{}\"\npassword_file = \"@/home/password\"\n\
         timeout_secs = 2\nretry_attempts = 1\nretry_delay_secs = 1\n\
         [telemetry.pocketbase_logging]\nflush_interval_secs = 1\nmax_retries = 1\n\
         [[sync_jobs]]\nid = \"files\"\nsource_path = \"@/source\"\ndestination_path = \"@/copy\"\n\
         enabled = true\n[sync_jobs.schedule]\ntype = \"manual\"\n\
         [sync_jobs.sync_options]\ndelete_destination_files = true\ndurability = \"file\"\n\
         continue_on_error = true\n\
         [[file_watchers]]\nid = \"watcher\"\nwatch_path = \"@/source\"\nsync_job_id = \"files\"\n\
         enabled = true\nrecursive = true\ndebounce_ms = 100\n",
        server.url(),
        // The sign itself stands for the directory.
        EMAIL.replace('@', "\\u0040"),
    ));
    home
}

#[test]
fn all_sixteen_move() {
    let peers = Peers::beside(env!("CARGO_TARGET_TMPDIR"));
    let mut server = PocketBase::start(&peers, NEW);
    let home = home(&server);
    home.succeed(&["pb", "init"]);
    for number in 0..FILES {
        home.write(format!("source/{number}"), b"some bytes");
    }
    home.succeed(&["start"]);
    home.until("the watcher", || {
        sum(&series(&home), "file_watchers_active") > 0.0
    });
    let before = series(&home);
    for name in SIXTEEN {
        assert!(
            before.keys().any(|series| series.starts_with(name)),
            "{name} is not there from the start"
        );
    }

    // 9 is only seen while a run goes on.
    home.succeed(&["trigger", "files"]);
    home.until("a run at work", || {
        sum(&series(&home), "active_sync_jobs") > 0.0
    });
    home.until("its end", || sum(&series(&home), "active_sync_jobs") == 0.0);

    // A run by a watcher, with something that cannot be copied, and something that is gone.
    rustix::fs::mkfifoat(rustix::fs::CWD, home.path("source/fifo"), 0o600.into()).unwrap();
    fs::remove_file(home.path("source/0")).unwrap();
    home.write("source/1", b"other bytes");
    home.until("what became of it", || {
        sum(&series(&home), "sync_errors_total") > 0.0 && !home.path("copy/0").exists()
    });

    // Nobody hears of the runs and the log any more.
    let answered = series(&home);
    server.stop();
    let more = home.run(&["trigger", "files", "--wait"]);
    assert_eq!(more.status.code(), Some(6), "the fifo is still there");
    home.until("failed uploads", || {
        let now = series(&home);
        sum(&now, "log_upload_errors_total") > 0.0
            && sum(&now, "pocketbase_connection_errors_total") > 0.0
            && sum(&now, "log_buffer_size") > 0.0
    });
    home.until("time", || {
        sum(&series(&home), "daemon_uptime_seconds") > sum(&before, "daemon_uptime_seconds")
    });

    // Over the last 15 seconds, of which there have to be so many first.
    home.until("processor time", || {
        sum(&series(&home), "daemon_cpu_usage_percent") > 0.0
    });

    let after = series(&home);
    for name in SIXTEEN {
        let moved = match name {
            // Seen above.
            "active_sync_jobs" | "daemon_cpu_usage_percent" => true,
            "file_watchers_active" => sum(&after, name) == 1.0,
            "log_buffer_size" => sum(&after, name) > 0.0,
            "daemon_memory_usage_bytes" => is_memory(&home, sum(&after, name)),
            _ => sum(&after, name) > sum(&before, name),
        };
        assert!(
            moved,
            "{name}: {} → {}",
            sum(&before, name),
            sum(&after, name)
        );
    }
    assert!(sum(&answered, "pocketbase_requests_total") > 0.0);
    labels(&after);
}

/// The labels are those that monitors ask for.
fn labels(series: &BTreeMap<String, f64>) {
    for wanted in [
        r#"sync_operations_total{job_id="files",status="partial",trigger_source="file_watcher"}"#,
        r#"sync_operations_total{job_id="files",status="success",trigger_source="manual"}"#,
        r#"sync_files_processed_total{job_id="files",operation="copied"}"#,
        r#"sync_files_processed_total{job_id="files",operation="updated"}"#,
        r#"sync_files_processed_total{job_id="files",operation="deleted"}"#,
        r#"sync_bytes_transferred_total{job_id="files",direction="source_to_destination"}"#,
        r#"sync_errors_total{job_id="files",error_type="special_file"}"#,
    ] {
        let value = series.get(wanted).copied().unwrap_or_default();
        assert!(value > 0.0, "{wanted} is {value}");
    }
}

/// Metric 7 was 1,024 times too large.
fn is_memory(home: &SyncHome, told: f64) -> bool {
    let pid = home.status()["pid"].clone();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    // The pid is the supervisor's, which is smaller than the worker, but not by much.
    resident.is_some_and(|kib| told > kib * 256.0 && told < kib * 1024.0 * 50.0)
}

/// `promtool` finds nothing wrong but with names that monitors know for years.
#[test]
fn promtool_is_content() {
    let home = SyncHome::new(
        "[[sync_jobs]]\nid = \"files\"\nsource_path = \"@/source\"\ndestination_path = \"@/copy\"\n\
         enabled = true\n[sync_jobs.schedule]\ntype = \"manual\"\n",
    );
    home.succeed(&["start"]);
    home.succeed(&["trigger", "files", "--wait"]);
    home.write("metrics", home.succeed(&["metrics"]));
    let page = fs::File::open(home.path("metrics")).unwrap();
    let judged = home
        .command("promtool")
        .args(["check", "metrics"])
        .stdin(page)
        .output()
        .unwrap();
    let words =
        String::from_utf8(judged.stderr).unwrap() + &String::from_utf8_lossy(&judged.stdout);
    let is_known = |line: &&str| SIXTEEN.iter().any(|name| line.starts_with(name));
    let new: Vec<_> = words.lines().filter(|line| !is_known(line)).collect();
    assert!(new.is_empty(), "{new:#?}");
}
