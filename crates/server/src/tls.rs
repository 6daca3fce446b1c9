//! TLS 1.2 and 1.3 in front of the routes, no 0-RTT (TAXII 2.1 section 8.4). A handshake has a deadline and runs beside the
//! others, so that one slow client does not stop the accepting.
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto, version};
use tokio_rustls::server::TlsStream;

/// A client that has not shaken hands by then is dropped.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Finished handshakes that wait to be served; beyond it, accepting pauses.
const READY_MAX: usize = 64;

/// A listener that gives connections after their handshake.
pub struct Tls {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl Tls {
    /// Listens with the certificate chain and key of these PEM files.
    pub fn new(listener: TcpListener, certificate: &Path, key: &Path) -> io::Result<Tls> {
        let acceptor = TlsAcceptor::from(Arc::new(config(certificate, key)?));
        let address = listener.local_addr()?;
        let (done, ready) = mpsc::channel(READY_MAX);
        tokio::spawn(accept(listener, acceptor, done));
        Ok(Tls { ready, address })
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, done: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    while !done.is_closed() {
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of file descriptors, most likely: wait for some to come back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (acceptor, done) = (acceptor.clone(), done.clone());
        tokio::spawn(async move {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await {
                // The server is going down when nobody receives.
                drop(done.send((stream, peer)).await);
            }
        });
    }
}

fn config(certificate: &Path, key: &Path) -> io::Result<ServerConfig> {
    let wrong = |path: &Path, why: String| io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {why}", path.display()));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|e| wrong(certificate, format!("no PEM certificate chain ({e})")))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, format!("no PEM private key ({e})")))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .and_then(|b| b.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|e| wrong(certificate, format!("certificate and key do not go together ({e})")))?;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
