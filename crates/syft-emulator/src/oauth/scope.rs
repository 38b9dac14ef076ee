//! Scopes, and what they mean in words.

/// Shows the account's e-mail address to the client.
pub(crate) const EMAIL: [&str; 2] = ["email", "https://www.googleapis.com/auth/userinfo.email"];

/// Any of these lets a client ask who the user is.
pub(crate) const IDENTITY: [&str; 5] = [
    "openid",
    "profile",
    "email",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
];

const PREFIX: &str = "https://www.googleapis.com/auth/";

/// Splits a space-separated list, dropping repeats.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in text.split_whitespace() {
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    scopes
}

/// Returns what a scope allows, in words, or `None` for one that the emulator does not know.
pub(crate) fn in_words(scope: &str) -> Option<&'static str> {
    Some(match scope.strip_prefix(PREFIX).unwrap_or(scope) {
        "drive" => "See, edit, create and delete all files on the Drive",
        "drive.file" => {
            "See, edit, create and delete only the files that this program made or opened"
        }
        "drive.readonly" => "See and download all files on the Drive",
        "drive.metadata" => "See and change names, folders and sharing of files on the Drive",
        "drive.metadata.readonly" => "See names, folders and sharing of files on the Drive",
        "drive.appdata" => "Keep its own settings on the Drive",
        "spreadsheets" => "See, edit, create and delete all spreadsheets",
        "gmail.send" => "Send mail in this account's name, and read nothing",
        "gmail.compose" => "Write drafts and send mail in this account's name",
        "gmail.modify" => "Read, write and send mail, and move it to the bin",
        "gmail.readonly" => "Read all mail and settings",
        "gmail.metadata" => "See the headers of mail, but no text",
        "gmail.labels" => "See and change labels of mail",
        "gmail.insert" => "Add mail to the mailbox",
        "pubsub" => "Use Pub/Sub topics and subscriptions",
        "userinfo.email" | "email" => "See the e-mail address of the account",
        "userinfo.profile" | "profile" => "See the name of the account's owner",
        "openid" => "Know that it is the same account next time",
        "https://mail.google.com/" => "Read, write, send and delete all mail for good",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_lose_repeats_and_keep_their_order() {
        assert_eq!(split(" b a  b "), ["b", "a"]);
        assert!(split("").is_empty());
    }

    #[test]
    fn scopes_have_words() {
        assert!(in_words("https://www.googleapis.com/auth/drive").is_some());
        assert!(in_words("https://mail.google.com/").is_some());
        assert!(in_words("https://www.googleapis.com/auth/unheard.of").is_none());
    }
}
