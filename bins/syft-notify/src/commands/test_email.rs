//! `syft-notify test-email`.

use std::{collections::VecDeque, sync::Arc};

use serde_json::json;
use syft_monitor::{
    config::{Backend, Config, MailBy},
    connect::{self, Sink},
    render::MailContext,
};
use syft_state::Email;
use syft_transport::{About, Error, Mail, Mailer, MessageId, Promise};

use super::status::{self, now};
use crate::{
    args::DataArgs,
    exit::{Failure, Outcome},
    session,
    term::{self, GOOD, paint},
};

/// How the mail service is called beside the names of webhooks, none of which may have it.
const MAIL: &str = "mail";

/// What came of one receiver.
struct Tried {
    name: String,
    outcome: Outcome<Promise>,
    /// What a person is told when it went well.
    where_to_look: String,
}

pub(crate) async fn run(args: DataArgs) -> Outcome {
    let config = session::load(&args.config)?;
    let mail = test_mail(&config);
    let (mailer, sinks) = match session::connect(&config).await {
        Ok((_builder, links)) => (Ok(links.mailer), links.sinks),
        // A mail service that fails says nothing about the webhooks.
        Err(failure) => (
            Err(failure),
            connect::sinks(&config, session::extra_ca()).unwrap_or_default(),
        ),
    };
    let mut tried = vec![by_mail(&config, mailer, &mail).await];
    for sink in &sinks {
        tried.push(by_sink(sink, &mail).await);
    }
    if args.json {
        tell_json(&config.do_email, &mail, &tried);
    } else {
        tell(&tried);
    }
    verdict(tried)
}

fn test_mail(config: &Config) -> Mail {
    let me = &config.do_email;
    let rendered = connect::renderer(config).render(&MailContext::test(me, me, now()));
    Mail {
        message_id: MessageId::new(&format!("syft.test.{}", uuid::Uuid::new_v4()), me),
        from: me.clone(),
        from_name: "SyftBox".to_owned(),
        to: me.clone(),
        subject: rendered.subject,
        date: now(),
        text: rendered.text,
        html: Some(rendered.html),
        in_reply_to: None,
        references: Vec::new(),
        about: Some(About {
            event: "test_email".to_owned(),
            data: json!({ "do": me }),
        }),
    }
}

async fn by_mail(config: &Config, mailer: Outcome<Arc<dyn Mailer>>, mail: &Mail) -> Tried {
    let outcome = match mailer {
        Ok(mailer) => send(&*mailer, mail).await,
        Err(failure) => Err(failure),
    };
    Tried {
        name: MAIL.to_owned(),
        outcome,
        where_to_look: format!("a test mail to {}: {}", config.do_email, inbox(config)),
    }
}

async fn by_sink(sink: &Sink, mail: &Mail) -> Tried {
    Tried {
        name: sink.name.clone(),
        outcome: send(&*sink.mailer, mail).await,
        where_to_look: format!("a test notice to {}.", sink.place),
    }
}

async fn send(mailer: &dyn Mailer, mail: &Mail) -> Outcome<Promise> {
    let draft = mailer.stage(mail).await?;
    let sent = mailer.send(mail, draft.as_ref()).await;
    sent.map_err(not_sent)?;
    Ok(mailer.promise())
}

fn not_sent(error: Error) -> Failure {
    let is_doubtful = matches!(error, Error::Ambiguous { .. });
    let failure = Failure::from(error);
    if is_doubtful {
        failure.hint("look into the inbox before you try again")
    } else {
        failure
    }
}

fn inbox(config: &Config) -> String {
    match (config.mail, &config.backend) {
        (MailBy::Local, Backend::Local(hub)) => {
            let inbox = hub.join("mail").join(config.do_email.key());
            format!("it is a file in {}.", inbox.display())
        }
        _ => "look into the inbox, and into spam.".to_owned(),
    }
}

fn tell(tried: &[Tried]) {
    for receiver in tried {
        let Ok(promise) = &receiver.outcome else {
            continue;
        };
        term::say(format_args!(
            "{} {}",
            paint(GOOD, "✅ Sent"),
            receiver.where_to_look
        ));
        if receiver.name == MAIL {
            term::say(format_args!("Mails arrive {}.", status::promise(*promise)));
        }
    }
}

fn tell_json(me: &Email, mail: &Mail, tried: &[Tried]) {
    let receiver = |receiver: &Tried| {
        json!({
            "name": receiver.name,
            "sent": receiver.outcome.is_ok(),
            "promise": receiver.outcome.as_ref().ok(),
            "error": receiver.outcome.as_ref().err().map(|failure| &failure.message),
        })
    };
    let by_mail = tried.first().and_then(|mail| mail.outcome.as_ref().ok());
    term::json(&json!({
        "sent": tried.iter().all(|receiver| receiver.outcome.is_ok()),
        "to": me,
        "message_id": mail.message_id,
        "promise": by_mail,
        "receivers": tried.iter().map(receiver).collect::<Vec<_>>(),
    }));
}

/// Ends well only if all receivers were reached; every failure is said.
fn verdict(tried: Vec<Tried>) -> Outcome {
    let failures = tried.into_iter().filter_map(|tried| tried.outcome.err());
    let mut failures: VecDeque<Failure> = failures.collect();
    let Some(first) = failures.pop_front() else {
        return Ok(());
    };
    for failure in failures {
        term::error(&failure.message, failure.hint.as_deref());
    }
    Err(first)
}
