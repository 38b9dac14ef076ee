//! Gets the two tokens: those that are there, or new ones by a browser.

use std::{path::Path, time::Duration};

use syft_monitor::connect;
use syft_transport::{
    google::{
        Authorization, Endpoints, OAuthClient, SCOPE_DRIVE, SCOPE_EMAIL, SCOPE_GMAIL_COMPOSE,
        SCOPE_GMAIL_SEND,
    },
    http::Client,
};

use super::answers::{Answers, ask, confirm};
use crate::{
    args::InitArgs,
    exit::{Exit, Failure, Outcome},
    session,
    term::{self, ACCENT, BOLD, DIM, GOOD, paint},
};

/// How long a person may take in the browser.
const PATIENCE: Duration = Duration::from_secs(300);

const CONSOLE_STEPS: &str = "\
Google wants to know which program asks. Make an OAuth client, once:
  1. https://console.cloud.google.com/apis/library: enable the Google Drive API and the Gmail API
  2. https://console.cloud.google.com/auth/overview: set up the consent screen and publish it
     (in \"Testing\" every login ends after 7 days)
  3. https://console.cloud.google.com/auth/clients: create a client of type \"Desktop app\"
     and download its JSON";

pub(super) async fn run(args: &InitArgs, answers: &Answers) -> Outcome {
    let endpoint = args.google_endpoint.as_deref();
    let login = Login {
        args,
        answers,
        client: connect::client(endpoint, session::extra_ca())?,
        endpoints: connect::endpoints(endpoint),
    };
    login
        .token(
            "Google Drive",
            &answers.drive_token,
            args.drive_token.is_some(),
            &[SCOPE_DRIVE],
        )
        .await?;
    let mail: &[&str] = if args.send_only {
        &[SCOPE_GMAIL_SEND, SCOPE_EMAIL]
    } else {
        &[SCOPE_GMAIL_COMPOSE]
    };
    explain_scopes(args.send_only);
    login
        .token(
            "Gmail",
            &answers.gmail_token,
            args.gmail_token.is_some(),
            mail,
        )
        .await
}

fn explain_scopes(send_only: bool) {
    let text = if send_only {
        "gmail.send: may send and nothing else. If sending is interrupted, you are told, and decide."
    } else {
        "gmail.compose: may write drafts and send them, so that every mail arrives exactly once.\n\
         It cannot read your mail. With --send-only less is asked for, and less is promised."
    };
    term::say(paint(DIM, text));
}

struct Login<'a> {
    args: &'a InitArgs,
    answers: &'a Answers,
    client: Client,
    endpoints: Endpoints,
}

impl Login<'_> {
    async fn token(&self, name: &str, path: &Path, is_given: bool, scopes: &[&str]) -> Outcome {
        if path.exists() && (is_given || self.keep(name, path)?) {
            make_private(path)?;
            term::say(format_args!(
                "{} {name} token {}",
                paint(GOOD, "✔"),
                path.display()
            ));
            return Ok(());
        }
        if is_given {
            return Err(Failure::error(format!(
                "the {name} token {} does not exist",
                path.display()
            )));
        }
        let oauth_client = OAuthClient::read(&self.credentials()?)?;
        let account = Some(&self.answers.do_email);
        let grant = if self.args.paste {
            let asked = Authorization::paste(&oauth_client, &self.endpoints, scopes, account);
            self.show_paste(name, asked.url().as_str());
            let pasted = ask("Paste the address or the code here", None, "a terminal")?;
            asked.redeem(&self.client, pasted.trim()).await
        } else {
            let asked =
                Authorization::begin(&oauth_client, &self.endpoints, scopes, account).await?;
            self.open_browser(name, asked.url().as_str());
            asked.wait(&self.client, PATIENCE).await
        };
        let grant = grant.map_err(|error| Failure {
            exit: Exit::LoginNeeded,
            ..Failure::from(error)
        })?;
        grant.save(path)?;
        term::say(format_args!(
            "{} {name} token written to {}",
            paint(GOOD, "✔"),
            path.display()
        ));
        Ok(())
    }

    /// With `--yes` a token that is there is used; whoever wants another one removes the file.
    fn keep(&self, name: &str, path: &Path) -> Outcome<bool> {
        if self.args.yes || !term::is_interactive() {
            return Ok(true);
        }
        let renew = confirm(
            &format!(
                "There is a {name} token in {}. Log in anew?",
                path.display()
            ),
            "--yes",
        )?;
        Ok(!renew)
    }

    fn credentials(&self) -> Outcome<std::path::PathBuf> {
        if let Some(path) = &self.answers.credentials {
            return Ok(path.clone());
        }
        term::say(CONSOLE_STEPS);
        let path = ask("Path of the downloaded JSON", None, "--credentials FILE")?;
        std::path::absolute(path.trim()).map_err(Failure::error)
    }

    fn show_paste(&self, name: &str, url: &str) {
        term::say(format_args!(
            "\n{}\n  {}",
            paint(
                BOLD,
                format_args!("Open this link anywhere to allow {name}:")
            ),
            paint(ACCENT, url)
        ));
        term::say(
            "At the end the browser shows a page that cannot be reached; its address holds the code.",
        );
    }

    fn open_browser(&self, name: &str, url: &str) {
        let is_opened = !self.args.no_browser && webbrowser::open(url).is_ok();
        if is_opened {
            term::say(format_args!(
                "Your browser opens to allow {name}. If it does not:"
            ));
        } else {
            term::say(format_args!(
                "Open this link in a browser on this machine to allow {name}:"
            ));
        }
        term::say(format_args!("  {}", paint(ACCENT, url)));
        term::say(paint(
            DIM,
            "On a server over SSH: stop with Ctrl+C and use --paste.",
        ));
    }
}

/// T24: tokens of earlier programs may be readable by everybody.
fn make_private(path: &Path) -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let failed = |error: std::io::Error| Failure::error(format!("{}: {error}", path.display()));
    let mode = std::fs::metadata(path)
        .map_err(failed)?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)
}
