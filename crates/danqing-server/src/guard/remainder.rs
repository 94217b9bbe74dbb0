//! What is left of a refused body.
//!
//! A connection that closes while its client still sends is reset, and the client never sees why it was refused. So the
//! rest is read and thrown away before the answer goes out, within bounds.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{Stream, StreamExt};

/// Most bytes that are thrown away.
const MOST_BYTES: usize = 64 << 20;
/// Most time that this may take.
const MOST_TIME: Duration = Duration::from_secs(2);

/// Reads what a refusing handler left of the body.
pub(super) async fn drained(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let left = Arc::new(Mutex::new(None));
    let lent = Lent { inner: Some(body.into_data_stream()), left: Arc::clone(&left) };
    let response = next.run(Request::from_parts(parts, Body::from_stream(lent))).await;
    let rest = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(rest) = rest
        && response.status().is_client_error()
    {
        // Whether it came to its end or not, the answer goes out now.
        let _ = tokio::time::timeout(MOST_TIME, thrown_away(rest)).await;
    }
    response
}

async fn thrown_away(mut rest: BodyDataStream) {
    let mut bytes = 0;
    while let Some(Ok(part)) = rest.next().await {
        bytes += part.len();
        if bytes > MOST_BYTES {
            break;
        }
    }
}

/// A body that is given back when its reader is done with it before its end.
struct Lent {
    inner: Option<BodyDataStream>,
    left: Arc<Mutex<Option<BodyDataStream>>>,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let polled = inner.poll_next_unpin(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.inner = None;
        }
        polled
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = self.inner.take();
    }
}
