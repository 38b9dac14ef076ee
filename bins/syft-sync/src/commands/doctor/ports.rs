//! Whether the metrics' port is free for us.

use std::net::SocketAddr;

use syft_daemon::http;
use syft_terminal::finding::Finding;

use crate::{config::Config, exit::chain};

const TOPIC: &str = "metrics";

pub(super) async fn findings(config: &Config, is_running: bool) -> Vec<Finding> {
    let metrics = &config.telemetry.metrics;
    if !metrics.enabled || metrics.port == 0 || is_running {
        return Vec::new();
    }
    let address = SocketAddr::new(metrics.bind_address, metrics.port);
    vec![match http::bind(address).await {
        Ok(_) => Finding::ok(TOPIC, format!("{address} is free")),
        Err(error) => Finding::problem(TOPIC, chain(&error))
            .because("nothing starts without its metrics")
            .mend("set `port` in [telemetry.metrics], or --metrics-port 0"),
    }]
}
