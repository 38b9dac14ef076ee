//! Whom we trust: the platform's certificate authorities and those the caller adds.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

use crate::error::{Error, Result};

/// Returns the TLS settings of all our connections.
///
/// The platform's authorities are those of the operating system, or those that
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead.
pub(super) fn config(extra_roots: &[PathBuf]) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions of TLS");
    let mut config = match Verifier::new_with_extra_roots(read(extra_roots)?, provider) {
        Ok(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth(),
        Err(error) => {
            // Plain HTTP to this machine must work where no authority is installed.
            tracing::warn!(%error, "no certificate authority is known: no TLS connection will be trusted");
            builder
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn read(paths: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>> {
    let mut all = Vec::new();
    for path in paths {
        let unusable = |reason: String| Error::BadFile {
            path: path.clone(),
            reason,
        };
        let pem = std::fs::read(path).map_err(|source| Error::Local {
            path: path.clone(),
            source,
        })?;
        let before = all.len();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            all.push(certificate.map_err(|error| unusable(format!("it is no PEM file: {error}")))?);
        }
        if all.len() == before {
            return Err(unusable("it holds no certificate in PEM form".to_owned()));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = config(&[file.path().to_owned()]).unwrap_err();
        assert!(matches!(&error, Error::BadFile { path, .. } if path == file.path()));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = config(&["/nowhere/ca.pem".into()]).unwrap_err();
        assert_eq!(error.to_string(), "cannot access /nowhere/ca.pem");
    }
}
