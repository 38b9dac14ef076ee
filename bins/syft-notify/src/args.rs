//! The command line.

mod after_help;
mod set_up;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use set_up::{DemoArgs, InitArgs};

/// Mails data owners and data scientists about SyftBox jobs and peers, exactly once.
#[derive(Debug, Parser)]
#[command(name = "syft-notify", version, after_help = after_help::PROGRAM, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Also log details; twice for even more.
    #[arg(short, long, action = clap::ArgAction::Count, global = true, help_heading = "Global options")]
    pub(crate) verbose: u8,

    /// Do not use colours; NO_COLOR does the same.
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) no_color: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set up: account, SyftBox, tokens, config file.
    Init(Box<InitArgs>),
    /// Watch in the background, also when this terminal is closed.
    #[command(after_help = after_help::START)]
    Start(WatchArgs),
    /// Stop watching, wherever it was started.
    #[command(after_help = after_help::STOP)]
    Stop(StopArgs),
    /// Stop and start again, with the options of before unless others are given.
    #[command(after_help = after_help::START)]
    Restart(WatchArgs),
    /// Read the config file again, without a stop.
    #[command(after_help = after_help::RELOAD)]
    Reload(ConfigArg),
    /// Watch over the worker of a background start.
    #[command(hide = true)]
    Supervise(WatchArgs),
    /// Show the log, or follow it.
    Logs(LogsArgs),
    /// Watch in the foreground, until Ctrl+C.
    #[command(after_help = after_help::RUN)]
    Run(RunArgs),
    /// Show whether it runs, what it did last, what waits, and what it costs.
    #[command(after_help = after_help::STATUS)]
    Status(DataArgs),
    /// Check everything that watching needs, and say what to do about each fault.
    #[command(after_help = after_help::DOCTOR)]
    Doctor(DoctorArgs),
    /// Show the mails that wait or were given up; send them again or drop them.
    Queue {
        #[command(subcommand)]
        command: QueueCommand,
    },
    /// Make this a service of the machine: systemd, launchd or Windows.
    Service {
        #[command(subcommand)]
        command: ServiceCommand,
    },
    /// Mail a data scientist that you have accepted them as a peer.
    NotifyGranted(GrantedArgs),
    /// Show, reset or restore the record of what was mailed.
    State {
        #[command(subcommand)]
        command: StateCommand,
    },
    /// Send yourself a mail, to see that sending works.
    TestEmail(DataArgs),
    /// Check or show the config file.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Play a whole day with a built-in Google, and leave the mails in a folder.
    Demo(DemoArgs),
    /// Print a completion script for your shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (troff): syft-notify man | man -l -
    Man {
        /// The command whose page is wanted, as `run` or `state reset`.
        command: Vec<String>,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigArg {
    /// The config file [default: ~/.syft-creds/daemon.yaml].
    #[arg(short, long, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArg,

    /// Print JSON, for scripts.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How to watch.
#[derive(Clone, Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArg,

    /// Seconds between two looks [default: `interval` of the config].
    #[arg(short, long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=2_592_000))]
    pub(crate) interval: Option<u64>,

    /// Watch jobs only.
    #[arg(long)]
    pub(crate) jobs_only: bool,

    /// Watch peers only.
    #[arg(long)]
    pub(crate) peers_only: bool,

    /// At the first look, mail about what is there already, too.
    #[arg(long)]
    pub(crate) notify_existing: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArg,

    /// Seconds to wait before it is ended by force.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub(crate) timeout: u64,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArg,

    /// How many lines to show at first.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub(crate) lines: usize,

    /// Go on with what is logged from now on, until Ctrl+C.
    #[arg(short, long)]
    pub(crate) follow: bool,

    /// Only errors, from the error log.
    #[arg(long)]
    pub(crate) errors: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,

    /// Check only this machine, not Google.
    #[arg(long)]
    pub(crate) offline: bool,

    /// Close files to others and remove a stale pid file, after a yes.
    #[arg(long)]
    pub(crate) fix: bool,

    /// With --fix, do not ask.
    #[arg(short, long, requires = "fix")]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Show the mails that wait and those that were given up.
    List(DataArgs),
    /// Send given-up mails again at the next look.
    Retry(NoticeArgs),
    /// Take mails that wait or were given up off the record; they are never sent.
    Drop(NoticeArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Install the service, start it now and at every boot.
    Install(ServiceArgs),
    /// Stop the service and remove its files.
    Uninstall(ServiceArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServiceKind {
    Systemd,
    Launchd,
    Windows,
}

#[derive(Debug, Args)]
pub(crate) struct ServiceArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArg,

    /// For this user alone, without the rights of an administrator.
    #[arg(long)]
    pub(crate) user: bool,

    /// Print what would be installed, and change nothing.
    #[arg(long)]
    pub(crate) print: bool,

    /// For this kind of service [default: that of this machine].
    #[arg(long = "for", value_name = "KIND")]
    pub(crate) kind: Option<ServiceKind>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) watch: WatchArgs,

    /// Look once, mail what is due, and end.
    #[arg(long, conflicts_with = "log_file")]
    pub(crate) once: bool,

    /// Also write the log to files that rotate [default PATH: that of `syft-notify logs`].
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true)]
    pub(crate) log_file: Option<Option<PathBuf>>,

    /// Started by a supervisor, to which standard input leads.
    #[arg(long, hide = true)]
    pub(crate) supervised: bool,

    /// Print each look as a line of JSON, for scripts.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GrantedArgs {
    /// The data scientist.
    pub(crate) email: String,

    #[command(flatten)]
    pub(crate) data: DataArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Show what was mailed, what waits and what was given up.
    Show(DataArgs),
    /// Forget what was mailed, so that it is mailed again.
    Reset(ResetArgs),
    /// Put back the last intact copy of a damaged file.
    Restore(ConfirmArgs),
}

#[derive(Debug, Args)]
pub(crate) struct NoticeArgs {
    /// The mails, by their names in `syft-notify queue list`.
    #[arg(
        value_name = "NAME",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub(crate) names: Vec<String>,

    /// All that were given up.
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) confirm: ConfirmArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ResetWhat {
    /// Everything about peers.
    #[arg(long)]
    pub(crate) peers: bool,
    /// Everything about jobs.
    #[arg(long)]
    pub(crate) jobs: bool,
    /// Everything about one job or peer, by its key in the file.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ResetArgs {
    #[command(flatten)]
    pub(crate) what: ResetWhat,

    #[command(flatten)]
    pub(crate) confirm: ConfirmArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ConfirmArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArg,

    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the file and the files it names.
    Validate(DataArgs),
    /// Show every key with the value in force and where it comes from.
    Show(DataArgs),
}

pub(crate) fn parse() -> Cli {
    Cli::parse()
}
