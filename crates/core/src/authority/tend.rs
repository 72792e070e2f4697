//! What must be done from time to time: flushing, pruning, and reading the index anew after a doubt.

use super::Authority;
use super::commits::Commits;
use crate::clock::{from_millis, to_millis};
use crate::error::Error;
use crate::index::Index;
use crate::store::{StoreError, Touch, Write};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How long an expired session stays in the store.
const SESSIONS_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// So many uses are written down at every opportunity; more wait until they are worth it.
const FEW_USES: usize = 1_000;
/// How many seconds they wait at most.
const FLUSHED_WITHIN: i64 = 60;
/// No commit waits behind more touches than these: a dozen milliseconds, if each is on a page of its own.
const TOUCHES_AT_ONCE: usize = 200;

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

    /// How commits ended so far.
    pub fn commits(&self) -> &Commits {
        &self.commits
    }

    /// Writes down the locks, last uses and logins noted so far; those that cannot be written wait for the next time.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.write_locks().await?;
        let _alone = self.flushing.lock().await;
        self.flushed.store(self.now().as_second(), Ordering::Release);
        let logins = self.noted.take();
        if let Err(error) = self.store_all(logins.clone()).await {
            self.noted.add(logins);
            return Err(error);
        }
        if logins.iter().any(|touch| matches!(touch, Touch::Login { .. })) {
            self.recall.forget();
        }
        for batch in self.index.used().chunks(TOUCHES_AT_ONCE) {
            let uses = self.index.unwritten(batch);
            self.store_all(uses.iter().map(Touch::from).collect()).await?;
            self.index.written(&uses);
        }
        Ok(())
    }

    async fn store_all(&self, touches: Vec<Touch>) -> Result<(), StoreError> {
        if touches.is_empty() { Ok(()) } else { self.store.touch(touches).await }
    }

    /// Reads everything that may count from the store into the index, while no commit is under way. The doubt ends
    /// only with that: a reading that fails or is broken off leaves it.
    pub(super) async fn reload(&self) -> Result<(), Error> {
        // First: whoever writes uses down waits for no commit.
        let _still = self.flushing.lock().await;
        let _alone = self.reading.write().await;
        let generation = self.store.generation();
        let fresh = Arc::new(Index::new(super::joined(&self.formats)));
        let filling = Arc::clone(&fresh);
        self.store.load(self.now(), Box::new(move |loaded| filling.put(loaded))).await?;
        self.index.replace(&fresh);
        self.recall.forget();
        self.generation.store(generation, Ordering::Release);
        self.doubt.store(false, Ordering::Release);
        tracing::info!(texts = self.index.len(), "the index was read from the store");
        Ok(())
    }
}
