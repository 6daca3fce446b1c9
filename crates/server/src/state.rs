//! What every handler has: the store, who signed in lately, the page assets. One per process; nothing in it cannot be derived.

use std::sync::Arc;

use ledger::{Ledger, Result, Tx};
use partners::Authenticator;

use crate::assets::Assets;

/// Shared by all handlers.
#[derive(Clone)]
pub struct AppState {
    /// The store, with its clock, its randomness and the stages it was opened with.
    pub ledger: Arc<Ledger>,
    /// Remembers right passwords for a while.
    pub authenticator: Arc<Authenticator>,
    /// Exposures and infrastructure in memory; they follow the log.
    pub boards: Arc<crate::board::Boards>,
    /// What measures are computed from, in memory; it follows the log too.
    pub measures: Arc<assure::Memory>,
    /// What was shown to whom, written down behind the readers.
    pub recorder: Arc<exchange::disclosed::Recorder>,
    /// Style, script and type of the pages.
    pub assets: Assets,
    /// Where mail goes that a page sends, and as whom; without it no page sends any.
    pub office: Option<Arc<act::Office>>,
    /// The listener speaks TLS, so cookies may be bound to it.
    pub tls: bool,
}

impl AppState {
    /// A state over an open store.
    pub fn new(ledger: Arc<Ledger>) -> AppState {
        let authenticator = Arc::new(Authenticator::new(&*ledger.env().entropy));
        AppState {
            ledger,
            authenticator,
            boards: Arc::default(),
            measures: Arc::default(),
            recorder: Arc::default(),
            assets: Assets::embedded(),
            office: None,
            tls: false,
        }
    }

    /// The key of the operator's own organisation.
    pub fn home(&self) -> &str {
        &self.ledger.genesis().home
    }

    /// Runs a reading unit on a thread that may wait.
    pub async fn read<T: Send + 'static>(&self, f: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        let ledger = Arc::clone(&self.ledger);
        wait(move || ledger.read(f)).await
    }

    /// Runs a writing unit on a thread that may wait, and lets the stages catch up before it returns.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let ledger = Arc::clone(&self.ledger);
        wait(move || {
            let value = ledger.write(f)?;
            ledger.catch_up()?;
            Ok(value)
        })
        .await
    }
}

/// Runs blocking work where it holds nobody up.
pub(crate) async fn wait<T: Send + 'static>(f: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(f).await {
        Ok(result) => result,
        Err(error) => Err(ledger::Error::Engine(format!("a unit of work ended early: {error}"))),
    }
}
