//! The names of all keys, and which one was meant.

use super::UnknownKey;

/// A key and what it means.
type Key = (&'static str, &'static str);

/// All keys of `daemon.yaml`, with what they mean, in the order of the documentation.
pub const KEYS: &[Key] = &[
    ("do_email", "the data owner's e-mail address (required)"),
    ("syftbox_root", "the SyftBox directory (required)"),
    ("backend", "`google` (default) or `local:DIR`"),
    (
        "drive_token_path",
        "the Google Drive token; without it only the local SyftBox is watched",
    ),
    (
        "gmail_token_path",
        "the Gmail token (default: ~/.syft-creds/gmail_token.json)",
    ),
    (
        "credentials_path",
        "the OAuth client (default: ~/.syft-creds/credentials.json)",
    ),
    (
        "state_path",
        "the notification ledger (default: ~/.syft-creds/notification_state.json)",
    ),
    ("interval", "seconds between two looks (default: 30)"),
    (
        "interval_max",
        "seconds between two looks when all is quiet (default: `interval`)",
    ),
    (
        "reconcile_interval",
        "seconds between two looks at everything (default: 600)",
    ),
    (
        "notify_existing",
        "mail about what is there at the first look (default: false)",
    ),
    (
        "templates_dir",
        "a directory with mail templates of your own",
    ),
    (
        "google_endpoint",
        "another server that speaks Google's protocols",
    ),
    (
        "quota",
        "limits in Google's quota units: `units_per_minute`, `units_per_day`, `gmail_units_per_minute`",
    ),
    (
        "mail",
        "who carries the mails: `gmail`, `smtp` or `local` (default: `smtp` if that section is there, else as the backend)",
    ),
    ("smtp", "the mail server for `mail: smtp`"),
    (
        "webhooks",
        "addresses that hear of the same events as the mails",
    ),
    (
        "digest",
        "seconds; mails to the data owner of one such period become one mail (default: off)",
    ),
    (
        "quiet_hours",
        "`HH:MM-HH:MM`, when no mail goes to the data owner (default: none)",
    ),
    (
        "heartbeat",
        "seconds between two mails to the data owner that all is well (default: off)",
    ),
    (
        "time_zone",
        "of quiet hours and digests, as `Europe/Berlin` (default: the machine's)",
    ),
    ("log", "what is logged, how and where"),
    (
        "http",
        "address for health and metrics, as `127.0.0.1:9461` (default: off)",
    ),
];

/// The keys that hold further keys, or lists of them, each with these.
pub const SECTIONS: &[(&str, &[Key])] = &[
    (
        "quota",
        &[
            ("units_per_minute", "Drive's units in a minute"),
            ("units_per_day", "Drive's units in a day"),
            ("gmail_units_per_minute", "Gmail's units in a minute"),
        ],
    ),
    (
        "smtp",
        &[
            ("host", "the server's name (required)"),
            (
                "port",
                "its port (default: 587, 465 or 25, by `encryption`)",
            ),
            (
                "encryption",
                "`starttls` (default), `tls`, or `none` on this machine",
            ),
            ("username", "the account to log in with (default: none)"),
            (
                "password_file",
                "a file that holds the account's password and nothing else",
            ),
            ("from", "the sender's address (default: `do_email`)"),
        ],
    ),
    (
        "webhooks",
        &[
            (
                "name",
                "what it is called in logs and lists (default: hook-1, hook-2 …)",
            ),
            (
                "url",
                "where events are posted: https, or http on this machine (required)",
            ),
            ("events", "a list of templates (default: all)"),
            ("secret_file", "a file whose content signs what is posted"),
            ("format", "`json` (default), `slack` or `ntfy`"),
        ],
    ),
    (
        "log",
        &[
            ("format", "`text` (default) or `json`"),
            ("level", "`error`, `warning`, `info` (default) or `debug`"),
            (
                "path",
                "the log file (default: syft-notify.log beside the ledger)",
            ),
        ],
    ),
];

/// Toggles that Python's files hold and its daemon ignores, too (T14).
const IGNORED_PREFIX: &str = "notify_on_";
/// A key must be at least this similar to be suggested.
const SIMILARITY: f64 = 0.7;

/// Returns what to say of a key that nothing reads, if it is worth a word.
pub(super) fn explain(path: &str) -> Option<UnknownKey> {
    // A key below an optional one has a `?` in its path.
    let key = path.replace(".?", "");
    if key.starts_with(IGNORED_PREFIX) {
        return None;
    }
    let section = key.split_once('.').and_then(|(section, _)| {
        let found = SECTIONS.iter().find(|(name, _)| *name == section);
        found.map(|(_, keys)| *keys)
    });
    let name = match section {
        Some(_) => key.rsplit('.').next().unwrap_or(&key),
        None => &key,
    };
    let known = section.unwrap_or(KEYS).iter().map(|(known, _)| *known);
    Some(UnknownKey {
        suggestion: most_similar(name, known),
        key,
    })
}

/// Returns the word that was probably meant.
pub(super) fn most_similar<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= SIMILARITY)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
