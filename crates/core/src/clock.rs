//! What the rules need of the world besides a store: time, chance and heavy work, handed in so that tests own them.

use crate::error::Error;
use jiff::Timestamp;
use std::pin::Pin;
use uuid::Uuid;

/// A boxed future, the shape of every asynchronous port.
pub type Future<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

/// The wall clock.
pub trait Clock: Send + Sync {
    /// The present instant. Callers cut it to whole milliseconds: no record keeps more.
    fn now(&self) -> Timestamp;
}

/// The operating system's random number generator.
pub trait Entropy: Send + Sync {
    /// Fills the buffer, or fails with `Unavailable`: a weak secret is never struck instead.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), Error>;
}

/// A bounded place for work that keeps a core busy for milliseconds (argon2, RSA), away from verification.
pub trait Pool: Send + Sync {
    /// Runs the work and resolves when it is done; fails with `TooMany` when the queue is full.
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Future<'_, Result<(), Error>>;
}

/// The instant cut to whole milliseconds, the finest that records and wires carry.
pub fn to_millis(at: Timestamp) -> Timestamp {
    from_millis(at.as_millisecond())
}

/// An instant from milliseconds since 1970, clamped to what a timestamp can hold.
pub fn from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// A time-ordered id (UUIDv7, RFC 9562) from the handed-in clock and entropy.
pub fn uuid_v7(now: Timestamp, entropy: &dyn Entropy) -> Result<Uuid, Error> {
    let mut random = [0_u8; 10];
    entropy.fill(&mut random)?;
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}
