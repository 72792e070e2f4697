//! The world's side of the ports in `core::clock`: the wall clock, the operating system's chance, and threads for heavy
//! work. The only file that reads the first two.

use counterfoil_core::clock::{Clock, Entropy, Future, Pool};
use counterfoil_core::error::Error;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The machine's wall clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed to everybody else")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's random number generator.
#[derive(Debug, Clone, Copy)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the chance that is handed to everybody else")]
    fn fill(&self, buffer: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(buffer).map_err(Error::unavailable)
    }
}

/// Threads of the runtime for heavy work: so many at once, so many more in a queue, the rest refused.
#[derive(Debug)]
pub struct BoundedPool {
    places: Semaphore,
    turns: Arc<Semaphore>,
}

impl BoundedPool {
    /// At most `at_once` pieces of work run and `queued` wait.
    pub fn new(at_once: usize, queued: usize) -> Self {
        Self { places: Semaphore::new(at_once + queued), turns: Arc::new(Semaphore::new(at_once)) }
    }
}

impl Pool for BoundedPool {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Future<'_, Result<(), Error>> {
        Box::pin(async move {
            let full = |_| Error::TooMany { after: SignedDuration::from_secs(1) };
            let _place = self.places.try_acquire().map_err(full)?;
            let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(Error::unavailable)?;
            // The turn ends with the work, not with the caller, who may have gone.
            let work = move || {
                work();
                drop(turn);
            };
            tokio::task::spawn_blocking(work).await.map_err(Error::unavailable)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn a_full_queue_refuses_and_an_empty_one_works_again() {
        let pool = BoundedPool::new(1, 0);
        let (release, held) = mpsc::channel::<()>();
        let mut first = pool.run(Box::new(move || held.recv().unwrap()));
        assert!(poll_once(&mut first).await.is_pending());
        assert!(matches!(pool.run(Box::new(|| ())).await, Err(Error::TooMany { .. })));
        release.send(()).unwrap();
        first.await.unwrap();
        pool.run(Box::new(|| ())).await.unwrap();
    }

    async fn poll_once<T>(future: &mut Future<'_, T>) -> std::task::Poll<T> {
        std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context))).await
    }
}
