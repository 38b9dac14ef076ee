//! An emulated Google, and accounts that use it through our own transport.

use std::{path::PathBuf, sync::Arc, time::Duration};

use syft_emulator::{Emulator, Options};
use syft_transport::{
    google::{Endpoints, Gmail, GoogleDrive, Tokens},
    http::{self, Budget, Client, Proxies, Retry},
};
use tempfile::TempDir;

/// An emulator with token files.
pub(crate) struct Google {
    pub(crate) emulator: Emulator,
    pub(crate) client: Client,
    folder: TempDir,
}

impl Google {
    pub(crate) async fn start() -> Self {
        Self {
            emulator: Emulator::start(Options::default()).await.unwrap(),
            client: client(Proxies::Never),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn endpoints(&self) -> Endpoints {
        Endpoints::at(&self.emulator.url().parse().unwrap()).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a token file, as a Python client has left it.
    pub(crate) fn token_file(&self, account: &str, scopes: &[&str]) -> PathBuf {
        let path = self.path(&format!("{account}.json"));
        let token = self.emulator.token(account, scopes).to_string();
        syft_state::fs::write_atomic(&path, token.as_bytes(), 0o600).unwrap();
        path
    }

    pub(crate) fn tokens(&self, account: &str, scopes: &[&str]) -> Arc<Tokens> {
        let file = self.token_file(account, scopes);
        Tokens::open(&self.client, &self.endpoints(), &file).unwrap()
    }

    pub(crate) fn drive(&self, account: &str) -> GoogleDrive {
        let tokens = self.tokens(account, &[syft_emulator::scopes::DRIVE]);
        GoogleDrive::new(&tokens, Budget::DRIVE)
    }

    pub(crate) async fn gmail(&self, account: &str, scopes: &[&str]) -> Gmail {
        let unlimited = Budget {
            units_per_minute: u32::MAX,
            units_per_day: None,
        };
        Gmail::connect(&self.tokens(account, scopes), unlimited)
            .await
            .unwrap()
    }

    /// Returns how often a method was called since the last reset.
    pub(crate) fn count(&self, api: &str) -> u64 {
        self.emulator
            .request_counts()
            .get(api)
            .copied()
            .unwrap_or_default()
    }
}

/// Returns connections whose waits are too short to notice.
pub(crate) fn client(proxies: Proxies) -> Client {
    Client::new(http::Options {
        proxies,
        retry: Retry {
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(4),
            ..Retry::default()
        },
        ..http::Options::default()
    })
    .unwrap()
}
