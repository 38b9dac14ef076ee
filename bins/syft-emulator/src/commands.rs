//! The commands.

mod env;
mod faults;
mod list;
mod serve;

use std::io::{self, Write};

use clap::CommandFactory;
use serde_json::json;

use crate::{
    args::{Args, Command, Credentials, Token},
    client::Client,
    failure::Failure,
    output,
};

/// Runs what the command line asks for.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    match args.command.unwrap_or(Command::Serve(args.serve)) {
        Command::Serve(serve) => serve::run(serve).await,
        Command::Env(env) => env::run(env).await,
        Command::Token(token) => write_token(token).await,
        Command::Credentials(credentials) => write_credentials(credentials).await,
        Command::Mails(mails) => list::mails(mails).await,
        Command::Faults(faults) => faults::run(faults).await,
        Command::Requests(requests) => list::requests(requests).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "syft-emulator", &mut script);
            Ok(io::stdout().write_all(&script)?)
        }
    }
}

async fn write_token(token: Token) -> Result<(), Failure> {
    let scopes: Vec<String> = token
        .scopes
        .iter()
        .map(|scope| whole_scope(scope))
        .collect();
    let body = json!({ "email": token.email, "scopes": scopes });
    let file = Client::find(&token.target)?
        .post("/emulator/tokens", &body)
        .await?;
    output::deliver(&file, token.out.as_deref())
}

async fn write_credentials(credentials: Credentials) -> Result<(), Failure> {
    let client = Client::find(&credentials.target)?;
    let file = client.post("/emulator/credentials", &json!({})).await?;
    output::deliver(&file, credentials.out.as_deref())
}

/// Returns the address of a scope that was named by its last word.
fn whole_scope(scope: &str) -> String {
    match scope {
        "openid" | "email" | "profile" => scope.to_owned(),
        whole if whole.contains(':') => whole.to_owned(),
        short => format!("https://www.googleapis.com/auth/{short}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_may_be_named_by_their_last_word() {
        assert_eq!(
            whole_scope("gmail.send"),
            "https://www.googleapis.com/auth/gmail.send"
        );
        assert_eq!(
            whole_scope("https://mail.google.com/"),
            "https://mail.google.com/"
        );
        assert_eq!(whole_scope("openid"), "openid");
    }
}
