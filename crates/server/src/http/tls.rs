//! Certificates and keys from PEM files into what the listener speaks TLS with.

use std::{fmt::Display, io, path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// Reads a certificate chain and its key. HTTP/2 and HTTP/1.1 are offered, TLS 1.2 and 1.3.
pub fn load(cert: &Path, key: &Path) -> io::Result<Arc<ServerConfig>> {
    let wrong = |path: &Path, why: &dyn Display| io::Error::other(format!("{}: {why}", path.display()));
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| wrong(cert, &why))?;
    if chain.is_empty() {
        return Err(wrong(cert, &"holds no certificate; it must be PEM"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|why| wrong(key, &why))?;
    // Named here rather than installed for the process, so that a library cannot choose another one first.
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|why| wrong(key, &why))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
