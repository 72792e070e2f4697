//! Patience with callers that say nothing or never come to an end, so that they do not keep connections for ever. One
//! alarm a connection, set anew when it rings and not when something moves: what is answered at once costs it nothing.

use counterfoil_dialects::incoming::BrokenOff;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long a connection is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// While nothing goes either way.
    pub(super) silence: Duration,
    /// From a request's first byte to the end of its head.
    pub(super) head: Duration,
}

/// How many requests came over a connection and how many of them were answered, so that its stream can tell a head that
/// is under way. The answers of HTTP/2 are not counted: what comes between its requests is no head.
#[derive(Debug, Default)]
pub(super) struct Turns {
    asked: AtomicU32,
    answered: AtomicU32,
}

impl Turns {
    /// A request's head has come.
    pub(super) fn asked(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was answered.
    pub(super) fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of the request whose turn it is to come, unless one is being answered.
    fn next(&self) -> Option<u32> {
        let asked = self.asked.load(Ordering::Relaxed);
        (asked == self.answered.load(Ordering::Relaxed)).then_some(asked)
    }
}

/// A connection that fails when patience with it is at its end.
pub(super) struct Patient<S> {
    stream: S,
    patience: Patience,
    turns: Arc<Turns>,
    /// When something last went either way.
    moved: Instant,
    /// When the first byte of which request came.
    began: Option<(u32, Instant)>,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    /// Over this stream, whose requests are counted by `turns`.
    pub(super) fn new(stream: S, patience: Patience, turns: Arc<Turns>) -> Self {
        let alarm = Box::pin(sleep(patience.silence));
        Self { stream, patience, turns, moved: Instant::now(), began: None, alarm }
    }

    /// When patience ends, as things are.
    fn end(&self) -> Instant {
        let silence = self.moved + self.patience.silence;
        let head = self.began.filter(|(number, _)| self.turns.next() == Some(*number));
        head.map_or(silence, |(_, began)| silence.min(began + self.patience.head))
    }

    fn heard(&mut self) {
        self.moved = Instant::now();
        if let Some(number) = self.turns.next()
            && self.began.is_none_or(|(of, _)| of != number)
        {
            self.began = Some((number, self.moved));
        }
    }

    /// What came of a try, unless it still waits and patience is at its end. Reading alone would not notice: whoever waits
    /// to write does not read.
    fn patiently<T>(&mut self, context: &mut Context<'_>, tried: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if tried.is_ready() {
            return tried;
        }
        let end = self.end();
        if end < self.alarm.deadline() {
            self.alarm.as_mut().reset(end);
        }
        while self.alarm.as_mut().poll(context).is_ready() {
            let end = self.end();
            if end <= Instant::now() {
                return Poll::Ready(Err(ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(end);
        }
        Poll::Pending
    }

    fn said<T>(&mut self, context: &mut Context<'_>, tried: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if tried.is_ready() {
            self.moved = Instant::now();
        }
        self.patiently(context, tried)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if read.is_ready() {
            self.heard();
        }
        self.patiently(context, read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.said(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.patiently(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.patiently(context, shut)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.said(context, written)
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
    use tokio::time::{advance, interval, timeout};

    const MOST: Duration = Duration::from_mins(1);
    const NEARLY: Duration = Duration::from_secs(59);
    const PATIENCE: Patience = Patience { silence: MOST, head: Duration::from_secs(10) };

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_fails_and_a_slow_one_does_not() {
        let (ours, mut theirs) = tokio::io::duplex(8);
        let turns = Arc::new(Turns::default());
        turns.asked();
        let mut ours = Patient::new(ours, PATIENCE, turns);
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
        let mut ours = Patient::new(ours, PATIENCE, Arc::default());
        let began = Instant::now();
        let written = timeout(2 * MOST, ours.write_all(b"more than it holds")).await.unwrap();
        assert_eq!((written.unwrap_err().kind(), began.elapsed()), (ErrorKind::TimedOut, MOST));
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_fails_and_the_time_between_requests_is_free() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let turns = Arc::new(Turns::default());
        let mut ours = Patient::new(ours, PATIENCE, Arc::clone(&turns));
        for _ in 0..3 {
            advance(NEARLY).await;
            theirs.write_u8(1).await.unwrap();
            ours.read_u8().await.unwrap();
            turns.asked();
            turns.answered();
        }
        advance(NEARLY).await;
        let began = Instant::now();
        let mut seconds = interval(Duration::from_secs(1));
        let trickle = async {
            loop {
                seconds.tick().await;
                theirs.write_u8(1).await.unwrap();
            }
        };
        let heard = async { while ours.read_u8().await.is_ok() {} };
        tokio::select! { () = trickle => {}, () = heard => {} }
        assert_eq!(began.elapsed(), PATIENCE.head);
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
        let trickle = Trickle(interval(Duration::from_secs(1)));
        let heard = Whole::within(MOST, trickle).collect().await.map(drop);
        assert!(heard.unwrap_err().0.contains("within 60s"));
        assert!(began.elapsed() <= MOST + Duration::from_secs(1));
    }
}
