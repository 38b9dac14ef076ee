//! Mail as `.eml` files.

use std::{io, path::Path};

use async_trait::async_trait;
use syft_state::Email;

use super::{
    disk::{cannot, sync_directory},
    hub::Hub,
};
use crate::{
    error::{Error, Result},
    mail::{DraftId, Mail, MailId, Mailer, MessageId, Promise},
    mime::to_mime,
};

/// The longest name of a mail's file in bytes, less `.eml`.
const MAX_NAME: usize = 200;

/// Puts mails into `mail/<recipient>/<message-id>.eml` of a hub.
///
/// The file is named after the mail's lasting identity and never overwritten, so that sending
/// a mail again cannot deliver it twice.
#[derive(Clone, Debug)]
pub struct LocalMailer {
    hub: Hub,
    from: Email,
}

impl LocalMailer {
    /// Opens the mail of a hub to send as `from`, and creates the hub where there is none.
    ///
    /// # Errors
    /// [`Error::Local`] where the directory cannot be used.
    pub fn open(hub: &Path, from: Email) -> Result<Self> {
        let hub = Hub::open(hub, &["tmp", "mail"])?;
        Ok(Self { hub, from })
    }

    fn deliver(&self, mail: &Mail) -> Result<MailId> {
        if mail.from != self.from {
            return Err(Error::PermissionDenied {
                what: format!("the mail {}", mail.message_id),
                reason: format!("it is not from {}", self.from),
            });
        }
        let name = file_name(&mail.message_id);
        let path = self.hub.path("mail", &mail.to, &name);
        let inbox = path.parent().expect("mails are in directories");
        self.hub.create_dir(inbox)?;
        let (file, _) = self.hub.new_file(to_mime(mail).as_slice())?;
        match file.persist_noclobber(&path) {
            // An earlier call delivered it and was interrupted after that.
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot(&path, error.error)),
            Ok(_) => {}
        }
        sync_directory(inbox)?;
        Ok(MailId::new(format!("{}/{name}", mail.to.key())))
    }
}

#[async_trait]
impl Mailer for LocalMailer {
    fn promise(&self) -> Promise {
        Promise::ExactlyOnce
    }

    async fn stage(&self, _: &Mail) -> Result<Option<DraftId>> {
        Ok(None)
    }

    async fn send(&self, mail: &Mail, _: Option<&DraftId>) -> Result<MailId> {
        let (mailer, mail) = (self.clone(), mail.clone());
        let sent = tokio::task::spawn_blocking(move || mailer.deliver(&mail)).await;
        sent.unwrap_or_else(|error| {
            Err(Error::Unavailable {
                what: "the mail directory".into(),
                reason: "the program is ending".into(),
                source: Some(Box::new(error)),
            })
        })
    }
}

/// Returns the name of a mail's file: its id, or a hash of an id that is no plain name.
fn file_name(id: &MessageId) -> String {
    let id = id.as_str();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@._-".contains(&byte);
    let is_name = (1..=MAX_NAME).contains(&id.len()) && !id.starts_with('.');
    match is_name && id.bytes().all(is_plain) {
        true => format!("{id}.eml"),
        false => format!("{}.eml", blake3::hash(id.as_bytes()).to_hex()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_no_path() {
        let name = |text: &str| {
            let id = serde_json::from_value(serde_json::Value::from(text)).unwrap();
            file_name(&id)
        };
        assert_eq!(name("job-1@x.org"), "job-1@x.org.eml");
        for text in ["../x@y", ".x@y", "a/b@y", "a\nb@y", "", &"x".repeat(300)] {
            assert_eq!(name(text).len(), 64 + 4, "{text:?}");
        }
    }
}
