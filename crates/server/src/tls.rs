//! TLS 1.2 and 1.3 in front of the routes, no 0-RTT (TAXII 2.1 section 8.4). A handshake has a deadline and runs beside the
//! others, so that one slow client does not stop the accepting. A client may show a certificate of an authority that the operator
//! named; whose it is, `partners::access` says.
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
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto, version};
use tokio_rustls::server::TlsStream;

use crate::connection::Shows;

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
    /// Listens with the certificate chain and key of these PEM files; clients may show a certificate of these authorities.
    pub fn new(listener: TcpListener, certificate: &Path, key: &Path, clients: Option<&Path>) -> io::Result<Tls> {
        let acceptor = TlsAcceptor::from(Arc::new(config(certificate, key, clients)?));
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
        at_once(&stream);
        let (acceptor, done) = (acceptor.clone(), done.clone());
        tokio::spawn(async move {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await {
                // The server is going down when nobody receives.
                drop(done.send((stream, peer)).await);
            }
        });
    }
}

fn wrong(path: &Path, why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {why}", path.display()))
}

/// The certificates of a PEM file.
pub(crate) fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|e| wrong(path, format!("no PEM certificate chain ({e})")))
}

/// The DER form of the first certificate of a PEM file.
pub fn certificate(path: &Path) -> io::Result<Vec<u8>> {
    let first = certificates(path)?.into_iter().next();
    first.map(|c| c.to_vec()).ok_or_else(|| wrong(path, "no certificate in it".to_owned()))
}

fn config(certificate: &Path, key: &Path, clients: Option<&Path>) -> io::Result<ServerConfig> {
    let chain = certificates(certificate)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, format!("no PEM private key ({e})")))?;
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|e| wrong(certificate, e.to_string()))?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates(path)?);
            // Whoever has a password or a token needs no certificate.
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|e| wrong(path, format!("no authority for clients ({e})")))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder
        .with_single_cert(chain, private)
        .map_err(|e| wrong(certificate, format!("certificate and key do not go together ({e})")))?;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// What is known of the other end of a connection before it says anything.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// SHA-256 of the client's certificate, whose chain was verified in the handshake.
    pub certificate: Option<String>,
}

impl Shows for Plain {
    fn peer(_: &TcpStream) -> Peer {
        Peer::default()
    }
}

impl Shows for Tls {
    fn peer(io: &TlsStream<TcpStream>) -> Peer {
        let shown = io.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        Peer { certificate: shown.map(|der| partners::access::fingerprint(der)) }
    }
}

/// A listener without TLS, for loopback.
pub struct Plain(pub TcpListener);

impl axum::serve::Listener for Plain {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, peer) = axum::serve::Listener::accept(&mut self.0).await;
        at_once(&stream);
        (stream, peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A body goes out in several writes; the last, short one must not wait for the client to acknowledge those before it.
fn at_once(stream: &TcpStream) {
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!(error = %e, "a connection keeps its delay");
    }
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
