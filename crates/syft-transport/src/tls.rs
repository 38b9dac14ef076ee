//! Whom we trust: the platform's certificate authorities and those the caller adds.

mod anybody;

use std::{error::Error as StdError, path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

use crate::error::{Error, Result};

pub(crate) use anybody::accept_anybody;

/// Returns the TLS settings of all our connections.
///
/// The platform's authorities are those of the operating system, or those that
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead.
pub(crate) fn config(extra_roots: &[PathBuf]) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions of TLS");
    Ok(
        match Verifier::new_with_extra_roots(read(extra_roots)?, provider) {
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
        },
    )
}

/// Says what is wrong, with what to do where a person can do something.
pub(crate) fn reason(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(problem) => format!(
            "its certificate is not trusted ({problem:?}); behind a proxy that opens TLS, \
             name the proxy's CA in SSL_CERT_FILE"
        ),
        other => format!("TLS failed: {other}"),
    }
}

/// Returns the innermost cause of type `T`, looking into I/O errors that wrap another error.
pub(crate) fn cause<'a, T: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a T> {
    let mut found = None;
    let mut next = Some(error);
    while let Some(current) = next {
        found = current.downcast_ref::<T>().or(found);
        next = match current.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => current.source(),
        };
    }
    found
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
