//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use syft_rpc_events::{Method, SyftUrl, interval::Interval};
use syft_state::Email;

/// Serves and calls the RPC endpoints of SyftBox apps, which are files.
#[derive(Debug, Parser)]
#[command(
    name = "rpc",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 the answer is an error, \
                  4 no answer in time, 5 refused by the relay."
)]
pub(crate) struct Args {
    /// The SyftBox client's config [default: ~/.syftbox/config.json].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON, one value per line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve an app whose endpoint /echo sends back what it gets, until Ctrl+C.
    Serve(Serve),
    /// Call an endpoint, wait for the answer, and print its body.
    Call(Call),
    /// List who runs an app, as far as is known here, and what it can be asked.
    List {
        /// The app's name.
        app: String,
    },
    /// Print the schema that an app has published.
    Schema {
        /// The app's name.
        app: String,
        /// Whose app [default: your own].
        #[arg(long, value_name = "EMAIL")]
        datasite: Option<Email>,
    },
    /// Delete the old requests and responses of an app of your own.
    Cleanup(Cleanup),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Serve {
    /// The app's name.
    #[arg(long, default_value = "echo")]
    pub(crate) app: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Call {
    /// The endpoint: syft://EMAIL/app_data/APP/rpc/ENDPOINT.
    pub(crate) url: SyftUrl,
    #[command(flatten)]
    pub(crate) body: Body,
    /// Method [default: POST with a body, GET without].
    #[arg(long, value_parser = method)]
    pub(crate) method: Option<Method>,
    /// A header; may be repeated.
    #[arg(long = "header", value_name = "NAME:VALUE", value_parser = header)]
    pub(crate) headers: Vec<(String, String)>,
    /// How long to wait for the answer; after that nobody answers it any more.
    #[arg(long, default_value = "30s", value_name = "TIME")]
    pub(crate) timeout: Interval,
}

#[derive(Debug, ClapArgs)]
#[group(multiple = false)]
pub(crate) struct Body {
    /// The body, which must be JSON.
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub(crate) body: Option<String>,
    /// The body, as it is.
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// A file that holds the body; - reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Cleanup {
    /// The app's name.
    pub(crate) app: String,
    /// What is older is deleted, answered or not.
    #[arg(long, default_value = "30d", value_name = "TIME")]
    pub(crate) older_than: Interval,
    /// Delete nothing, and list what would be.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

fn method(text: &str) -> Result<Method, String> {
    let method = Method::from_name(&text.to_ascii_uppercase());
    method.ok_or_else(|| "it is one of GET, HEAD, POST, PUT, PATCH and DELETE".to_owned())
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').unwrap_or_default();
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || text.contains(char::is_control) {
        return Err("it is written as NAME:VALUE, in one line".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn json(text: &str) -> Result<String, String> {
    let parsed = serde_json::from_str::<serde::de::IgnoredAny>(text);
    parsed
        .map(|_| text.to_owned())
        .map_err(|error| format!("{error}; --text sends what is no JSON"))
}
