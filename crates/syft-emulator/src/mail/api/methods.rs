//! Gmail's methods with their query parameters and scopes.
//!
//! A test compares every entry with Google's discovery document.

const FULL: &str = "https://mail.google.com/";
const SEND_ONLY: &str = "https://www.googleapis.com/auth/gmail.send";
const COMPOSE: &str = "https://www.googleapis.com/auth/gmail.compose";
const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
const READONLY: &str = "https://www.googleapis.com/auth/gmail.readonly";
const METADATA: &str = "https://www.googleapis.com/auth/gmail.metadata";
const LABELS: &str = "https://www.googleapis.com/auth/gmail.labels";
const ADDON_COMPOSE: &str = "https://www.googleapis.com/auth/gmail.addons.current.action.compose";
const ADDON_ACTION: &str = "https://www.googleapis.com/auth/gmail.addons.current.message.action";
const ADDON_METADATA: &str =
    "https://www.googleapis.com/auth/gmail.addons.current.message.metadata";
const ADDON_READONLY: &str =
    "https://www.googleapis.com/auth/gmail.addons.current.message.readonly";

/// Scopes that let a caller read bodies; without one, `gmail.metadata` shows headers only.
pub(super) const READS_BODIES: &[&str] = &[FULL, MODIFY, READONLY, ADDON_ACTION, ADDON_READONLY];

const WRITES_DRAFTS: &[&str] = &[FULL, ADDON_COMPOSE, COMPOSE, MODIFY];
const READS_DRAFTS: &[&str] = &[FULL, COMPOSE, MODIFY, READONLY];
const LISTS: &[&str] = &[FULL, METADATA, MODIFY, READONLY];
const READS: &[&str] = &[
    FULL,
    ADDON_ACTION,
    ADDON_METADATA,
    ADDON_READONLY,
    METADATA,
    MODIFY,
    READONLY,
];
const LIST_PARAMETERS: &[&str] = &[
    "includeSpamTrash",
    "labelIds",
    "maxResults",
    "pageToken",
    "q",
];

/// A method of the API.
#[derive(Debug)]
pub(super) struct Method {
    #[cfg_attr(not(test), expect(dead_code, reason = "names the entry in the test"))]
    pub(super) id: &'static str,
    /// Query parameters beside Google's standard ones.
    pub(super) parameters: &'static [&'static str],
    /// Any one of them is enough.
    pub(super) scopes: &'static [&'static str],
}

macro_rules! methods {
    ($($name:ident = $id:literal, $parameters:expr, $scopes:expr;)+) => {
        $(pub(super) const $name: Method =
            Method { id: $id, parameters: $parameters, scopes: $scopes };)+

        #[cfg(test)]
        pub(super) const ALL: &[Method] = &[$($name),+];
    };
}

methods! {
    PROFILE = "gmail.users.getProfile", &[], &[FULL, COMPOSE, METADATA, MODIFY, READONLY];
    LABELS_LIST = "gmail.users.labels.list", &[], &[FULL, LABELS, METADATA, MODIFY, READONLY];
    SEND = "gmail.users.messages.send", &[], &[FULL, ADDON_COMPOSE, COMPOSE, MODIFY, SEND_ONLY];
    LIST = "gmail.users.messages.list", LIST_PARAMETERS, LISTS;
    GET = "gmail.users.messages.get", &["format", "metadataHeaders"], READS;
    RELABEL = "gmail.users.messages.modify", &[], &[FULL, MODIFY];
    TRASH = "gmail.users.messages.trash", &[], &[FULL, MODIFY];
    UNTRASH = "gmail.users.messages.untrash", &[], &[FULL, MODIFY];
    DELETE = "gmail.users.messages.delete", &[], &[FULL];
    ATTACHMENT = "gmail.users.messages.attachments.get", &[], READS_BODIES;
    THREADS_LIST = "gmail.users.threads.list", LIST_PARAMETERS, LISTS;
    THREADS_GET = "gmail.users.threads.get", &["format", "metadataHeaders"], READS;
    DRAFTS_CREATE = "gmail.users.drafts.create", &[], WRITES_DRAFTS;
    DRAFTS_UPDATE = "gmail.users.drafts.update", &[], WRITES_DRAFTS;
    DRAFTS_DELETE = "gmail.users.drafts.delete", &[], WRITES_DRAFTS;
    DRAFTS_SEND = "gmail.users.drafts.send", &[], WRITES_DRAFTS;
    DRAFTS_GET = "gmail.users.drafts.get", &["format"], READS_DRAFTS;
    DRAFTS_LIST = "gmail.users.drafts.list",
        &["includeSpamTrash", "maxResults", "pageToken", "q"], READS_DRAFTS;
}
