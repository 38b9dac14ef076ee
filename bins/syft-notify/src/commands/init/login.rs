//! Gets the two tokens: those that are there and work, or new ones by a browser.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use syft_transport::{
    Error,
    google::{Authorization, Grant, OAuthClient},
};

use super::{
    answers::{Answers, TokenPlaces},
    tokens::{self, Google, Use},
    write::{Chosen, Token},
};
use crate::{
    args::InitArgs,
    exit::{Exit, Failure, Outcome, chain},
    prompt,
    term::{self, ACCENT, BOLD, DIM, GOOD, paint},
};

/// How long a person may take in the browser.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often a person may paste something that is no code.
const ATTEMPTS: usize = 3;

const CONSOLE_STEPS: &str = "\
Google wants to know which program asks. Make an OAuth client, once:
  1. https://console.cloud.google.com/apis/library
     Enable the Google Drive API and the Gmail API.
  2. https://console.cloud.google.com/auth/overview
     Set up the consent screen and publish it: in \"Testing\" every login ends after 7 days.
  3. https://console.cloud.google.com/auth/clients
     Create a client of type \"Desktop app\" and download its JSON.";

const COMPOSE: &str = "\
Gmail is asked for gmail.compose: to write drafts and to send them, so that every mail arrives
exactly once. It cannot read your mail. With --send-only less is asked for, and less is promised.";

const SEND: &str = "\
Gmail is asked for gmail.send: to send, and nothing else. A mail whose sending is interrupted is
reported to you instead of safely repeated.";

/// A way to the tokens of one account.
pub(super) struct Login<'a> {
    args: &'a InitArgs,
    answers: &'a Answers,
    google: Google,
    credentials: Option<PathBuf>,
}

impl<'a> Login<'a> {
    pub(super) fn begin(args: &'a InitArgs, answers: &'a Answers) -> Outcome<Self> {
        Ok(Self {
            args,
            answers,
            google: Google::at(answers.google_endpoint.as_deref())?,
            credentials: answers.credentials.clone(),
        })
    }

    /// Returns tokens that were used; nothing is written yet.
    pub(super) async fn run(mut self) -> Outcome<Chosen> {
        let send_only = self.args.send_only;
        let drive = self.token(Use::Drive, &self.answers.drive_token).await?;
        let mail = Use::Gmail { send_only };
        let gmail = self.token(mail, &self.answers.gmail_token).await?;
        Ok(Chosen {
            drive: Some(drive),
            gmail: Some(gmail),
            credentials: self.credentials,
        })
    }

    async fn token(&mut self, purpose: Use, places: &TokenPlaces) -> Outcome<Token> {
        if let Some(path) = &places.given {
            return self.given(purpose, path).await;
        }
        let found = [places.earlier.as_ref(), Some(&places.usual)];
        let mut unusable = None;
        for path in found.into_iter().flatten().filter(|path| path.exists()) {
            if unusable.as_ref() == Some(path) {
                continue;
            }
            match self.try_token(purpose, path).await {
                Ok(seen) => {
                    tell(&seen, Some(path));
                    if !self.wants_another(purpose, path).await? {
                        return Ok(Token::Found(path.clone()));
                    }
                    break;
                }
                Err(error) if tokens::is_tokens_fault(&error) => {
                    term::warning(tokens::refused(purpose, path, error).message);
                    unusable = Some(path.clone());
                }
                Err(error) => return Err(error.into()),
            }
        }
        if unusable.as_ref() == Some(&places.usual) {
            self.agree_to_replace(purpose, &places.usual).await?;
        }
        let grant = self.log_in(purpose).await?;
        Ok(Token::New(places.usual.clone(), grant))
    }

    async fn given(&self, purpose: Use, path: &Path) -> Outcome<Token> {
        let seen = self.try_token(purpose, path).await.map_err(|error| {
            let is_fault = tokens::is_tokens_fault(&error);
            let failure = tokens::refused(purpose, path, error);
            if is_fault {
                failure.hint(format!("leave {} out to log in instead", purpose.flag()))
            } else {
                failure
            }
        })?;
        tell(&seen, Some(path));
        Ok(Token::Found(path.to_owned()))
    }

    async fn try_token(&self, purpose: Use, path: &Path) -> Result<String, Error> {
        self.google
            .try_token(purpose, path, &self.answers.do_email)
            .await
    }

    async fn wants_another(&self, purpose: Use, path: &Path) -> Outcome<bool> {
        if self.args.yes || !term::is_interactive() {
            return Ok(false);
        }
        let question = format!(
            "The {} token {} works. Log in anew all the same?",
            purpose.name(),
            path.display()
        );
        prompt::asking(move || prompt::confirm(&question)).await
    }

    async fn agree_to_replace(&self, purpose: Use, path: &Path) -> Outcome {
        if self.args.yes {
            return Ok(());
        }
        if !term::is_interactive() {
            return Err(Failure::new(
                Exit::LoginNeeded,
                format!("{} would have to be replaced", path.display()),
            )
            .hint("add --yes to log in and replace it, or move it away"));
        }
        let question = format!("Log in and replace the {} token?", purpose.name());
        if prompt::asking(move || prompt::confirm(&question)).await? {
            return Ok(());
        }
        Err(Failure::error("nothing was changed"))
    }

    async fn log_in(&mut self, purpose: Use) -> Outcome<Grant> {
        let oauth_client = OAuthClient::read(&self.credentials().await?)?;
        match purpose {
            Use::Drive => {}
            Use::Gmail { send_only: true } => term::say(paint(DIM, SEND)),
            Use::Gmail { send_only: false } => term::say(paint(DIM, COMPOSE)),
        }
        let grant = if self.args.paste {
            self.by_pasting(purpose, &oauth_client).await
        } else {
            self.by_browser(purpose, &oauth_client).await
        }?;
        self.check(purpose, &grant).await?;
        Ok(grant)
    }

    async fn by_browser(&self, purpose: Use, oauth_client: &OAuthClient) -> Outcome<Grant> {
        let asked = Authorization::begin(
            oauth_client,
            &self.google.endpoints,
            purpose.scopes(),
            Some(&self.answers.do_email),
        )
        .await?;
        self.open_browser(purpose, asked.url().as_str());
        asked
            .wait(&self.google.client, PATIENCE)
            .await
            .map_err(login_failed)
    }

    async fn by_pasting(&self, purpose: Use, oauth_client: &OAuthClient) -> Outcome<Grant> {
        let asked = Authorization::paste(
            oauth_client,
            &self.google.endpoints,
            purpose.scopes(),
            Some(&self.answers.do_email),
        );
        show_paste(purpose, asked.url().as_str());
        let mut attempts = if term::is_interactive() { ATTEMPTS } else { 1 };
        loop {
            let pasted =
                prompt::asking(|| prompt::line("Paste that address, or the code in it")).await?;
            match asked.redeem(&self.google.client, pasted.trim()).await {
                Err(error @ Error::Rejected { .. }) if attempts > 1 => {
                    term::warning(chain(&error));
                    attempts -= 1;
                }
                grant => return grant.map_err(login_failed),
            }
        }
    }

    /// A new token lies in a directory of its own until it was used.
    async fn check(&self, purpose: Use, grant: &Grant) -> Outcome {
        let directory = tempfile::tempdir()
            .map_err(|error| Failure::error(format!("no temporary directory: {error}")))?;
        let path = directory.path().join("token.json");
        grant.save(&path)?;
        match self.try_token(purpose, &path).await {
            Ok(seen) => {
                tell(&seen, None);
                Ok(())
            }
            Err(error) if tokens::is_tokens_fault(&error) => Err(Failure::new(
                Exit::LoginNeeded,
                format!(
                    "the new {} token cannot be used: {}",
                    purpose.name(),
                    tokens::reason(&error)
                ),
            )
            .hint(format!(
                "run this again and choose {} in the browser",
                self.answers.do_email
            ))),
            Err(error) => Err(error.into()),
        }
    }

    async fn credentials(&mut self) -> Outcome<PathBuf> {
        if let Some(path) = &self.credentials {
            return Ok(path.clone());
        }
        term::say(CONSOLE_STEPS);
        let path = prompt::asking(|| {
            prompt::text("Path of the downloaded JSON", None, "--credentials FILE")
        })
        .await?;
        let path = super::absolute(Path::new(path.trim()))?;
        self.credentials = Some(path.clone());
        Ok(path)
    }

    fn open_browser(&self, purpose: Use, url: &str) {
        let name = purpose.name();
        let is_opened = !self.args.no_browser && webbrowser::open(url).is_ok();
        let text = if is_opened {
            format!("\nYour browser opens to allow {name}. If it does not, open this link:")
        } else {
            format!("\nOpen this link in a browser on this machine to allow {name}:")
        };
        term::say(paint(BOLD, text));
        term::say(format_args!("  {}", paint(ACCENT, url)));
        term::say(paint(
            DIM,
            "On a server over SSH: stop with Ctrl+C and use --paste.",
        ));
    }
}

fn show_paste(purpose: Use, url: &str) {
    let text = format!("\nOpen this link anywhere to allow {}:", purpose.name());
    term::say(paint(BOLD, text));
    term::say(format_args!("  {}", paint(ACCENT, url)));
    term::say(paint(
        DIM,
        "At the end the browser shows a page that cannot be reached. Its address holds the code.",
    ));
}

fn tell(seen: &str, path: Option<&Path>) {
    let path = path.map_or_else(String::new, |path| {
        paint(DIM, format_args!(" ({})", path.display()))
    });
    term::say(format_args!("{} {seen}{path}", paint(GOOD, "✔")));
}

/// Whatever Google answers to a login, a login is still needed.
fn login_failed(error: Error) -> Failure {
    let failure = Failure::from(error);
    let exit = match failure.exit {
        Exit::Unavailable => Exit::Unavailable,
        _ => Exit::LoginNeeded,
    };
    Failure { exit, ..failure }.hint("run `syft-notify init` again; nothing was changed")
}
