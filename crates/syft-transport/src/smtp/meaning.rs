//! What a trouble in a dialogue means to the one who wants a mail sent.

use std::{error::Error as _, io};

use lettre::transport::smtp;

use crate::{error::Error, mime::header_text, tls};

/// How far a dialogue has come (RFC 5321 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The connection, the greeting and `EHLO`.
    Greeting,
    /// `STARTTLS` and what follows until the stream is encrypted.
    Encryption,
    /// `AUTH`.
    Login,
    /// `MAIL`.
    Sender,
    /// `RCPT`.
    Recipient,
    /// `DATA`.
    Data,
    /// The mail, before its last dot.
    Content,
    /// From the last dot on, when the mail is in the server's hands.
    Dot,
}

/// What came instead of a good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// An answer that says no: its code, and its text made safe to show.
    No(u16, String),
    /// An answer that makes no sense.
    Nonsense(&'static str),
    /// No answer, and why.
    Silence(String),
}

impl From<smtp::Error> for Trouble {
    fn from(error: smtp::Error) -> Self {
        if let Some(code) = error.status() {
            let text = error.source().map(ToString::to_string);
            return Self::No(code.into(), header_text(&text.unwrap_or_default()));
        }
        if let Some(tls) = tls::cause::<rustls::Error>(&error) {
            return Self::Silence(tls::reason(tls));
        }
        match tls::cause::<io::Error>(&error) {
            Some(io) if io.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Silence("the server ended the connection".to_owned())
            }
            Some(io) => Self::Silence(format!("the connection failed: {io}")),
            None => Self::Nonsense("an answer is not as SMTP has them"),
        }
    }
}

/// Who is asked to send what, for messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Affair<'a> {
    /// The server, as `mail.example.org:587`.
    pub(super) server: &'a str,
    /// The user name, and the file of the password.
    pub(super) login: Option<&'a super::Login>,
    pub(super) from: &'a str,
    /// The recipient; nobody while only the connection is made.
    pub(super) to: &'a str,
}

impl Affair<'_> {
    /// Returns what the caller can do about a trouble at a step.
    ///
    /// A trouble that is the recipient's or the mail's own is [`Error::Rejected`]. One that
    /// would meet every mail is [`Error::PermissionDenied`] or [`Error::Unauthenticated`].
    pub(super) fn meaning(&self, step: Step, trouble: Trouble) -> Error {
        match trouble {
            Trouble::No(400..=499, _) => self.unavailable(says(&trouble)),
            Trouble::No(530, _) => self.unauthenticated(says(&trouble)),
            Trouble::No(500..=599, _) => self.refused(step, &trouble),
            trouble if step == Step::Dot => Error::Ambiguous {
                what: format!("the sending of the mail to {}", self.to),
                reason: format!(
                    "mail server {} took it, and then {}",
                    self.server,
                    says(&trouble)
                ),
            },
            Trouble::Silence(reason) => self.unavailable(reason),
            Trouble::No(..) | Trouble::Nonsense(_) => Error::Garbled {
                what: self.asked(),
                reason: says(&trouble),
            },
        }
    }

    fn refused(&self, step: Step, trouble: &Trouble) -> Error {
        let what = match step {
            // The text of an answer to a password is not repeated.
            Step::Login => return self.unauthenticated(says_briefly(trouble)),
            Step::Greeting => format!("the connection to mail server {}", self.server),
            Step::Encryption => format!("STARTTLS with mail server {}", self.server),
            Step::Sender => format!("the sender {} at mail server {}", self.from, self.server),
            Step::Recipient | Step::Data | Step::Content | Step::Dot => {
                return Error::Rejected {
                    what: format!("the mail to {}", self.to),
                    reason: format!("mail server {}: {}", self.server, says(trouble)),
                };
            }
        };
        Error::PermissionDenied {
            what,
            reason: says(trouble),
        }
    }

    pub(super) fn unavailable(&self, reason: String) -> Error {
        Error::Unavailable {
            what: format!("mail server {}", self.server),
            reason,
            source: None,
        }
    }

    pub(super) fn unauthenticated(&self, said: String) -> Error {
        let (what, advice) = match self.login {
            None => (
                self.asked(),
                "set `username` and `password_file` of `smtp`".to_owned(),
            ),
            Some(login) => (
                format!("{} at mail server {}", login.username, self.server),
                format!(
                    "check `username` and the password in {}",
                    login.password_file.display()
                ),
            ),
        };
        Error::Unauthenticated {
            what,
            reason: format!("{said}; {advice}"),
        }
    }

    fn asked(&self) -> String {
        format!("mail server {}", self.server)
    }
}

fn says(trouble: &Trouble) -> String {
    match trouble {
        Trouble::No(code, text) if text.is_empty() => format!("the server says {code}"),
        Trouble::No(code, text) => format!("the server says {code} {text}"),
        Trouble::Nonsense(what) => (*what).to_owned(),
        Trouble::Silence(reason) => reason.clone(),
    }
}

/// Returns the code and the extended code (RFC 3463) without the text after them.
fn says_briefly(trouble: &Trouble) -> String {
    let Trouble::No(code, text) = trouble else {
        return says(trouble);
    };
    let is_code = |word: &&str| {
        word.len() <= 11
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let extended = text.split(' ').next().filter(is_code).unwrap_or_default();
    format!("the server says {code} {extended}")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no(code: u16, text: &str) -> Trouble {
        Trouble::No(code, text.to_owned())
    }

    #[track_caller]
    fn check(step: Step, trouble: Trouble, kind: &str, expected: &str) {
        let login = super::super::Login {
            username: "do".to_owned(),
            password_file: "/etc/password".into(),
        };
        let affair = Affair {
            server: "mx:25",
            login: Some(&login),
            from: "do@x.org",
            to: "ds@x.org",
        };
        let error = affair.meaning(step, trouble.clone());
        let debug = format!("{error:?}");
        assert!(debug.starts_with(kind), "{step:?} {trouble:?}: {debug}");
        assert_eq!(error.to_string(), expected, "{step:?} {trouble:?}");
    }

    #[test]
    fn what_meets_every_mail_is_not_the_fault_of_one() {
        check(
            Step::Greeting,
            no(554, "go away"),
            "PermissionDenied",
            "the connection to mail server mx:25 was refused: the server says 554 go away",
        );
        check(
            Step::Encryption,
            no(501, ""),
            "PermissionDenied",
            "STARTTLS with mail server mx:25 was refused: the server says 501",
        );
        check(
            Step::Login,
            no(535, "5.7.8 hunter2 is wrong"),
            "Unauthenticated",
            "do at mail server mx:25 is not authorised: the server says 535 5.7.8; check \
             `username` and the password in /etc/password",
        );
        check(
            Step::Login,
            no(504, "no"),
            "Unauthenticated",
            "do at mail server mx:25 is not authorised: the server says 504; check `username` \
             and the password in /etc/password",
        );
        check(
            Step::Sender,
            no(553, "not yours"),
            "PermissionDenied",
            "the sender do@x.org at mail server mx:25 was refused: the server says 553 not yours",
        );
        check(
            Step::Recipient,
            no(530, "5.7.0 login first"),
            "Unauthenticated",
            "do at mail server mx:25 is not authorised: the server says 530 5.7.0 login first; \
             check `username` and the password in /etc/password",
        );
    }

    #[test]
    fn a_no_to_one_mail_is_final_or_for_now() {
        for step in [Step::Recipient, Step::Data, Step::Content, Step::Dot] {
            check(
                step,
                no(550, "5.1.1 nobody"),
                "Rejected",
                "the mail to ds@x.org was rejected: mail server mx:25: the server says 550 5.1.1 \
                 nobody",
            );
        }
        for step in [Step::Greeting, Step::Login, Step::Recipient, Step::Dot] {
            check(
                step,
                no(451, "later"),
                "Unavailable",
                "mail server mx:25 is not available now: the server says 451 later",
            );
        }
    }

    #[test]
    fn only_after_the_dot_nobody_knows() {
        let silence = || Trouble::Silence("it took too long".to_owned());
        let ambiguous = "the sending of the mail to ds@x.org may or may not have been carried \
                         out: mail server mx:25 took it, and then";
        let text = format!("{ambiguous} it took too long");
        check(Step::Dot, silence(), "Ambiguous", &text);
        let text = format!("{ambiguous} it is odd");
        check(
            Step::Dot,
            Trouble::Nonsense("it is odd"),
            "Ambiguous",
            &text,
        );
        let text = format!("{ambiguous} the server says 354 go on");
        check(Step::Dot, no(354, "go on"), "Ambiguous", &text);
        for step in [Step::Greeting, Step::Sender, Step::Data, Step::Content] {
            check(
                step,
                silence(),
                "Unavailable",
                "mail server mx:25 is not available now: it took too long",
            );
            check(
                step,
                Trouble::Nonsense("it is odd"),
                "Garbled",
                "the answer to mail server mx:25 makes no sense: it is odd",
            );
        }
    }
}
