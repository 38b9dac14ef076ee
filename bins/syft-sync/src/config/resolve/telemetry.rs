//! `[telemetry]`.

use std::time::Duration;

use super::{address, mebibytes};
use crate::config::{
    Frequency, LogLevel, Metrics, Rotation, Shipping, Telemetry, finding::Findings, tree::Table,
};

pub(super) fn resolve(table: &Table, findings: &mut Findings) -> Option<Telemetry> {
    let rotation = rotation(table.table("log_rotation"), findings);
    let shipping = shipping(table.table("pocketbase_logging"), findings);
    let metrics = metrics(table.table("metrics"), findings);
    Some(Telemetry {
        log_level: LogLevel::parse(table.text("log_level")).expect("the schema lists the levels"),
        log_directives: None,
        json_logging: table.bool("json_logging"),
        console_logging: table.bool("console_logging"),
        log_file_path: table.path("log_file_path"),
        rotation: rotation?,
        pocketbase_logging: shipping?,
        metrics: metrics?,
    })
}

fn rotation(table: &Table, findings: &mut Findings) -> Option<Rotation> {
    let text = table.text("rotation_time");
    let Some(time) = time_of_day(text) else {
        let message = format!("`rotation_time`: {text:?} is no time of day, as 00:00 or 23:30");
        findings.error(table.origin("rotation_time"), message);
        return None;
    };
    Some(Rotation {
        enabled: table.bool("enabled"),
        frequency: match table.text("frequency") {
            "hourly" => Frequency::Hourly,
            "weekly" => Frequency::Weekly,
            "never" => Frequency::Never,
            _ => Frequency::Daily,
        },
        keep_files: table.integer("keep_files"),
        max_size: mebibytes(table, "max_size_mb"),
        compress: table.bool("compress_rotated"),
        time,
    })
}

/// Reads `HH:MM`.
fn time_of_day(text: &str) -> Option<Duration> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, end: u64| {
        let is_short = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let number = is_short.then(|| text.parse::<u64>().ok()).flatten()?;
        (number < end).then_some(number)
    };
    let minutes = number(hours, 24)? * 60 + number(minutes, 60)?;
    Some(Duration::from_secs(minutes * 60))
}

fn shipping(table: &Table, findings: &mut Findings) -> Option<Shipping> {
    Some(Shipping {
        enabled: table.bool("enabled"),
        collection: super::pocketbase::collection(table, "collection", findings)?,
        batch_size: table.integer("batch_size"),
        flush_interval: table.seconds("flush_interval_secs"),
        max_retries: table.integer("max_retries"),
        buffer_size: table.integer("buffer_size"),
        include_sensitive_data: table.bool("include_sensitive_data"),
    })
}

fn metrics(table: &Table, findings: &mut Findings) -> Option<Metrics> {
    let bind_address = address(table, findings);
    let endpoint_path = table.text("endpoint_path");
    let is_path = endpoint_path.starts_with('/')
        && endpoint_path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"?#{}*%\\".contains(&byte));
    if !is_path {
        let message = format!("`endpoint_path`: {endpoint_path:?} is no path, as /metrics");
        findings.error(table.origin("endpoint_path"), message);
    }
    let histogram_buckets = table.numbers("histogram_buckets");
    let is_ascending = histogram_buckets
        .iter()
        .all(|bound| bound.is_finite() && *bound > 0.0)
        && histogram_buckets.is_sorted_by(|a, b| a < b);
    if !is_ascending || histogram_buckets.is_empty() {
        let message = "`histogram_buckets`: expected bounds above 0 that ascend";
        findings.error(table.origin("histogram_buckets"), message);
        return None;
    }
    is_path.then_some(())?;
    Some(Metrics {
        enabled: table.bool("enabled"),
        bind_address: bind_address?,
        port: table.integer("port"),
        collection_interval: table.seconds("collection_interval_secs"),
        endpoint_path: endpoint_path.to_owned(),
        enable_process_metrics: table.bool("enable_process_metrics"),
        histogram_buckets,
    })
}
