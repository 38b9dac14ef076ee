//! Whether a token file opens the right account, and wide enough.

use std::path::PathBuf;

use syft_state::Email;
use syft_transport::google::{
    SCOPE_DRIVE, SCOPE_GMAIL_COMPOSE, SCOPE_GMAIL_FULL, SCOPE_GMAIL_MODIFY, SCOPE_GMAIL_SEND,
};

use super::finding::{Finding, quoted};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Drive,
    Gmail,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Drive => "Drive token",
            Self::Gmail => "Gmail token",
        }
    }

    /// Returns what does not work without it.
    fn loss(self) -> &'static str {
        match self {
            Self::Drive => "nothing on Drive is seen",
            Self::Gmail => "no mail can be sent",
        }
    }
}

/// What became of trying a token out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// The file is whole, and Google was not asked.
    NotAsked,
    /// There is no file.
    Missing,
    /// The file does not hold a token.
    Damaged(String),
    /// The system does not let us read it.
    Unreadable(String),
    /// Google does not accept it, or it opens another account.
    Refused(String),
    /// Google gave no answer about it.
    Unanswered(String),
    /// Google accepts it, and names these scopes; whose it is, where they let it see that.
    Accepted {
        scopes: Vec<String>,
        account: Option<Email>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) purpose: Purpose,
    pub(super) path: PathBuf,
    pub(super) tried: Tried,
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let (topic, purpose) = (facts.purpose.name(), facts.purpose);
    let path = facts.path.display();
    let finding = match &facts.tried {
        Tried::NotAsked => Finding::ok(topic, format!("{path} can be read; it was not tried out")),
        Tried::Missing => Finding::problem(topic, format!("there is no {path}"))
            .because(purpose.loss())
            .login("syft-notify init"),
        Tried::Damaged(reason) => Finding::problem(topic, format!("{path} cannot be used"))
            .because(reason)
            .login("syft-notify init"),
        Tried::Unreadable(reason) => Finding::problem(topic, format!("{path} cannot be read"))
            .because(reason)
            .mend(format!("ls -l {}", quoted(&facts.path))),
        Tried::Refused(reason) => Finding::problem(topic, format!("{path} is not accepted"))
            .because(reason)
            .login("syft-notify init"),
        Tried::Unanswered(reason) => {
            let finding = Finding::problem(topic, format!("{path} could not be tried out"));
            let remedy = remedy_of(reason, purpose);
            finding.because(reason).mend(remedy)
        }
        Tried::Accepted { scopes, account } => return accepted(facts, scopes, account.as_ref()),
    };
    vec![finding]
}

fn accepted(facts: &Facts, scopes: &[String], account: Option<&Email>) -> Vec<Finding> {
    let topic = facts.purpose.name();
    let path = facts.path.display();
    let has = |any: &[&str]| scopes.iter().any(|scope| any.contains(&scope.as_str()));
    let whose = account.map_or_else(String::new, |account| format!(" for {account}"));
    let mut findings = Vec::new();
    match facts.purpose {
        Purpose::Drive if has(&[SCOPE_DRIVE]) => {
            findings.push(Finding::ok(topic, format!("{path} works{whose}")));
        }
        Purpose::Drive => findings.push(
            Finding::problem(topic, format!("{path} lacks the scope {SCOPE_DRIVE}"))
                .because("folders of peers are not seen without it")
                .login("syft-notify init"),
        ),
        Purpose::Gmail if has(&[SCOPE_GMAIL_COMPOSE, SCOPE_GMAIL_MODIFY, SCOPE_GMAIL_FULL]) => {
            let text = format!("{path} works{whose}: mails arrive exactly once");
            findings.push(Finding::ok(topic, text));
        }
        Purpose::Gmail if has(&[SCOPE_GMAIL_SEND]) => findings.push(
            Finding::warning(topic, format!("{path} works{whose}, for sending alone"))
                .because(
                    "a mail whose sending is interrupted is reported, not repeated; \
                     gmail.compose would keep a draft, and so send exactly once",
                )
                .mend("syft-notify init, without --send-only"),
        ),
        Purpose::Gmail => findings.push(
            Finding::problem(
                topic,
                format!("{path} lacks the scope {SCOPE_GMAIL_COMPOSE}"),
            )
            .because("it cannot send mail")
            .login("syft-notify init"),
        ),
    }
    // Without the scope that counts nobody could see whose it is.
    let works = findings.iter().all(|finding| !finding.login_needed);
    if account.is_none() && works {
        findings.push(
            Finding::warning(topic, format!("nobody knows whose {path} is"))
                .because("its scopes do not let it see, so mails may come from another account")
                .mend("syft-notify test-email, and look who it is from"),
        );
    }
    findings
}

/// Google names the switch that is off.
fn remedy_of(reason: &str, purpose: Purpose) -> String {
    let is_off = ["accessNotConfigured", "SERVICE_DISABLED"];
    if !is_off.iter().any(|word| reason.contains(word)) {
        return "see this machine's network and proxy, then try again".to_owned();
    }
    let api = match purpose {
        Purpose::Drive => "drive",
        Purpose::Gmail => "gmail",
    };
    format!("enable the API: https://console.cloud.google.com/apis/library/{api}.googleapis.com")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::lines;

    fn accepted(scopes: &[&str], account: Option<&str>) -> Tried {
        Tried::Accepted {
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            account: account.map(|account| account.parse().unwrap()),
        }
    }

    #[track_caller]
    fn check(purpose: Purpose, tried: Tried, login: bool, expected: &[&str]) {
        let facts = Facts {
            purpose,
            path: "/c/t.json".into(),
            tried,
        };
        let findings = findings(&facts);
        assert_eq!(lines(&findings), expected);
        assert_eq!(findings[0].login_needed, login);
    }

    const ME: Option<&str> = Some("do@x.org");

    #[test]
    fn token_files() {
        let text = |text: &str| text.to_owned();
        check(
            Purpose::Drive,
            Tried::NotAsked,
            false,
            &["✅ /c/t.json can be read; it was not tried out"],
        );
        check(
            Purpose::Drive,
            Tried::Missing,
            true,
            &["❌ there is no /c/t.json — nothing on Drive is seen — syft-notify init"],
        );
        check(
            Purpose::Gmail,
            Tried::Missing,
            true,
            &["❌ there is no /c/t.json — no mail can be sent — syft-notify init"],
        );
        check(
            Purpose::Gmail,
            Tried::Damaged(text("it is no JSON (line 1 column 2)")),
            true,
            &["❌ /c/t.json cannot be used — it is no JSON (line 1 column 2) — syft-notify init"],
        );
        check(
            Purpose::Gmail,
            Tried::Unreadable(text("Permission denied")),
            false,
            &["❌ /c/t.json cannot be read — Permission denied — ls -l /c/t.json"],
        );
        check(
            Purpose::Drive,
            Tried::Refused(text("it belongs to eve@x.org, not to do@x.org")),
            true,
            &[
                "❌ /c/t.json is not accepted — it belongs to eve@x.org, not to do@x.org — syft-notify init",
            ],
        );
        check(
            Purpose::Drive,
            Tried::Unanswered(text("there is no connection")),
            false,
            &[
                "❌ /c/t.json could not be tried out — there is no connection — see this \
               machine's network and proxy, then try again",
            ],
        );
        check(
            Purpose::Drive,
            Tried::Unanswered(text("drive.about.get was refused: accessNotConfigured")),
            false,
            &[
                "❌ /c/t.json could not be tried out — drive.about.get was refused: \
               accessNotConfigured — enable the API: \
               https://console.cloud.google.com/apis/library/drive.googleapis.com",
            ],
        );
    }

    #[test]
    fn scopes_and_what_they_would_give() {
        check(
            Purpose::Drive,
            accepted(&[SCOPE_DRIVE], ME),
            false,
            &["✅ /c/t.json works for do@x.org"],
        );
        check(
            Purpose::Drive,
            accepted(&[SCOPE_GMAIL_SEND], ME),
            true,
            &[
                "❌ /c/t.json lacks the scope https://www.googleapis.com/auth/drive — folders of \
               peers are not seen without it — syft-notify init",
            ],
        );
        for scope in [SCOPE_GMAIL_COMPOSE, SCOPE_GMAIL_MODIFY, SCOPE_GMAIL_FULL] {
            check(
                Purpose::Gmail,
                accepted(&[scope], ME),
                false,
                &["✅ /c/t.json works for do@x.org: mails arrive exactly once"],
            );
        }
        check(
            Purpose::Gmail,
            accepted(&[SCOPE_DRIVE], ME),
            true,
            &[
                "❌ /c/t.json lacks the scope https://www.googleapis.com/auth/gmail.compose — it \
               cannot send mail — syft-notify init",
            ],
        );
        check(
            Purpose::Gmail,
            accepted(&[SCOPE_GMAIL_SEND], None),
            false,
            &[
                "⚠️ /c/t.json works, for sending alone — a mail whose sending is interrupted is \
                 reported, not repeated; gmail.compose would keep a draft, and so send exactly \
                 once — syft-notify init, without --send-only",
                "⚠️ nobody knows whose /c/t.json is — its scopes do not let it see, so mails may \
                 come from another account — syft-notify test-email, and look who it is from",
            ],
        );
    }
}
