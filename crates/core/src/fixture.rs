//! A clock that stands still and chance that repeats: for tests, transcripts and benchmarks of every crate.
//! Nothing that serves may use it; the tidy test holds the binary to that.

use crate::clock::{Clock, Entropy, Future, Pool, from_millis};
use crate::error::Error;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A clock that moves only when told.
#[derive(Debug)]
pub struct StillClock(AtomicI64);

impl StillClock {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_millisecond()))
    }

    /// Moves by `span`, which may be negative.
    pub fn pass(&self, span: SignedDuration) {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Jumps to `now`.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millisecond(), Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// The same bytes in every run: SHA-256 of a counter.
#[derive(Debug, Default)]
pub struct CountedEntropy {
    counter: AtomicU64,
    rest: Mutex<Vec<u8>>,
}

impl Entropy for CountedEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), Error> {
        let mut rest = self.rest.lock().map_err(|_| Error::unavailable("the fixture was poisoned"))?;
        for byte in buffer {
            if rest.is_empty() {
                let count = self.counter.fetch_add(1, Ordering::SeqCst);
                rest.extend_from_slice(&Sha256::digest(count.to_be_bytes()));
            }
            *byte = rest.pop().unwrap_or_default();
        }
        Ok(())
    }
}

/// Does heavy work on the spot.
#[derive(Debug)]
pub struct Inline;

impl Pool for Inline {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Future<'_, Result<(), Error>> {
        work();
        Box::pin(std::future::ready(Ok(())))
    }
}
