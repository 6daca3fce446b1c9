//! The bundle of a frozen review as a download: it goes out while it is written, and no more of it than a few chunks is in memory. To sign the head of the
//! log changes something, so it is asked for by a form.
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use assure::review::bundle;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Form as Sent, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body::Frame;
use ledger::{Error, Result};
use partners::may::Verb;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use super::view::{Brought, after, period};
use crate::auth::{self, Viewer};
use crate::respond::broken;
use crate::state::AppState;

/// Bytes of a chunk.
const CHUNK: usize = 64 << 10;
/// Chunks that wait to be taken.
const CHUNKS: usize = 8;
/// The log is not read for longer for one who takes it slowly: meanwhile the store cannot shrink.
const HELD_MAX: Duration = Duration::from_secs(600);

/// The address.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/assure/reviews/{period}/bundle", post(give))
}

async fn give(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    if let Some(refused) = auth::foreign(&headers, &brought.csrf, &viewer) {
        return refused;
    }
    let (out, from) = channel(CHUNKS);
    let (begun, begins) = oneshot::channel();
    let pen = Pen { chunk: Vec::with_capacity(CHUNK), out, begun: Some(begun), since: Instant::now() };
    let (ledger, by, of) = (Arc::clone(&state.ledger), viewer.person.clone(), name.clone());
    tokio::task::spawn_blocking(move || {
        let mut pen = pen;
        let reader = Some(brought.reader.trim()).filter(|name| !name.is_empty());
        let done = by.must(Verb::Verify).and_then(|()| period(&of));
        let done = done.and_then(|review| bundle::of(&ledger, &review, (&by, reader), &mut pen));
        pen.end(done.map(drop));
    });
    match begins.await {
        Ok(Ok(())) => {
            let named = format!(
                "attachment; filename=\"review-{}.bundle\"",
                name.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
            );
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
                (header::CONTENT_DISPOSITION, named),
                (header::CACHE_CONTROL, "no-store".to_owned()),
            ];
            (headers, Body::new(Taken(from))).into_response()
        }
        Ok(Err(error)) => after(state, viewer, name, Err(error)).await,
        Err(_) => broken("the writing of a bundle ended early"),
    }
}

/// Writes the body.
struct Pen {
    chunk: Vec<u8>,
    /// What is sent; nothing at its end.
    out: Sender<Option<Bytes>>,
    /// Tells that there is a body, or why there is none.
    begun: Option<oneshot::Sender<Result<()>>>,
    since: Instant,
}

impl Pen {
    fn send(&mut self, chunk: Option<Bytes>) -> io::Result<()> {
        if let Some(begun) = self.begun.take() {
            let _ = begun.send(Ok(()));
        }
        if self.since.elapsed() > HELD_MAX {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the bundle is taken too slowly"));
        }
        self.out.blocking_send(chunk).map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes the bundle"))
    }

    /// Sends what is left; where it went otherwise that is told, or the body breaks off, so that nobody takes a part for the whole.
    fn end(mut self, done: Result<()>) {
        let done = done.and_then(|()| self.flush().map_err(Error::from));
        match (done, self.begun.take()) {
            (Ok(()), _) => drop(self.send(None)),
            (Err(error), Some(begun)) => drop(begun.send(Err(error))),
            (Err(error), None) => tracing::warn!(%error, "a bundle broke off"),
        }
    }
}

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        self.send(Some(Bytes::from(full)))
    }
}

/// The end that is sent.
struct Taken(Receiver<Option<Bytes>>);

impl http_body::Body for Taken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(cx).map(|chunk| match chunk {
            Some(Some(chunk)) => Some(Ok(Frame::data(chunk))),
            Some(None) => None,
            None => Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the bundle broke off"))),
        })
    }
}
