//! Looks again and again without a pause, and tells what that does to the process:
//! `looks CONFIG LOOKS EVERY`.
//!
//! After every `EVERY` looks it prints a line of JSON: looks, resident and proportional memory in
//! bytes, open descriptors, threads, looks with trouble, mails sent. It is the monitor of
//! `syft-notify run` with the config's own settings, save that nothing waits: neither between two
//! looks nor before a repetition. Tests and measurements only.

use std::{io::Write as _, path::Path, sync::Arc, time::Duration};

use serde_json::json;
use syft_monitor::{
    NotificationMonitor, RetryPolicy, Round,
    config::{Config, Locations},
    connect,
};
use syft_transport::{
    google::{Gmail, GoogleDrive, Tokens},
    http::{self, Budget, Client, Proxies, Retry},
};

const FIRST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(4);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, looks, every] = arguments.as_slice() else {
        return Err("usage: looks CONFIG LOOKS EVERY".into());
    };
    let (looks, every): (u64, u64) = (looks.parse()?, every.parse()?);
    let mut monitor = monitor(Path::new(config)).await?;
    let (mut trouble, mut sent) = (0, 0);
    for look in 1..=looks {
        let round = monitor.run_once().await?;
        trouble += u64::from(!round.trouble.is_empty());
        sent += round.sent.len();
        if look % every == 0 {
            report(look, trouble, sent, &round)?;
        }
    }
    Ok(())
}

async fn monitor(config: &Path) -> Result<NotificationMonitor, Box<dyn std::error::Error>> {
    let directory = config.parent().unwrap_or(Path::new("/")).to_owned();
    let locations = Locations {
        home: directory.clone(),
        creds_dir: directory,
    };
    let config = Config::load(config, &locations)?;
    let client = client()?;
    let endpoints = connect::endpoints(config.google_endpoint.as_deref());
    let drive = config.drive_token_path.as_deref().ok_or("no Drive token")?;
    let drive = GoogleDrive::new(&Tokens::open(&client, &endpoints, drive)?, UNLIMITED);
    let gmail = Tokens::open(&client, &endpoints, &config.gmail_token_path)?;
    let gmail = Gmail::connect(&gmail, UNLIMITED).await?;
    let (ledger, root) = (&config.state_path, &config.syftbox_root);
    let monitor = NotificationMonitor::builder(config.do_email, root, ledger, Arc::new(gmail))
        .drive(Arc::new(drive))
        .reconcile_every(config.reconcile_interval)
        .retry(RetryPolicy {
            first_wait: FIRST_WAIT,
            longest_wait: LONGEST_WAIT,
            ..RetryPolicy::default()
        })
        .build();
    Ok(monitor)
}

/// More than any measurement spends.
const UNLIMITED: Budget = Budget {
    units_per_minute: u32::MAX,
    units_per_day: None,
};

fn client() -> syft_transport::Result<Client> {
    Client::new(http::Options {
        proxies: Proxies::Never,
        retry: Retry {
            first_wait: FIRST_WAIT,
            longest_wait: LONGEST_WAIT,
            ..Retry::default()
        },
        ..http::Options::default()
    })
}

fn report(look: u64, trouble: u64, sent: usize, round: &Round) -> std::io::Result<()> {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let size = |name: &str| {
        let line = rollup.lines().find(|line| line.starts_with(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024)
    };
    let count = |directory| std::fs::read_dir(directory).map(Iterator::count);
    let line = json!({
        "looks": look,
        "rss": size("Rss:"),
        "pss": size("Pss:"),
        "descriptors": count("/proc/self/fd")?,
        "threads": count("/proc/self/task")?,
        "trouble": trouble,
        "sent": sent,
        "waiting": round.waiting,
        "dead": round.dead,
    });
    writeln!(std::io::stdout(), "{line}")
}
