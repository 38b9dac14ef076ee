//! The accounts of the emulated Google.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{client::Client, grant::Grants};

/// A Google account as others see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// As first typed.
    pub(crate) email: String,
    pub(crate) display_name: String,
    /// Twenty digits, the same in every run; Drive calls it `permissionId`, OAuth `sub`.
    pub(crate) permission_id: String,
}

impl Person {
    fn new(email: &str) -> Self {
        let name = email.split('@').next().unwrap_or(email);
        let digest = blake3::hash(account_key(email).as_bytes());
        let mut number = [0; 8];
        number.copy_from_slice(&digest.as_bytes()[..8]);
        Self {
            email: email.to_owned(),
            display_name: name.to_owned(),
            permission_id: format!("{:020}", u64::from_be_bytes(number)),
        }
    }
}

/// Returns the key under which an e-mail is stored: trimmed, lower case.
pub(crate) fn account_key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Returns whether `text` can be the e-mail of an account.
pub(crate) fn is_email(text: &str) -> bool {
    let text = text.trim();
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\",;()".contains(c);
    text.len() <= 254
        && text.chars().all(plain)
        && text.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
}

/// All accounts, and what was granted to whom.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Accounts {
    people: BTreeMap<String, Person>,
    pub(crate) clients: BTreeMap<String, Client>,
    pub(crate) grants: Grants,
}

impl Accounts {
    /// Makes the account exist and returns it; an existing one keeps its spelling.
    pub(crate) fn ensure(&mut self, email: &str) -> &Person {
        self.people
            .entry(account_key(email))
            .or_insert_with(|| Person::new(email.trim()))
    }

    /// Returns the account, or what it would be if it existed.
    pub(crate) fn person(&self, email: &str) -> Person {
        let known = self.people.get(&account_key(email));
        known.cloned().unwrap_or_else(|| Person::new(email.trim()))
    }

    /// Returns every account, sorted by e-mail.
    pub(crate) fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_compare_without_case_and_keep_their_first_spelling() {
        let mut accounts = Accounts::default();
        accounts.ensure("Ada.O'Neil+x@Example.org");
        accounts.ensure("ada.o'neil+X@example.ORG");
        assert_eq!(accounts.people().count(), 1);
        assert_eq!(
            accounts.person("ADA.o'neil+x@example.org").email,
            "Ada.O'Neil+x@Example.org"
        );
    }

    #[test]
    fn the_permission_id_is_the_same_in_every_run() {
        let first = Accounts::default().person("a@b.org").permission_id;
        assert_eq!(first.len(), 20);
        assert_eq!(Accounts::default().person("A@B.org").permission_id, first);
    }

    #[track_caller]
    fn check_email(text: &str, expected: bool) {
        assert_eq!(is_email(text), expected, "{text}");
    }

    #[test]
    fn emails() {
        check_email("a@b", true);
        check_email("o'neil+tag_1@example.org", true);
        check_email("a b@example.org", false);
        check_email("a@b@c", false);
        check_email("@example.org", false);
        check_email("a@b.org\r\nBcc: x@y", false);
    }
}
