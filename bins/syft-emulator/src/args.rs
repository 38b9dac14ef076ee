//! The command line.

use std::{net::IpAddr, path::PathBuf};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// The port when none is named.
pub(crate) const PORT: u16 = 8377;

/// Plays Google Drive, Gmail and OAuth on this machine, for programs that are none the wiser.
///
/// Without a command, `serve` is meant.
#[derive(Debug, Parser)]
#[command(
    name = "syft-emulator",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong command line."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the emulator until Ctrl+C.
    Serve(Serve),
    /// Print the lines that send other programs to the emulator: eval "$(syft-emulator env)".
    Env(Env),
    /// Write a token file for an account, which needs not exist yet.
    Token(Token),
    /// Write a credentials.json that the emulator's consent page accepts.
    Credentials(Credentials),
    /// List delivered mails.
    Mails(Mails),
    /// Let requests go wrong.
    #[command(subcommand)]
    Faults(Faults),
    /// List requests.
    Requests(Requests),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Serve {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = PORT)]
    pub(crate) port: u16,
    /// Loopback address to listen on; every other address is refused.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) bind: IpAddr,
    /// Directory that keeps accounts, files and mails; without it they are forgotten at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Account to have from the start; may be repeated.
    #[arg(long = "account", value_name = "EMAIL")]
    pub(crate) accounts: Vec<String>,
    /// Print one line of JSON when the emulator answers.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which running emulator is meant.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Target {
    /// Address of the running emulator [default: http://127.0.0.1:8377].
    #[arg(long, env = "SYFT_EMULATOR_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Data directory of the running emulator; goes before its address.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Env {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Directory for the certificates [default: the emulator's data directory, or the cache].
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Print the lines that undo the others.
    #[arg(long)]
    pub(crate) unset: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Token {
    /// The account.
    pub(crate) email: String,
    /// Scopes, such as drive,gmail.send or whole addresses.
    #[arg(long, value_delimiter = ',', default_value = "drive")]
    pub(crate) scopes: Vec<String>,
    /// File to write, readable by you alone; standard output if absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Credentials {
    /// File to write, readable by you alone; standard output if absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Mails {
    /// Only mails delivered to this address.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) to: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Requests {
    /// Print how many requests each API method got.
    #[arg(long)]
    pub(crate) counts: bool,
    /// Forget them after printing.
    #[arg(long)]
    pub(crate) reset: bool,
    /// Only requests of this API method, such as drive.files.list.
    #[arg(long, conflicts_with = "counts")]
    pub(crate) api: Option<String>,
    /// At most so many, the latest.
    #[arg(long, default_value_t = 50, conflicts_with = "counts")]
    pub(crate) limit: u64,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Faults {
    /// Add a rule; of several that match a request, the oldest acts.
    Add(Box<AddFault>),
    /// List the rules with how often they acted.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Remove one rule or all.
    Clear {
        /// Number of the rule; all if absent.
        id: Option<u64>,
        #[command(flatten)]
        target: Target,
    },
}

/// What --reason and --retry-after do not go with.
const EFFECTS_WITHOUT_STATUS: [&str; 9] = [
    "latency",
    "drop",
    "truncate",
    "garbage",
    "index_lag",
    "index_lag_lists",
    "expired_cursor",
    "drop_parents",
    "rule",
];

#[derive(Debug, ClapArgs)]
pub(crate) struct AddFault {
    #[command(flatten)]
    pub(crate) effect: FaultEffect,
    /// Google's reason with --status, such as userRateLimitExceeded.
    #[arg(long, conflicts_with_all = EFFECTS_WITHOUT_STATUS)]
    pub(crate) reason: Option<String>,
    /// Retry-After with --status.
    #[arg(long, conflicts_with_all = EFFECTS_WITHOUT_STATUS, value_name = "SECONDS")]
    pub(crate) retry_after: Option<u64>,
    /// Only this API method, such as drive.files.list; * is a wildcard.
    #[arg(long)]
    pub(crate) api: Option<String>,
    /// Only this path; * is a wildcard.
    #[arg(long)]
    pub(crate) path: Option<String>,
    /// Only this HTTP method.
    #[arg(long)]
    pub(crate) method: Option<String>,
    /// Only calls of this account.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) account: Option<String>,
    /// Matching requests that pass before the rule acts.
    #[arg(long, default_value_t = 0)]
    pub(crate) skip: u64,
    /// How often the rule acts; without end if absent.
    #[arg(long)]
    pub(crate) times: Option<u64>,
    /// Chance from 0 to 1 that the rule acts.
    #[arg(long)]
    pub(crate) probability: Option<f64>,
    /// Seed of the dice behind --probability.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, ClapArgs)]
#[group(required = true, multiple = false)]
pub(crate) struct FaultEffect {
    /// Refuse with this HTTP status.
    #[arg(long, value_name = "CODE")]
    pub(crate) status: Option<u16>,
    /// Wait before answering.
    #[arg(long, value_name = "MILLISECONDS")]
    pub(crate) latency: Option<u64>,
    /// Drop the connection before or after doing what was asked.
    #[arg(long, value_name = "WHEN")]
    pub(crate) drop: Option<When>,
    /// Drop the connection in the middle of the answer.
    #[arg(long)]
    pub(crate) truncate: bool,
    /// Answer with something that is no JSON.
    #[arg(long)]
    pub(crate) garbage: bool,
    /// Leave created files out of lists for this long.
    #[arg(long, value_name = "MILLISECONDS")]
    pub(crate) index_lag: Option<u64>,
    /// Leave created files out of this many lists.
    #[arg(long, value_name = "LISTS")]
    pub(crate) index_lag_lists: Option<u32>,
    /// Refuse page tokens with 410.
    #[arg(long)]
    pub(crate) expired_cursor: bool,
    /// Create files without the parents asked for.
    #[arg(long)]
    pub(crate) drop_parents: bool,
    /// The whole rule as JSON, as `POST /emulator/faults` takes it.
    #[arg(long, value_name = "JSON")]
    pub(crate) rule: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Before,
    After,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn serve_is_the_default_command() {
        let args = Args::try_parse_from(["syft-emulator", "--port", "0"]).unwrap();
        assert!(args.command.is_none());
        assert_eq!(args.serve.port, 0);
    }

    #[test]
    fn a_fault_has_one_effect() {
        let parse = |more: &[&str]| {
            let line = ["syft-emulator", "faults", "add"].iter().chain(more);
            Args::try_parse_from(line).map(|_| ())
        };
        assert!(parse(&["--status", "503", "--reason", "x"]).is_ok());
        assert!(parse(&[]).is_err());
        assert!(parse(&["--status", "503", "--truncate"]).is_err());
        assert!(parse(&["--truncate", "--reason", "x"]).is_err());
    }
}
