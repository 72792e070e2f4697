//! What must be done from time to time: flushing, pruning, and reading the index anew after a doubt.

use super::Authority;
use crate::error::Error;
use crate::index::Index;
use crate::store::{StoreError, Write};
use jiff::SignedDuration;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How long an expired session stays in the store.
const SESSIONS_KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Authority {
    /// Does whatever is due. `serve` calls it every second or so; a failure is reported and tried again next time.
    pub async fn tend(&self) -> Result<(), Error> {
        self.settle().await?;
        self.flush().await?;
        let now = self.now();
        let minute = now.as_second().div_euclid(60);
        if self.pruned.load(Ordering::Acquire) == minute {
            return Ok(());
        }
        // Also moves the store's clock mark.
        let over = now.saturating_sub(SESSIONS_KEPT).unwrap_or(now);
        self.commit(vec![Write::ForgetReplays(now), Write::ForgetSessions(over)], Vec::new(), now).await?;
        self.index.sweep(now);
        self.sweep_meters();
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
        if self.doubt.load(Ordering::Acquire) || recovered { self.reload().await } else { Ok(()) }
    }

    /// Writes down the last uses and logins noted so far; those that cannot be written wait for the next time.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let (used, noted) = (self.index.take_used(), self.noted.take());
        let mut batch: Vec<_> = used.iter().filter_map(|known| known.touch()).collect();
        batch.extend(&noted);
        if batch.is_empty() {
            return Ok(());
        }
        self.store.touch(batch).await.inspect_err(|_| {
            for known in &used {
                self.index.queue(known);
            }
            self.noted.add(noted);
        })
    }

    /// Reads everything that may count from the store into the index, while no commit is under way. The doubt ends
    /// only with that: a reading that fails or is broken off leaves it.
    pub(super) async fn reload(&self) -> Result<(), Error> {
        let _alone = self.gate.write().await;
        let generation = self.store.generation();
        let fresh = Arc::new(Index::default());
        let filling = Arc::clone(&fresh);
        self.store.load(self.now(), Box::new(move |record| filling.put(&record))).await?;
        self.index.replace(&fresh);
        self.generation.store(generation, Ordering::Release);
        self.doubt.store(false, Ordering::Release);
        tracing::info!(texts = self.index.len(), "the index was read from the store");
        Ok(())
    }
}
