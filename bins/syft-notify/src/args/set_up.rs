//! The options of `init` and `demo`, with which everything begins.

use std::path::PathBuf;

use clap::Args;

use super::ConfigArg;

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArg,

    /// The data owner's e-mail address.
    #[arg(short, long)]
    pub(crate) email: Option<String>,

    /// The SyftBox directory [default: ~/SyftBox_{email}].
    #[arg(short = 'r', long, value_name = "DIR")]
    pub(crate) syftbox_root: Option<String>,

    /// Use a shared directory instead of Google: no account is needed.
    #[arg(long, value_name = "DIR")]
    pub(crate) local: Option<PathBuf>,

    /// The OAuth client, as downloaded from Google's console.
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,

    /// Log in by pasting: for servers over SSH.
    #[arg(long)]
    pub(crate) paste: bool,

    /// Print the link instead of opening a browser.
    #[arg(long)]
    pub(crate) no_browser: bool,

    /// Ask only for the right to send (`gmail.send`): a mail whose sending is interrupted is
    /// then reported instead of safely repeated.
    #[arg(long)]
    pub(crate) send_only: bool,

    /// Use this Drive token instead of logging in.
    #[arg(long, value_name = "FILE")]
    pub(crate) drive_token: Option<PathBuf>,

    /// Use this Gmail token instead of logging in.
    #[arg(long, value_name = "FILE")]
    pub(crate) gmail_token: Option<PathBuf>,

    /// Take over the config of an earlier program, as ~/.syft-bg/config.yaml.
    #[arg(long, value_name = "FILE")]
    pub(crate) import: Option<PathBuf>,

    /// Seconds between two looks.
    #[arg(short, long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=2_592_000))]
    pub(crate) interval: Option<u64>,

    /// Another server that speaks Google's protocols, as a running syft-emulator.
    #[arg(long, value_name = "URL")]
    pub(crate) google_endpoint: Option<String>,

    /// Replace files that exist, and never ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the mails go [default: ./syft-notify-demo].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Print JSON, for scripts.
    #[arg(long)]
    pub(crate) json: bool,

    /// Keep the built-in Google running afterwards, to look at its mailboxes in a browser.
    #[arg(long)]
    pub(crate) keep: bool,
}
