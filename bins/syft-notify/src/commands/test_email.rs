//! `syft-notify test-email`.

use serde_json::json;
use syft_monitor::{
    config::{Backend, Config},
    connect,
    render::MailContext,
};
use syft_transport::{Error, Mail, MessageId};

use super::status::{self, now};
use crate::{
    args::DataArgs,
    exit::{Failure, Outcome},
    session,
    term::{self, GOOD, paint},
};

pub(crate) async fn run(args: DataArgs) -> Outcome {
    let config = session::load(&args.config)?;
    let (_builder, links) = session::connect(&config).await?;
    let renderer = connect::renderer(&config);
    let me = &config.do_email;
    let rendered = renderer.render(&MailContext::test(me, me, now()));
    let mail = Mail {
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
        about: None,
    };
    let draft = links.mailer.stage(&mail).await?;
    links
        .mailer
        .send(&mail, draft.as_ref())
        .await
        .map_err(not_sent)?;
    let promise = links.mailer.promise();
    if args.json {
        term::json(
            &json!({"sent": true, "to": me, "message_id": mail.message_id, "promise": promise}),
        );
    } else {
        term::say(format_args!(
            "{} a test mail to {me}: {}",
            paint(GOOD, "✅ Sent"),
            where_to_look(&config)
        ));
        term::say(format_args!("Mails arrive {}.", status::promise(promise)));
    }
    Ok(())
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

fn where_to_look(config: &Config) -> String {
    match &config.backend {
        Backend::Google => "look into the inbox, and into spam.".to_owned(),
        Backend::Local(hub) => {
            let inbox = hub.join("mail").join(config.do_email.key());
            format!("it is a file in {}.", inbox.display())
        }
    }
}
