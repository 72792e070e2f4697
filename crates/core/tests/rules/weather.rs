//! A store with weather: a double of the port that passes everything on to `Memory`, but may be slow, may fail a commit
//! before or after it was kept, and may be down.

use counterfoil_core::clock::Future;
use counterfoil_core::journal::Entry;
use counterfoil_core::load::Sink;
use counterfoil_core::memory::Memory;
use counterfoil_core::store::{
    Change, JournalFilter, Key, Meta, Query, Record, Store, StoreError, TokenFilter, Touch,
};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What befalls a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails and was not kept.
    Before,
    /// It was kept and its caller never learns that.
    After,
}

/// `Memory`, and what stands between it and the caller.
pub(crate) struct Weather {
    inner: Memory,
    faults: Mutex<VecDeque<Fault>>,
    down: AtomicBool,
    commits: AtomicU64,
    /// The state of a little generator of delays; 0 is no delay at all.
    delays: AtomicU64,
}

impl Weather {
    pub(crate) fn over(inner: Memory) -> Self {
        Self { inner, faults: Mutex::default(), down: false.into(), commits: 0.into(), delays: 0.into() }
    }

    /// The next commits meet these.
    pub(crate) fn strike(&self, faults: &[Fault]) {
        self.faults.lock().unwrap().extend(faults);
    }

    /// Nothing answers, or everything again.
    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Every call gives way to others a few times, before and after it is done, as the seed says.
    pub(crate) fn delay(&self, seed: u64) {
        self.delays.store(seed, Ordering::SeqCst);
    }

    /// How many changes were kept.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    async fn give_way(&self) {
        let state = self.delays.load(Ordering::SeqCst);
        if state == 0 {
            return;
        }
        // Knuth's MMIX generator; its high bits are good enough here.
        let next = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.delays.store(next.max(1), Ordering::SeqCst);
        // Mostly a step or two, sometimes long enough for others to do all that they want.
        let draw = next >> 60;
        for _ in 0..if draw < 3 { 40 } else { draw % 3 } {
            tokio::task::yield_now().await;
        }
    }

    async fn arrive(&self) -> Result<(), StoreError> {
        self.give_way().await;
        if self.down.load(Ordering::SeqCst) { Err(lost("the store is down")) } else { Ok(()) }
    }
}

fn lost(why: &'static str) -> StoreError {
    StoreError::Unavailable(why.into())
}

/// Passes a call on, if the weather lets it arrive and leave.
macro_rules! pass {
    ($self:ident, $call:expr) => {
        Box::pin(async move {
            $self.arrive().await?;
            let answer = $call.await;
            $self.give_way().await;
            answer
        })
    };
}

impl Store for Weather {
    fn meta(&self) -> Future<'_, Result<Meta, StoreError>> {
        pass!(self, self.inner.meta())
    }

    fn reserve(&self, count: u64) -> Future<'_, Result<u64, StoreError>> {
        pass!(self, self.inner.reserve(count))
    }

    fn commit(&self, change: Change) -> Future<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.arrive().await?;
            let fault = self.faults.lock().unwrap().pop_front();
            if fault == Some(Fault::Before) {
                return Err(lost("it was not kept"));
            }
            self.inner.commit(change).await?;
            self.commits.fetch_add(1, Ordering::SeqCst);
            self.give_way().await;
            if fault == Some(Fault::After) { Err(lost("it was kept")) } else { Ok(()) }
        })
    }

    fn find(&self, key: Key) -> Future<'_, Result<Option<Record>, StoreError>> {
        pass!(self, self.inner.find(key))
    }

    fn list(&self, query: Query) -> Future<'_, Result<Vec<Record>, StoreError>> {
        pass!(self, self.inner.list(query))
    }

    fn count(&self, filter: TokenFilter) -> Future<'_, Result<u64, StoreError>> {
        pass!(self, self.inner.count(filter))
    }

    fn journal(&self, filter: JournalFilter, limit: usize) -> Future<'_, Result<Vec<Entry>, StoreError>> {
        pass!(self, self.inner.journal(filter, limit))
    }

    fn load(&self, now: Timestamp, sink: Sink) -> Future<'_, Result<(), StoreError>> {
        pass!(self, self.inner.load(now, sink))
    }

    fn touch(&self, batch: Vec<Touch>) -> Future<'_, Result<(), StoreError>> {
        pass!(self, self.inner.touch(batch))
    }
}
