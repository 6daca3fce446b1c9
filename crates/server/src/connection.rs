//! Connections, so many and no more, each with an end: a head that does not come, an answer that nobody takes and a connection that idles
//! cost a place for a while and never for ever. What is said over one is for the routes.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep, sleep};
use tower::ServiceExt;

use crate::tls::Peer;

/// Connections at once; whoever comes after them waits to be accepted.
const CONNECTIONS_MAX: usize = 512;
/// The head of a request is whole within, and a connection idles no longer.
const HEAD_MAX: Duration = Duration::from_secs(20);
/// An answer is looked at so often while it waits to be taken.
const WINDOW: Duration = Duration::from_secs(20);
/// Bytes that are taken in a window at least: 4 KiB a second, which any line has.
const TAKEN_MIN: u64 = 80 << 10;
/// What is under way has so long to end when the server is told to stop.
const DRAIN_MAX: Duration = Duration::from_secs(70);

/// A listener that knows what a connection showed before anything was said.
pub trait Shows: Listener {
    /// Of a connection of this listener.
    fn peer(io: &Self::Io) -> Peer;
}

/// Serves until `shutdown` is done, then lets what is under way come to its end.
pub(crate) async fn serve<L: Shows>(
    mut listener: L,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let under_way = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await.0)
        };
        let (place, io) = tokio::select! {
            () = &mut shutdown => break,
            next = next => next,
        };
        let (router, peer) = (router.clone(), L::peer(&io));
        let service = service_fn(move |request: Request<Incoming>| {
            let (mut parts, body) = request.into_parts();
            parts.extensions.insert(ConnectInfo(peer.clone()));
            let answer = router.clone().oneshot(Request::from_parts(parts, Body::new(body)));
            async move { answer.await.map_err(|never: Infallible| match never {}) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_MAX)
            .serve_connection(TokioIo::new(Patient::new(io)), service);
        let connection = under_way.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "a connection broke off");
            }
            drop(place);
        });
    }
    drop(listener);
    // What takes longer is cut: the ledger stands as it stood after the last unit of work.
    drop(tokio::time::timeout(DRAIN_MAX, under_way.shutdown()).await);
    Ok(())
}

/// A connection whose other end must take what it asked for, at some speed.
struct Patient<S> {
    io: S,
    /// Runs while something waits to be taken.
    window: Option<Pin<Box<Sleep>>>,
    taken: u64,
}

impl<S> Patient<S> {
    fn new(io: S) -> Patient<S> {
        Patient { io, window: None, taken: 0 }
    }

    /// After a write: what was taken counts; while nothing is taken the window runs, and at its end too little was.
    fn judge<T>(
        &mut self,
        cx: &mut Context<'_>,
        wrote: Poll<io::Result<T>>,
        bytes: impl Fn(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        match wrote {
            Poll::Ready(Ok(value)) => {
                self.taken += bytes(&value) as u64;
                Poll::Ready(Ok(value))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let window = self.window.get_or_insert_with(|| {
                    self.taken = 0;
                    Box::pin(sleep(WINDOW))
                });
                while window.as_mut().poll(cx).is_ready() {
                    if self.taken < TAKEN_MIN {
                        return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the answer is not taken")));
                    }
                    self.taken = 0;
                    window.as_mut().reset(Instant::now() + WINDOW);
                }
                Poll::Pending
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.judge(cx, wrote, |n| *n)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            // All was taken: the next answer begins with a window of its own.
            self.window = None;
        }
        self.judge(cx, flushed, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.io).poll_shutdown(cx);
        self.judge(cx, closed, |()| 0)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.io).poll_write_vectored(cx, parts);
        self.judge(cx, wrote, |n| *n)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    /// Writes a megabyte to somebody who takes so many bytes each second; gives whether all was taken.
    async fn told(each_second: usize) -> bool {
        let (near, mut far) = duplex(1 << 10);
        let reader = tokio::spawn(async move {
            let mut taken = vec![0; each_second.max(1)];
            while each_second > 0 && far.read_exact(&mut taken).await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
            std::future::pending::<()>().await;
        });
        let mut near = Patient::new(near);
        let wrote = near.write_all(&vec![0; 1 << 20]).await;
        reader.abort();
        wrote.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_taken_is_cut() {
        assert!(told(64 << 10).await);
        assert!(told(5 << 10).await, "a slow line");
        assert!(!told(1 << 10).await, "slower than any line");
        assert!(!told(0).await, "not at all");
    }
}
