//! The command line.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

/// Keeps folders in step: scheduled sync jobs, triggered by time, by files or by hand.
#[derive(Debug, Parser)]
#[command(name = "syft-sync", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) global: Global,
}

/// What every command takes, before or after its name.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The config file [default: $SYNC_DAEMON_CONFIG, ~/.config/syft-sync/config.toml,
    /// /etc/syft-sync/config.toml or /etc/sync-daemon.toml].
    #[arg(
        short,
        long,
        value_name = "PATH",
        global = true,
        visible_alias = "config-path"
    )]
    pub(crate) config: Option<PathBuf>,

    /// How much is logged.
    #[arg(short, long, value_name = "LEVEL", global = true)]
    pub(crate) log_level: Option<LogLevel>,

    /// Stay in the foreground, for `start` and `restart`.
    #[arg(short, long, global = true)]
    pub(crate) foreground: bool,

    /// Print JSON, for scripts.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Do not use colours; NO_COLOR does the same.
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the jobs in the background, also when this terminal is closed.
    Start(StartArgs),
    /// Run the jobs in the foreground, until Ctrl+C.
    Run(StartArgs),
    /// Watch over the worker of a background start.
    #[command(hide = true)]
    Supervise(StartArgs),
    /// Run the jobs, as the worker of a background start.
    #[command(hide = true)]
    Work(StartArgs),
    /// Stop the daemon; the files at hand are finished.
    Stop(StopArgs),
    /// Stop and start again, with the options of before unless others are given.
    Restart(StartArgs),
    /// Read the config again, without a stop.
    Reload,
    /// Show whether it runs, its jobs, their last runs and when they are due.
    Status(StatusArgs),
    /// Show the log, or follow it.
    Logs(LogsArgs),
    /// Show the jobs; enable or disable one.
    Jobs {
        #[command(subcommand)]
        command: Option<JobsCommand>,
    },
    /// Run a job now.
    Trigger(TriggerArgs),
    /// Show what a run of a job would do, and change nothing.
    Plan(PlanArgs),
    /// Show what runs did.
    Runs(RunsArgs),
    /// Say what becomes of a path, and why.
    Explain {
        /// A path in the source or the destination of a job.
        path: PathBuf,
    },
    /// Check everything that the jobs need, and say what to do about each fault.
    Doctor(DoctorArgs),
    /// Print the metrics of the daemon.
    Metrics,
    /// Check, show or make a config file.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Set up and use PocketBase.
    Pb {
        #[command(subcommand)]
        command: PbCommand,
    },
    /// Make this a service of the machine: systemd, launchd or Windows.
    Install(InstallArgs),
    /// Stop the service and remove its files.
    Uninstall(UninstallArgs),
    /// Print a completion script for your shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (troff): syft-sync man | man -l -
    Man {
        /// The command whose page is wanted, as `start` or `config show`.
        command: Vec<String>,
    },
}

/// What `start` takes besides the config.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct StartArgs {
    /// The PocketBase to take jobs from and report runs to.
    #[arg(long, value_name = "URL")]
    pub(crate) pocketbase_url: Option<String>,

    /// The account there.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) admin_email: Option<String>,

    /// Its password; others can see it in the list of processes, so better use a file.
    #[arg(long, value_name = "PASSWORD", conflicts_with = "admin_password_file")]
    pub(crate) admin_password: Option<String>,

    /// A file with its password.
    #[arg(long, value_name = "PATH")]
    pub(crate) admin_password_file: Option<PathBuf>,

    /// Where the pid file is, beside which the daemon keeps its lock.
    #[arg(long, value_name = "PATH")]
    pub(crate) pid_file: Option<PathBuf>,

    /// The port of the metrics; 0 is any that is free.
    #[arg(long, value_name = "PORT")]
    pub(crate) metrics_port: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    /// Seconds to wait before it is ended by force [default: `shutdown_timeout_secs` and 5].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub(crate) timeout: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Show it again and again, until Ctrl+C.
    #[arg(short, long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// How many lines to show at first.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub(crate) lines: usize,

    /// Go on with what is logged from now on, until Ctrl+C.
    #[arg(long)]
    pub(crate) follow: bool,

    /// Only lines of this level and above.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<LogLevel>,

    /// Only lines about this job.
    #[arg(long, value_name = "ID")]
    pub(crate) job: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Show all jobs.
    List,
    /// Show one job with every option.
    Show {
        /// Its id.
        job: String,
    },
    /// Let a job run again.
    Enable {
        /// Its id.
        job: String,
    },
    /// Let a job no longer run.
    Disable {
        /// Its id.
        job: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TriggerArgs {
    /// The id of the job.
    pub(crate) job: String,

    /// Wait until the run is over, and end with its outcome.
    #[arg(short, long)]
    pub(crate) wait: bool,

    /// Change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Carry out what would be held, as many deletions.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The id of the job.
    pub(crate) job: String,
}

#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// Only runs of this job.
    pub(crate) job: Option<String>,

    /// How many to show, the latest first.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,

    /// Show the errors of each run, too.
    #[arg(long)]
    pub(crate) errors: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Check only this machine, not PocketBase.
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
pub(crate) enum ConfigCommand {
    /// Check the file and everything it names.
    Validate,
    /// Show every key with the value in force.
    Show {
        /// Also say where each value comes from.
        #[arg(long)]
        origin: bool,
        /// Show passwords in clear.
        #[arg(long)]
        secrets: bool,
    },
    /// Write a config file to begin with.
    Generate {
        /// Where to; standard output without it.
        #[arg(short, long, value_name = "PATH")]
        output: Option<PathBuf>,
        /// Write over a file that is there.
        #[arg(long)]
        force: bool,
    },
    /// Print the JSON Schema of the config, for editors.
    Schema,
    /// Turn the config of another program into ours.
    Import {
        /// `config.json` of sync-cli, `syft-watcher.json`, or an older TOML.
        file: PathBuf,
    },
    /// Write an older config file anew, with today's keys; comments stay.
    Migrate {
        /// Where to; standard output without it.
        #[arg(short, long, value_name = "PATH")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PbCommand {
    /// Make the collections that are missing.
    Init,
    /// Show whether it answers, which generation it is, who we are there, and what waits.
    Status,
    /// Put the jobs and watchers of the config file there.
    Push {
        /// Also remove those that are only there.
        #[arg(long)]
        prune: bool,
    },
    /// Print what is there as a config file.
    Pull {
        /// Where to; standard output without it.
        #[arg(short, long, value_name = "PATH")]
        output: Option<PathBuf>,
    },
    /// Show the logs that were uploaded.
    Logs {
        /// How many lines.
        #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
        lines: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServiceKind {
    Systemd,
    Launchd,
    Windows,
}

#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// The name of the service.
    #[arg(long, value_name = "NAME", default_value = "sync-daemon")]
    pub(crate) service_name: String,

    /// What it is, for those who list services.
    #[arg(long, value_name = "TEXT", default_value = "Sync Daemon Service")]
    pub(crate) description: String,

    /// For this user alone, without the rights of an administrator.
    #[arg(long)]
    pub(crate) user: bool,

    /// The account whose rights a service of the machine has.
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    pub(crate) run_as: Option<String>,

    /// Print what would be installed, and change nothing.
    #[arg(long, visible_alias = "dry-run", action = ArgAction::SetTrue)]
    pub(crate) print: bool,

    /// For this kind of service [default: that of this machine].
    #[arg(long = "for", value_name = "KIND")]
    pub(crate) kind: Option<ServiceKind>,
}

#[derive(Debug, Args)]
pub(crate) struct UninstallArgs {
    /// The name of the service.
    #[arg(long, value_name = "NAME", default_value = "sync-daemon")]
    pub(crate) service_name: String,

    /// This user's own one.
    #[arg(long)]
    pub(crate) user: bool,

    /// Print what would be removed, and change nothing.
    #[arg(long, visible_alias = "dry-run", action = ArgAction::SetTrue)]
    pub(crate) print: bool,

    /// For this kind of service [default: that of this machine].
    #[arg(long = "for", value_name = "KIND")]
    pub(crate) kind: Option<ServiceKind>,
}

impl LogLevel {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::value_variants()
            .iter()
            .copied()
            .find(|level| level.as_str() == name)
    }
}

pub(crate) fn parse() -> Cli {
    Cli::parse()
}
