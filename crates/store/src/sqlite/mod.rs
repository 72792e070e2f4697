//! A store in one SQLite file: one writer thread, a few read connections, one process.

mod apply;
mod migrate;
mod open;
mod query;
mod readers;
mod rows;
mod writer;

pub(crate) use open::exists;

use crate::error::OpenError;
use counterfoil_core::clock::Future;
use counterfoil_core::journal::Entry;
use counterfoil_core::load::Sink;
use counterfoil_core::store::{
    Change, JournalFilter, Key, Meta, Query, Record, Store, StoreError, TokenFilter, Touch,
};
use jiff::Timestamp;
use readers::Readers;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;
use writer::{Job, Work, Writer};

/// How many changes may wait for the writer; further callers wait to be let in.
const WAITING: usize = 1024;

/// The handle. When it is dropped, what waits is still committed, every connection is closed and the lock given back.
pub struct Sqlite {
    /// `None` only while the handle is being dropped.
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    readers: Arc<Readers>,
    generation: Arc<AtomicU64>,
    alive: watch::Receiver<()>,
    /// Whether the whole file was found sound, or somebody is about to see.
    proved: AtomicBool,
}

impl Sqlite {
    /// Makes the store at `path`: the whole of it is built beside and renamed into place, so that a crash leaves none
    /// or all.
    pub fn create(path: &Path, check: [u8; 16], first: &Change, epoch: Uuid) -> Result<Self, OpenError> {
        open::create(path, check, first, epoch).and_then(|ground| Self::start(path, ground))
    }

    /// Opens the store at `path`, or says in one sentence why not.
    pub fn open(path: &Path, check: [u8; 16]) -> Result<Self, OpenError> {
        open::open(path, check).and_then(|ground| Self::start(path, ground))
    }

    fn start(path: &Path, ground: open::Ground) -> Result<Self, OpenError> {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let (sign_of_life, alive) = watch::channel(());
        let readers = Arc::new(Readers::of(path));
        let generation = Arc::new(AtomicU64::new(0));
        let proved = ground.proved.into();
        let writer = Writer::on(ground, Arc::clone(&readers), Arc::clone(&generation), sign_of_life);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(waiting))
            .map_err(|cause| OpenError::Unreachable { path: path.to_owned(), cause })?;
        Ok(Self { jobs: Some(jobs), writer: Some(writer), readers, generation, alive, proved })
    }

    /// Resolves when the writer has given up for good, or the handle is gone.
    pub fn broken(&self) -> Future<'static, ()> {
        let mut alive = self.alive.clone();
        Box::pin(async move { while alive.changed().await.is_ok() {} })
    }

    async fn write(&self, work: Work) -> Result<u64, StoreError> {
        let gone = || StoreError::Unavailable("the store has given up".into());
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(Job { work, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Sees once whether the file is sound, beside whatever is asked of it: a start would wait long for that.
    fn look_through(&self) {
        if self.proved.swap(true, Ordering::AcqRel) {
            return;
        }
        let Some(jobs) = self.jobs.as_ref().map(mpsc::Sender::downgrade) else { return };
        self.readers.look_through(move |why| {
            tracing::error!(error = &why as &dyn std::error::Error, "the store was looked through");
            if let Some(jobs) = jobs.upgrade() {
                let _ = jobs.blocking_send(Job { work: Work::Doubt, reply: oneshot::channel().0 });
            }
        });
    }

    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.ask(question).await
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(Err(_)) = self.writer.take().map(JoinHandle::join) {
            tracing::error!("the store's writer had panicked");
        }
    }
}

impl Store for Sqlite {
    fn meta(&self) -> Future<'_, Result<Meta, StoreError>> {
        Box::pin(self.read(query::meta))
    }

    fn reserve(&self, count: u64) -> Future<'_, Result<u64, StoreError>> {
        Box::pin(self.write(Work::Reserve(count)))
    }

    fn commit(&self, change: Change) -> Future<'_, Result<(), StoreError>> {
        Box::pin(async { self.write(Work::Change(change)).await.map(drop) })
    }

    fn find(&self, key: Key) -> Future<'_, Result<Option<Record>, StoreError>> {
        Box::pin(self.read(|connection| query::find(connection, key)))
    }

    fn list(&self, query: Query) -> Future<'_, Result<Vec<Record>, StoreError>> {
        Box::pin(self.read(|connection| query::list(connection, query)))
    }

    fn count(&self, filter: TokenFilter) -> Future<'_, Result<u64, StoreError>> {
        Box::pin(self.read(move |connection| query::count(connection, &filter)))
    }

    fn journal(&self, filter: JournalFilter, limit: usize) -> Future<'_, Result<Vec<Entry>, StoreError>> {
        Box::pin(self.read(move |connection| query::journal(connection, filter, limit)))
    }

    fn load(&self, now: Timestamp, sink: Sink) -> Future<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.read(move |connection| query::load(connection, now, sink)).await?;
            self.look_through();
            Ok(())
        })
    }

    fn touch(&self, batch: Vec<Touch>) -> Future<'_, Result<(), StoreError>> {
        Box::pin(async { self.write(Work::Touch(batch)).await.map(drop) })
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}
