//! Patience with callers that say nothing or never come to an end, so that they do not keep connections for ever. Kept
//! out: the time for a request's head, which is the parser's.

use counterfoil_dialects::incoming::BrokenOff;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A connection that fails once nothing has gone either way for so long.
pub(super) struct Idle<S> {
    stream: S,
    most: Duration,
    patience: Pin<Box<Sleep>>,
}

impl<S> Idle<S> {
    /// Over this stream, for `most` of silence.
    pub(super) fn after(most: Duration, stream: S) -> Self {
        Self { stream, most, patience: Box::pin(sleep(most)) }
    }

    /// What came of a try to move bytes. Reading alone would not notice time passing: whoever waits to write does not read.
    fn moved<T>(&mut self, context: &mut Context<'_>, tried: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if tried.is_ready() {
            self.patience.as_mut().reset(Instant::now() + self.most);
            return tried;
        }
        self.waited(context, tried)
    }

    fn waited<T>(&mut self, context: &mut Context<'_>, tried: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if tried.is_pending() {
            ready!(self.patience.as_mut().poll(context));
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        tried
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Idle<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        self.moved(context, read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Idle<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.moved(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.waited(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.waited(context, shut)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.moved(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A body that breaks off unless it has come whole so long after it first had to be waited for.
pub(super) struct Whole<B> {
    body: B,
    most: Duration,
    patience: Option<Pin<Box<Sleep>>>,
}

impl<B> Whole<B> {
    /// This body, waited for `most`.
    pub(super) fn within(most: Duration, body: B) -> Self {
        Self { body, most, patience: None }
    }
}

impl<B: Body<Data = Bytes, Error: std::fmt::Display> + Unpin> Body for Whole<B> {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(|error| BrokenOff(error.to_string()))));
        }
        let most = self.most;
        ready!(self.patience.get_or_insert_with(|| Box::pin(sleep(most))).as_mut().poll(context));
        Poll::Ready(Some(Err(BrokenOff(format!("it did not come whole within {most:?}")))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::{advance, timeout};

    const MOST: Duration = Duration::from_mins(1);
    const NEARLY: Duration = Duration::from_secs(59);

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_fails_and_a_slow_one_does_not() {
        let (ours, mut theirs) = tokio::io::duplex(8);
        let mut ours = Idle::after(MOST, ours);
        for _ in 0..3 {
            advance(NEARLY).await;
            theirs.write_u8(1).await.unwrap();
            ours.read_u8().await.unwrap();
            advance(NEARLY).await;
            ours.write_u8(1).await.unwrap();
        }
        let began = Instant::now();
        assert_eq!(ours.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(began.elapsed(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_reads_is_not_written_to_for_ever() {
        let (ours, _theirs) = tokio::io::duplex(8);
        let mut ours = Idle::after(MOST, ours);
        let began = Instant::now();
        let written = timeout(2 * MOST, ours.write_all(b"more than it holds")).await.unwrap();
        assert_eq!((written.unwrap_err().kind(), began.elapsed()), (ErrorKind::TimedOut, MOST));
    }

    /// A byte a second, without end.
    struct Trickle(tokio::time::Interval);

    impl Body for Trickle {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            self.0.poll_tick(context).map(|_| Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_without_end_breaks_off() {
        let began = Instant::now();
        let trickle = Trickle(tokio::time::interval(Duration::from_secs(1)));
        let heard = Whole::within(MOST, trickle).collect().await.map(drop);
        assert!(heard.unwrap_err().0.contains("within 60s"));
        assert!(began.elapsed() <= MOST + Duration::from_secs(1));
    }
}
