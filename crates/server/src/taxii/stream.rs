//! A page that goes out while it is read: reading and sending go on side by side, and no more than a chunk is copied twice.
//! The length is known before the first byte, and the whole page has a limit (`exchange::page`): what a slow client has not taken waits
//! in memory, never in a transaction.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Bytes that go out at once; a page of fewer is answered as a whole.
pub(super) const CHUNK: usize = 128 << 10;

/// Writes the body.
pub(super) struct Pen {
    chunk: Vec<u8>,
    out: UnboundedSender<Bytes>,
}

/// The end that is sent.
struct Sent {
    from: UnboundedReceiver<Bytes>,
    left: u64,
}

/// A body of `length` bytes and the pen that writes it. A pen that is dropped before all is written breaks the connection off, so that
/// nobody takes a part for the whole.
pub(super) fn open(length: usize) -> (Pen, Body) {
    let (out, from) = unbounded_channel();
    (Pen { chunk: Vec::with_capacity(CHUNK), out }, Body::new(Sent { from, left: length as u64 }))
}

impl Pen {
    /// Adds bytes; false where nobody reads any more.
    pub(super) fn write(&mut self, bytes: &[u8]) -> bool {
        if self.chunk.len() + bytes.len() > CHUNK && !self.chunk.is_empty() {
            let full = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK.max(bytes.len())));
            if self.out.send(Bytes::from(full)).is_err() {
                return false;
            }
        }
        self.chunk.extend_from_slice(bytes);
        true
    }

    /// Sends what is left.
    pub(super) fn close(self) {
        let _ = self.out.send(Bytes::from(self.chunk));
    }
}

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.from.poll_recv(cx).map(|chunk| {
            let chunk = chunk?;
            self.left = self.left.saturating_sub(chunk.len() as u64);
            Some(Ok(Frame::data(chunk)))
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
