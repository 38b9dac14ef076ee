//! `[daemon]`, `[concurrency]`, `[cache]` and `[http]`.

use super::{address, mebibytes};
use crate::config::{Cache, Concurrency, Daemon, Http, finding::Findings, tree::Table};

pub(super) fn daemon(table: &Table) -> Daemon {
    let refresh = table.seconds("config_refresh_interval_secs");
    Daemon {
        pid_file: table.path("pid_file"),
        config_refresh_interval: (!refresh.is_zero()).then_some(refresh),
        auto_restart_on_config_change: table.bool("auto_restart_on_config_change"),
        shutdown_timeout: table.seconds("shutdown_timeout_secs"),
        health_check_interval: table.seconds("health_check_interval_secs"),
        run_as_user: table.text_or_none("run_as_user").map(str::to_owned),
        run_as_group: table.text_or_none("run_as_group").map(str::to_owned),
        working_directory: table.path_or_none("working_directory").map(Into::into),
        state_dir: table.path("state_dir"),
    }
}

pub(super) fn concurrency(table: &Table) -> Concurrency {
    Concurrency {
        max_concurrent_syncs: table.integer("max_concurrent_syncs"),
        max_file_operations: table.integer("max_file_operations"),
        sync_queue_size: table.integer("sync_queue_size"),
        channel_buffer_size: table.integer("channel_buffer_size"),
    }
}

pub(super) fn cache(table: &Table) -> Cache {
    Cache {
        cache_dir: table.path("cache_dir"),
        config_cache_ttl: table.seconds("config_cache_ttl_secs"),
        file_metadata_cache_ttl: table.seconds("file_metadata_cache_ttl_secs"),
        enable_persistent_cache: table.bool("enable_persistent_cache"),
        max_cache_size: mebibytes(table, "max_cache_size_mb"),
        cleanup_interval: table.seconds("cache_cleanup_interval_secs"),
    }
}

pub(super) fn http(table: &Table, findings: &mut Findings) -> Option<Http> {
    let bind_address = address(table, findings)?;
    if !bind_address.is_loopback() {
        let message = format!("`bind_address`: {bind_address} is reachable from other machines");
        findings
            .error(table.origin("bind_address"), message)
            .help("the API is for this machine alone: 127.0.0.1 or ::1");
        return None;
    }
    Some(Http {
        bind_address,
        port: table.integer("port"),
        token_file: table.path("token_file"),
    })
}
