//! The accounts of the emulated Google, with their grants and tokens.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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

/// All accounts, and what was granted to whom.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Accounts {
    people: BTreeMap<String, Person>,
    access: BTreeMap<String, AccessToken>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AccessToken {
    account: String,
    scopes: Vec<String>,
    expires: DateTime<Utc>,
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
        self.people
            .get(&account_key(email))
            .cloned()
            .unwrap_or_else(|| Person::new(email.trim()))
    }

    /// Returns every account, sorted by e-mail.
    pub(crate) fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// Returns the account key and scopes behind a living access token.
    pub(crate) fn caller(&self, token: &str, now: DateTime<Utc>) -> Option<(String, Vec<String>)> {
        let found = self.access.get(token).filter(|found| now < found.expires)?;
        Some((found.account.clone(), found.scopes.clone()))
    }
}
