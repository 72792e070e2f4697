//! The world's side of the ports in `core::clock`: the wall clock, the operating system's chance, and threads for heavy
//! work. The only file that reads the first two. Beside them what the system tells of a process.

use counterfoil_core::clock::{Clock, Entropy, Future, Pool};
use counterfoil_core::error::Error;
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::Arc;
use std::time::Duration;
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

/// Lets this process have as many open files as it may give itself: each connection is one, and the usual limit of 1,024
/// is meant for programs that cannot count further. How many it may have now; none: no limit.
pub fn raise_open_files() -> Option<u64> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Refused only where a raise would be beyond the hard limit, which this is not.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current
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

/// How much CPU time a process has taken so far, from the system's account of it; the name is a number or `self`.
pub fn cpu(process: &str) -> Option<Duration> {
    /// What Linux counts a second in, whatever its own clock (`proc(5)`: `sysconf(_SC_CLK_TCK)`).
    const TICKS: u64 = 100;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name that may hold anything; utime and stime are the 14th and 15th.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * (1000 / TICKS)))
}

/// How many bytes of memory this process has in use.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
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

    #[test]
    fn the_system_tells_what_a_process_takes() {
        assert!(cpu("self").is_some_and(|spent| spent < Duration::from_hours(1)));
        assert_eq!(cpu("nobody"), None);
        assert!(resident().is_some_and(|bytes| bytes > 100_000));
    }

    async fn poll_once<T>(future: &mut Future<'_, T>) -> std::task::Poll<T> {
        std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context))).await
    }
}
