//! What must be done from time to time: flushing, pruning, and reading the index anew after a doubt.

use super::Authority;
use crate::clock::{from_millis, to_millis};
use crate::error::Error;
use crate::index::Index;
use crate::store::{StoreError, Touch, Write};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How long an expired session stays in the store.
const SESSIONS_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// So many uses are written down at every opportunity; more wait until they are worth it.
const FEW_USES: usize = 1_000;
/// How many seconds they wait at most.
const FLUSHED_WITHIN: i64 = 60;
/// No commit waits behind more touches than these.
const TOUCHES_AT_ONCE: usize = 1_000;

/// How commits ended.
#[derive(Debug, Default)]
pub(super) struct Commits {
    done: AtomicU64,
    /// By another change that came first: nothing was done.
    refused: AtomicU64,
    unknown: AtomicU64,
}

impl Commits {
    pub(super) fn note(&self, outcome: &Result<(), StoreError>) {
        let count = match outcome {
            Ok(()) => &self.done,
            Err(StoreError::Taken(_) | StoreError::Stale(_)) => &self.refused,
            Err(StoreError::Unavailable(_)) => &self.unknown,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Authority {
    /// Does whatever is due. `serve` calls it every second or so; a failure is reported and tried again next time.
    pub async fn tend(&self) -> Result<(), Error> {
        self.settle().await?;
        self.write_locks().await?;
        let now = self.now();
        if self.index.uses() <= FEW_USES
            || self.flushed.load(Ordering::Acquire) + FLUSHED_WITHIN <= now.as_second()
        {
            self.flush().await?;
        }
        let minute = now.as_second().div_euclid(60);
        if self.pruned.load(Ordering::Acquire) == minute {
            return Ok(());
        }
        // Also moves the store's clock mark.
        let over = now.saturating_sub(SESSIONS_KEPT).unwrap_or(now);
        self.commit(vec![Write::ForgetReplays(now), Write::ForgetSessions(over)], Vec::new(), now).await?;
        self.index.sweep(now);
        self.sweep_meters();
        self.sweep_buckets();
        self.tend_signing_keys().await?;
        self.pruned.store(minute, Ordering::Release);
        Ok(())
    }

    /// Whether the store answers.
    pub async fn reachable(&self) -> Result<(), Error> {
        self.store.meta().await?;
        Ok(())
    }

    /// Reads the index anew if a commit's outcome is unknown or the store recovered from a failure.
    pub async fn settle(&self) -> Result<(), Error> {
        let recovered = self.generation.load(Ordering::Acquire) != self.store.generation();
        if self.doubt.load(Ordering::Acquire) || recovered {
            self.reload().await?;
        }
        self.followed.store(to_millis(self.clock.now()).as_millisecond(), Ordering::Release);
        Ok(())
    }

    /// When the index was last known to be as the store is; a doubt that lasts leaves it behind.
    pub fn followed(&self) -> Timestamp {
        from_millis(self.followed.load(Ordering::Acquire))
    }

    /// Whether a commit's outcome is unknown, so that what it touched is refused.
    pub fn in_doubt(&self) -> bool {
        self.doubt.load(Ordering::Acquire)
    }

    /// Each outcome of commits, and how many ended so since the start.
    pub fn commits(&self) -> [(&'static str, u64); 3] {
        let Commits { done, refused, unknown } = &self.commits;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [("done", count(done)), ("refused", count(refused)), ("unknown", count(unknown))]
    }

    /// Writes down the locks, last uses and logins noted so far; those that cannot be written wait for the next time.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.write_locks().await?;
        let _alone = self.flushing.lock().await;
        self.flushed.store(self.now().as_second(), Ordering::Release);
        let mut touches = self.index.take_uses();
        touches.extend(self.noted.take());
        let mut batches = touches.chunks(TOUCHES_AT_ONCE);
        while let Some(batch) = batches.next() {
            if let Err(error) = self.store.touch(batch.to_vec()).await {
                batch.iter().chain(batches.flatten()).for_each(|touch| self.note_again(*touch));
                return Err(error);
            }
        }
        Ok(())
    }

    fn note_again(&self, touch: Touch) {
        match touch {
            Touch::Use { token, used, count } => self.index.note_use(token, used, count),
            Touch::Login { .. } => self.noted.add([touch]),
        }
    }

    /// Reads everything that may count from the store into the index, while no commit is under way. The doubt ends
    /// only with that: a reading that fails or is broken off leaves it.
    pub(super) async fn reload(&self) -> Result<(), Error> {
        // First: whoever writes uses down waits for no commit.
        let _still = self.flushing.lock().await;
        let _alone = self.gate.write().await;
        let generation = self.store.generation();
        let fresh = Arc::new(Index::new(super::joined(&self.formats)));
        let filling = Arc::clone(&fresh);
        self.store.load(self.now(), Box::new(move |record| filling.put(&record))).await?;
        self.index.replace(&fresh);
        self.generation.store(generation, Ordering::Release);
        self.doubt.store(false, Ordering::Release);
        tracing::info!(texts = self.index.len(), "the index was read from the store");
        Ok(())
    }
}
