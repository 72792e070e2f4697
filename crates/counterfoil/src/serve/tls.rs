//! TLS: the operator's certificate, read anew when told to and taken only if it is good. Kept out: connections.

use crate::config::server::Server;
use anyhow::{Result, anyhow};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ServerConfig};

/// The certificate at work.
pub(super) struct Tls {
    cert: PathBuf,
    key: PathBuf,
    acceptor: RwLock<TlsAcceptor>,
}

impl Tls {
    /// Reads the configured certificate and its key, if there are any.
    pub(super) fn open(config: &Server) -> Result<Option<Self>> {
        let Some(files) = &config.tls else { return Ok(None) };
        let (cert, key) = (files.cert.value.clone(), files.key.value.clone());
        let acceptor = RwLock::new(read(&cert, &key)?);
        Ok(Some(Self { cert, key, acceptor }))
    }

    /// What new connections are accepted with.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        // Nothing panics while it holds this lock, so a poisoned one still guards sound data.
        self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads both files anew. Connections that stand keep what they began with; if anything is wrong with the new
    /// pair, so does everybody.
    pub(super) fn reload(&self) {
        match read(&self.cert, &self.key) {
            Ok(acceptor) => {
                *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
                tracing::info!(cert = %self.cert.display(), "the certificate was read anew");
            }
            Err(why) => tracing::error!(%why, "the certificate stays as it was"),
        }
    }
}

fn read(cert: &PathBuf, key: &PathBuf) -> Result<TlsAcceptor> {
    let unreadable = |file: &PathBuf, why| {
        let file = file.display();
        anyhow!("{file} cannot be used for HTTPS ({why}); tls_cert and tls_key are PEM files")
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| unreadable(cert, why.to_string()))?;
    if chain.is_empty() {
        return Err(unreadable(cert, "it holds no certificate".to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|why| unreadable(key, why.to_string()))?;
    let fits = |why: rustls::Error| anyhow!("{} is no key for {} ({why})", key.display(), cert.display());
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(fits)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
