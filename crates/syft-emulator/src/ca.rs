//! The certificate authority behind the `CONNECT` proxy.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{Datelike, Days, NaiveDate};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::error::Error;

/// The issuer's name; it must not change, or saved authorities stop matching their leaves.
const NAME: &str = "SyftBox emulator CA";
/// Days that an authority lives.
const CA_DAYS: u64 = 3650;
/// Days that a leaf lives; clients refuse more than 398.
const LEAF_DAYS: u64 = 397;
/// Hosts whose certificates are kept; the proxy admits only Google's names.
const MAX_LEAVES: usize = 256;

/// Signs a certificate for each host that a client asks for.
pub(crate) struct Authority {
    pem: String,
    key_pem: String,
    issuer: Issuer<'static, KeyPair>,
    leaves: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl Authority {
    /// Makes a new authority that is valid from the day before `today`.
    pub(crate) fn generate(today: NaiveDate) -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let mut params = ca_params();
        valid_for(&mut params, today, CA_DAYS);
        let pem = params.self_signed(&key)?.pem();
        Ok(Self::assemble(pem, key))
    }

    /// Takes up a saved authority: its certificate and its key, both as PEM.
    pub(crate) fn load(pem: String, key_pem: &str) -> Result<Self, Error> {
        Ok(Self::assemble(pem, KeyPair::from_pem(key_pem)?))
    }

    fn assemble(pem: String, key: KeyPair) -> Self {
        Self {
            pem,
            key_pem: key.serialize_pem(),
            issuer: Issuer::new(ca_params(), key),
            leaves: Mutex::default(),
        }
    }

    /// Returns the certificate that clients have to trust.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Returns the secret key, for the data directory alone.
    pub(crate) fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Returns the TLS settings for `host`.
    pub(crate) fn server_config(
        &self,
        host: &str,
        today: NaiveDate,
    ) -> Result<Arc<ServerConfig>, Error> {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = leaves.get(host) {
            return Ok(Arc::clone(known));
        }
        if leaves.len() >= MAX_LEAVES {
            leaves.clear();
        }
        let config = Arc::new(self.sign(host, today)?);
        leaves.insert(host.to_owned(), Arc::clone(&config));
        Ok(config)
    }

    fn sign(&self, host: &str, today: NaiveDate) -> Result<ServerConfig, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, host);
        params
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::ServerAuth);
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        params.use_authority_key_identifier_extension = true;
        valid_for(&mut params, today, LEAF_DAYS);
        let leaf: CertificateDer<'static> = params.signed_by(&key, &self.issuer)?.der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, NAME);
    params
}

fn valid_for(params: &mut CertificateParams, today: NaiveDate, days: u64) {
    // A client whose clock runs behind must not find a certificate from the future.
    let start = today - Days::new(1);
    let end = start + Days::new(days);
    let midnight = |day: NaiveDate| {
        let month = u8::try_from(day.month()).expect("a month is at most 12");
        let day_of_month = u8::try_from(day.day()).expect("a day is at most 31");
        date_time_ymd(day.year(), month, day_of_month)
    };
    params.not_before = midnight(start);
    params.not_after = midnight(end);
}
