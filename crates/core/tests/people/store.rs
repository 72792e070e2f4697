//! A double of the store's port that passes everything on to `Memory`, lets others have their turn at every call,
//! counts what it is asked, and can answer a commit with an unknown outcome.

use counterfoil_core::clock::Future;
use counterfoil_core::journal::Entry;
use counterfoil_core::load::Sink;
use counterfoil_core::memory::Memory;
use counterfoil_core::store::{
    Change, JournalFilter, Key, Meta, Query, Record, Store, StoreError, TokenFilter, Touch,
};
use jiff::Timestamp;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What befalls a commit whose caller never learns how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It was not kept.
    Before,
    /// It was kept.
    After,
}

pub(crate) struct Double {
    inner: Memory,
    next: Mutex<Option<Fault>>,
    questions: AtomicUsize,
    commits: AtomicUsize,
}

impl Double {
    pub(crate) fn over(inner: Memory) -> Self {
        Self { inner, next: Mutex::default(), questions: 0.into(), commits: 0.into() }
    }

    /// How many questions it was asked, and how often it was to keep a change.
    pub(crate) fn asked(&self) -> [usize; 2] {
        [self.questions.load(Ordering::SeqCst), self.commits.load(Ordering::SeqCst)]
    }

    /// The next commit meets this.
    pub(crate) fn strike(&self, fault: Fault) {
        *self.next.lock().unwrap() = Some(fault);
    }
}

/// Passes a call on between two turns of whoever else waits.
macro_rules! pass {
    ($call:expr) => {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let answer = $call.await;
            tokio::task::yield_now().await;
            answer
        })
    };
}

impl Store for Double {
    fn meta(&self) -> Future<'_, Result<Meta, StoreError>> {
        pass!(self.inner.meta())
    }

    fn reserve(&self, count: u64) -> Future<'_, Result<u64, StoreError>> {
        pass!(self.inner.reserve(count))
    }

    fn commit(&self, change: Change) -> Future<'_, Result<(), StoreError>> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        pass!(async {
            let fault = self.next.lock().unwrap().take();
            if fault != Some(Fault::Before) {
                self.inner.commit(change).await?;
            }
            fault.map_or(Ok(()), |_| Err(StoreError::Unavailable("nobody knows".into())))
        })
    }

    fn find(&self, key: Key) -> Future<'_, Result<Option<Record>, StoreError>> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        pass!(self.inner.find(key))
    }

    fn list(&self, query: Query) -> Future<'_, Result<Vec<Record>, StoreError>> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        pass!(self.inner.list(query))
    }

    fn count(&self, filter: TokenFilter) -> Future<'_, Result<u64, StoreError>> {
        pass!(self.inner.count(filter))
    }

    fn journal(&self, filter: JournalFilter, limit: usize) -> Future<'_, Result<Vec<Entry>, StoreError>> {
        pass!(self.inner.journal(filter, limit))
    }

    fn load(&self, now: Timestamp, sink: Sink) -> Future<'_, Result<(), StoreError>> {
        pass!(self.inner.load(now, sink))
    }

    fn touch(&self, batch: Vec<Touch>) -> Future<'_, Result<(), StoreError>> {
        pass!(self.inner.touch(batch))
    }
}
