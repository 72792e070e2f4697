//! A reply as it goes out: its bytes and, if it has any, the trailers after them. Kept out: what they say.

use bytes::Bytes;
use counterfoil_dialects::dialect::Reply;
use counterfoil_dialects::reply::Trailers;
use http::{HeaderMap, Response};
use hyper::body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What of a reply's body is still to be said.
pub(super) struct Spoken {
    bytes: Bytes,
    trailers: Option<HeaderMap>,
}

impl Spoken {
    /// Of this reply.
    pub(super) fn of(mut reply: Reply) -> Response<Self> {
        let trailers = reply.extensions_mut().remove::<Trailers>().map(|Trailers(trailers)| trailers);
        reply.map(|bytes| Self { bytes, trailers })
    }
}

impl Body for Spoken {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.bytes);
        let frame = if bytes.is_empty() {
            self.trailers.take().map(Frame::trailers)
        } else {
            Some(Frame::data(bytes))
        };
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty() && self.trailers.is_none()
    }

    /// A length in the head would tell some callers that nothing comes after the bytes.
    fn size_hint(&self) -> SizeHint {
        let length = self.bytes.len() as u64;
        if self.trailers.is_none() { SizeHint::with_exact(length) } else { SizeHint::default() }
    }
}
