//! `serve`: pages and TAXII 2.1, until told to stop.
use crate::args::Global;
use crate::failure::{Done, Failure};
use crate::verbs::mail::Mail;
use crate::{out, store, work};
use clap::Args;
use server::AppState;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// So long an exchange with a peer may go on when the server is told to stop.
const PEERS_WAIT: Duration = Duration::from_secs(5);

/// Serve pages and TAXII 2.1.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one. Without a certificate only loopback
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// The certificate chain, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Authorities whose client certificates are taken for TAXII, PEM; bind one to a person with `user certificate`
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
    #[command(flatten)]
    mail: Mail,
}

impl Serve {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        if self.tls_cert.is_none() && !self.listen.ip().is_loopback() {
            return Err(Failure::Usage(format!(
                "{} is no loopback address; give --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy",
                self.listen
            )));
        }
        let ledger = store::open_or_create(global)?;
        ledger.catch_up()?;
        let mut state = AppState::new(Arc::clone(&ledger));
        state.tls = self.tls_cert.is_some();
        state.office = Some(Arc::new(self.mail.office(global, &ledger)?));
        let stop = Arc::new(AtomicBool::new(false));
        let peers = {
            let (ledger, stop) = (Arc::clone(&ledger), Arc::clone(&stop));
            std::thread::spawn(move || work::exchange::work(&ledger, &stop))
        };
        std::thread::scope(|scope| {
            scope.spawn(|| work::work(&ledger, &stop));
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            let served = runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(self.serve(state)));
            stop.store(true, Ordering::Relaxed);
            served
        })?;
        // A peer may take minutes to answer. What came from it so far is written down; the rest comes another time.
        let begun = Instant::now();
        while !peers.is_finished() && begun.elapsed() < PEERS_WAIT {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Done::Fine)
    }

    async fn serve(&self, state: AppState) -> Result<(), Failure> {
        let could_not = |e: std::io::Error| Failure::CouldNot(format!("{}: {e}", self.listen));
        let listener = tokio::net::TcpListener::bind(self.listen).await.map_err(could_not)?;
        let address = listener.local_addr().map_err(could_not)?;
        let stop = stop()?;
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let tls = server::tls::Tls::new(listener, certificate, key, self.tls_client_ca.as_deref())?;
                out::line(&format!("listening on https://{address}/"))?;
                server::serve(tls, state, stop).await.map_err(could_not)
            }
            _ => {
                out::line(&format!("listening on http://{address}/"))?;
                server::serve(server::tls::Plain(listener), state, stop).await.map_err(could_not)
            }
        }
    }
}

/// Done at SIGTERM or Ctrl-C: what is under way comes to its end.
fn stop() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    })
}
