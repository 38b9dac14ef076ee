use chrono::{DateTime, Utc};
use syft_jobs::{
    JobId, Report, RunRecord, Status,
    mirror::{Counts, ErrorKind, FileError},
    queue::Cause,
    service::{JobState, Watch, WatcherState},
};
use syft_transport::pocketbase::Call;
use tracing::Level;

use super::*;

fn metrics() -> Metrics {
    let options = Options {
        buckets: vec![0.5, 1.0, 2.5, 3600.0],
        collection_interval: Duration::ZERO,
        has_process: true,
    };
    Metrics::new(&options, "1.2.3", Instant::now())
}

fn job() -> JobId {
    "documents".parse().unwrap()
}

fn at() -> DateTime<Utc> {
    "2026-02-03T04:05:06Z".parse().unwrap()
}

fn report() -> Report {
    let mut report = Report {
        status: Status::Partial,
        counts: Counts {
            copied: 1,
            updated: 2,
            deleted: 3,
            skipped: 4,
            created_dirs: 5,
            conflicts: 6,
            failed: 0,
        },
        bytes: 700,
        bytes_back: 80,
        ..Report::default()
    };
    for kind in [ErrorKind::NoSpace, ErrorKind::NoSpace, ErrorKind::Io] {
        report.fail(FileError {
            path: "x".into(),
            kind,
            message: String::new(),
        });
    }
    report
}

fn finished(report: &Report, metrics: &Metrics) {
    metrics.jobs.finished(&Finished {
        run_id: "run1",
        job: &job(),
        cause: Cause::FileWatcher,
        took: Duration::from_millis(1500),
        at: at(),
        report,
    });
}

/// Returns the value of a series, in the form of the text format.
fn value(page: &str, series: &str) -> Option<f64> {
    page.lines().find_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        (name == series).then(|| value.parse().unwrap())
    })
}

/// Reads a series before and after something happens.
#[track_caller]
fn check(series: &str, before: Option<f64>, act: impl FnOnce(&Metrics), after: f64) {
    let metrics = metrics();
    metrics.configured(&[job()]);
    assert_eq!(value(&metrics.classic(), series), before, "{series} before");
    act(&metrics);
    assert_eq!(
        value(&metrics.classic(), series),
        Some(after),
        "{series} after"
    );
}

#[test]
fn g9_each_metric_of_runs_moves() {
    let run = |metrics: &Metrics| finished(&report(), metrics);
    let name = "job_id=\"documents\"";
    check(
        &format!(
            "sync_operations_total{{{name},status=\"partial\",trigger_source=\"file_watcher\"}}"
        ),
        Some(0.0),
        run,
        1.0,
    );
    let duration = "sync_operations_duration_seconds";
    let partial = format!("{name},status=\"partial\"");
    check(&format!("{duration}_sum{{{partial}}}"), None, run, 1.5);
    check(&format!("{duration}_count{{{partial}}}"), None, run, 1.0);
    for (bound, count) in [("1.0", 0.0), ("2.5", 1.0), ("3600.0", 1.0), ("+Inf", 1.0)] {
        let bucket = format!("{duration}_bucket{{le=\"{bound}\",{partial}}}");
        check(&bucket, None, run, count);
    }
    for (operation, number) in [
        ("copied", 1.0),
        ("updated", 2.0),
        ("deleted", 3.0),
        ("skipped", 4.0),
        ("created_dir", 5.0),
        ("conflict", 6.0),
    ] {
        let series = format!("sync_files_processed_total{{{name},operation=\"{operation}\"}}");
        check(&series, Some(0.0), run, number);
    }
    for (direction, bytes) in [
        ("source_to_destination", 700.0),
        ("destination_to_source", 80.0),
    ] {
        let series = format!("sync_bytes_transferred_total{{{name},direction=\"{direction}\"}}");
        check(&series, Some(0.0), run, bytes);
    }
    for (kind, number) in [("no_space", 2.0), ("io", 1.0)] {
        let series = format!("sync_errors_total{{{name},error_type=\"{kind}\"}}");
        check(&series, Some(0.0), run, number);
    }
    check(
        "active_sync_jobs",
        Some(0.0),
        |metrics| metrics.jobs.started("run1"),
        1.0,
    );
    let whole = |metrics: &Metrics| {
        metrics.jobs.started("run1");
        run(metrics);
    };
    check("active_sync_jobs", Some(0.0), whole, 0.0);
}

#[test]
fn g9_each_metric_of_the_daemon_moves() {
    let metrics = metrics();
    let read = |series: &str| value(&metrics.classic(), series).unwrap();
    assert!(read("daemon_uptime_seconds") < 60.0);
    let memory = read("daemon_memory_usage_bytes");
    // Bytes, neither kilobytes nor 1024 times too many.
    assert!((1e6..1e10).contains(&memory), "{memory}");
    let block = std::hint::black_box(vec![1_u8; 64 * 1024 * 1024]);
    assert!(read("daemon_memory_usage_bytes") > memory + 3e7);
    drop(block);
    let begin = Instant::now();
    let busy = std::iter::repeat_with(|| read("daemon_cpu_usage_percent"));
    // The system counts processor time in hundredths of a second.
    let mut loads = busy.take_while(|_| begin.elapsed() < Duration::from_secs(10));
    assert!(loads.any(|load| load > 0.0));
    let see = |metrics: &Metrics| metrics.seen(&snapshot());
    check("file_watchers_active", Some(0.0), see, 2.0);
}

fn snapshot() -> Snapshot {
    let watcher = |state| WatcherState {
        id: job(),
        name: String::new(),
        path: String::new(),
        job: job(),
        state,
        why: None,
        since: at(),
        triggers: 0,
    };
    Snapshot {
        is_paused: true,
        queue_length: 4,
        running: 0,
        jobs: vec![JobState {
            id: job(),
            name: String::new(),
            enabled: true,
            schedule: String::new(),
            next_due: Some(at()),
            last_run: Some(RunRecord {
                run_id: "run0".to_owned(),
                job: job(),
                trigger: Cause::Schedule,
                started: at().into(),
                finished: at().into(),
                report: Report::default(),
            }),
            running: None,
            waiting: Vec::new(),
        }],
        watchers: vec![
            watcher(Watch::Armed),
            watcher(Watch::Polling),
            watcher(Watch::Lost),
            watcher(Watch::Off),
        ],
    }
}

#[test]
fn our_own_metrics_tell_how_it_is_with_the_service() {
    let at = at().timestamp() as f64;
    for (series, after) in [
        ("syft_sync_paused", 1.0),
        ("syft_sync_queue_length", 4.0),
        ("syft_sync_file_watchers{state=\"lost\"}", 1.0),
        ("syft_sync_file_watchers{state=\"off\"}", 1.0),
        (
            "syft_sync_job_next_run_timestamp_seconds{job_id=\"documents\"}",
            at,
        ),
        (
            "syft_sync_job_last_run_timestamp_seconds{job_id=\"documents\"}",
            at,
        ),
        (
            "syft_sync_job_last_success_timestamp_seconds{job_id=\"documents\"}",
            at,
        ),
    ] {
        check(
            series,
            Some(0.0),
            |metrics| metrics.seen(&snapshot()),
            after,
        );
    }
    let held = Report::of_failure(Status::Failed, "no source").because_of(ErrorKind::Guard);
    let series = "syft_sync_job_held{job_id=\"documents\"}";
    check(series, Some(0.0), |metrics| finished(&held, metrics), 1.0);
    check(
        "syft_sync_restarts_total",
        Some(0.0),
        |metrics| metrics.state.restarts(2),
        2.0,
    );
    let refuse = |metrics: &Metrics| metrics.state.reloaded(Reload::Refused, self::at());
    let series = "syft_sync_config_reloads_total{result=\"refused\"}";
    check(series, Some(0.0), refuse, 1.0);
}

#[test]
fn g9_each_metric_of_pocketbase_and_of_logs_moves() {
    let second = Duration::from_secs(1);
    let labels = "method=\"POST\",status=\"204\"";
    let call = |method, status: Option<u16>| Call {
        method,
        status,
        took: second,
        connection_error: status.is_none(),
    };
    let ask = |metrics: &Metrics| metrics.observer().call(&call("POST", Some(204)));
    let requests = "pocketbase_requests_total";
    check(&format!("{requests}{{{labels}}}"), None, ask, 1.0);
    let sum = format!("pocketbase_request_duration_seconds_sum{{{labels}}}");
    check(&sum, None, ask, 1.0);
    let fail = |metrics: &Metrics| metrics.observer().call(&call("GET", None));
    let failed = format!("{requests}{{method=\"GET\",status=\"error\"}}");
    check(&failed, None, fail, 1.0);
    check("pocketbase_connection_errors_total", Some(0.0), fail, 1.0);
    check(
        "log_entries_total{level=\"WARN\",target=\"syft_sync\"}",
        Some(0.0),
        |metrics| metrics.logs.logged(Level::WARN, "syft_sync"),
        1.0,
    );
    check(
        "log_upload_errors_total",
        Some(0.0),
        |metrics| metrics.logs.upload_failed(),
        1.0,
    );
    check(
        "log_buffer_size",
        Some(0.0),
        |metrics| metrics.logs.buffered(7),
        7.0,
    );
}

#[test]
fn g9_the_sixteen_have_their_names_types_and_nothing_twice() {
    let metrics = metrics();
    metrics.configured(&[job()]);
    let page = metrics.classic();
    for (name, kind) in [
        ("sync_operations_total", "counter"),
        ("sync_operations_duration_seconds", "histogram"),
        ("sync_files_processed_total", "counter"),
        ("sync_bytes_transferred_total", "counter"),
        ("sync_errors_total", "counter"),
        ("daemon_uptime_seconds", "gauge"),
        ("daemon_memory_usage_bytes", "gauge"),
        ("daemon_cpu_usage_percent", "gauge"),
        ("active_sync_jobs", "gauge"),
        ("file_watchers_active", "gauge"),
        ("pocketbase_requests_total", "counter"),
        ("pocketbase_request_duration_seconds", "histogram"),
        ("pocketbase_connection_errors_total", "counter"),
        ("log_entries_total", "counter"),
        ("log_upload_errors_total", "counter"),
        ("log_buffer_size", "gauge"),
    ] {
        let line = format!("# TYPE {name} {kind}");
        assert_eq!(page.lines().filter(|l| **l == line).count(), 1, "{line}");
        let has_series = page.lines().any(|line| {
            let end = line.find(['{', ' ']).unwrap_or(0);
            let base = line[..end].trim_end_matches("_bucket");
            base == name
        });
        assert!(has_series, "{name} has no series at the start");
    }
    let series: Vec<_> = page
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .collect();
    let names: HashSet<_> = series.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), series.len());
    assert!(page.contains("syft_sync_build_info{version=\"1.2.3\"} 1"));
    assert!(page.contains("process_resident_memory_bytes"));
}

#[test]
fn what_would_be_done_is_not_counted_as_done() {
    let report = Report {
        dry_run: true,
        status: Status::Success,
        failures: [].into(),
        ..report()
    };
    let metrics = metrics();
    metrics.configured(&[job()]);
    finished(&report, &metrics);
    let page = metrics.classic();
    let zero = |series: &str| assert_eq!(value(&page, series), Some(0.0), "{series}");
    zero("sync_files_processed_total{job_id=\"documents\",operation=\"copied\"}");
    zero("sync_bytes_transferred_total{job_id=\"documents\",direction=\"source_to_destination\"}");
    zero("syft_sync_job_last_success_timestamp_seconds{job_id=\"documents\"}");
    let runs = "sync_operations_total{job_id=\"documents\",status=\"success\",trigger_source=\"file_watcher\"}";
    assert_eq!(value(&page, runs), Some(1.0));
}

#[test]
fn the_buckets_may_be_chosen() {
    let options = Options {
        buckets: vec![1.0, 60.0],
        collection_interval: Duration::from_secs(15),
        has_process: false,
    };
    let metrics = Metrics::new(&options, "1", Instant::now());
    metrics.configured(&[job()]);
    let page = metrics.classic();
    let bounds = |name: &str| {
        let start = format!("{name}_bucket{{");
        page.lines().filter(|line| line.starts_with(&start)).count()
    };
    assert_eq!(bounds("sync_operations_duration_seconds"), 3);
    assert_eq!(
        bounds("pocketbase_request_duration_seconds"),
        SHORT.len() + 1
    );
    assert!(!page.contains("process_resident_memory_bytes"));
}

#[test]
fn a_job_that_is_gone_has_no_state() {
    let metrics = metrics();
    metrics.configured(&[job()]);
    finished(&report(), &metrics);
    metrics.configured(&[]);
    let page = metrics.classic();
    assert!(!page.contains("syft_sync_job_last_run_timestamp_seconds{"));
    assert!(page.contains("sync_operations_total{job_id=\"documents\""));
}
