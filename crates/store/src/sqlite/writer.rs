//! The one writer: gathers what waits into one transaction, commits it, answers every caller.
//!
//! **The poison rule.** After an I/O error, what SQLite and the kernel hold in memory may never have reached the disk,
//! and every commit acknowledged on top of it may be lost with it. So the first such error poisons the store: its
//! callers learn nothing, every connection is closed, and nobody is answered until a fresh connection has carried the
//! whole log into the database (`wal_checkpoint(TRUNCATE)`, result `0|0|0`) and found it sound (`quick_check`). If that
//! cannot be had the store gives up for good.
//!
//! **A full disk** is another matter: it refuses new bytes before any old ones are in doubt. The changes at hand are
//! taken back, and the next ones try again, on the connections that there are: to open fresh ones takes space too.

use super::apply::{self, Fault};
use super::open::{self, Ground};
use super::readers::Readers;
use crate::error::OpenError;
use counterfoil_core::store::{Change, StoreError, Touch};
use rusqlite::{Connection, Error, ErrorCode, ffi};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// The most jobs in one transaction: enough to share the cost of the flush, few enough to answer soon.
const BATCH: usize = 256;

/// How long the store waits before each attempt to recover.
const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];

/// What somebody waits for.
pub(super) enum Work {
    Change(Change),
    Touch(Vec<Touch>),
    Reserve(u64),
    /// Somebody found the file damaged: it is to be proved as after an I/O error.
    Doubt,
}

/// Work and whoever waits for it. Work is done even if nobody waits any longer.
pub(super) struct Job {
    pub(super) work: Work,
    /// The number is the first one reserved; 0 for other work.
    pub(super) reply: oneshot::Sender<Result<u64, StoreError>>,
}

type Outcome = Result<u64, StoreError>;

pub(super) struct Writer {
    /// `None` while the store is poisoned.
    connection: Option<Connection>,
    path: PathBuf,
    readers: Arc<Readers>,
    generation: Arc<AtomicU64>,
    /// Dropped with the writer, which is how the world learns of its end.
    _sign_of_life: watch::Sender<()>,
    /// Given back last, when every connection is closed. Its file is empty unless the store was given up.
    lock: File,
}

/// The store is poisoned and cannot recover.
struct GivenUp;

impl Writer {
    pub(super) fn on(
        ground: Ground,
        readers: Arc<Readers>,
        generation: Arc<AtomicU64>,
        sign_of_life: watch::Sender<()>,
    ) -> Self {
        Self {
            connection: Some(ground.connection),
            path: ground.path,
            readers,
            generation,
            _sign_of_life: sign_of_life,
            lock: ground.lock,
        }
    }

    /// Works until the handle is gone or the store has to give up.
    pub(super) fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        while waiting.blocking_recv_many(&mut batch, BATCH) > 0 {
            if let Err(GivenUp) = self.work_off(&mut batch) {
                tracing::error!(path = %self.path.display(), "the store has given up");
                // So that whoever opens it next proves it first.
                let _ = self.lock.set_len(1);
                break;
            }
        }
        self.readers.shut();
    }

    fn work_off(&mut self, batch: &mut Vec<Job>) -> Result<(), GivenUp> {
        if self.connection.is_none() {
            self.recover()?;
        }
        let Some(connection) = &self.connection else {
            refuse(batch, "the disk is full");
            return Ok(());
        };
        match commit(connection, batch) {
            Ok(outcomes) => {
                for (job, outcome) in batch.drain(..).zip(outcomes) {
                    // A caller that has gone away wants no answer.
                    let _ = job.reply.send(outcome);
                }
                Ok(())
            }
            Err(error) if is_full(&error) && taken_back(connection) => {
                tracing::error!(path = %self.path.display(), "the disk is full; nothing was changed");
                refuse(batch, "the disk is full");
                Ok(())
            }
            Err(error) => {
                tracing::error!(path = %self.path.display(), %error, "a commit failed; the store is poisoned");
                self.poison();
                refuse(batch, &error.to_string());
                self.recover()
            }
        }
    }

    /// Closes every connection, the readers' first: as long as one is open the log is not read afresh.
    fn poison(&mut self) {
        self.readers.shut();
        self.connection = None;
    }

    /// Tries to find firm ground again. Where only space is missing, the next change tries once more.
    fn recover(&mut self) -> Result<(), GivenUp> {
        for pause in PAUSES {
            std::thread::sleep(pause);
            match open::proved(&self.path) {
                Ok(connection) => {
                    self.connection = Some(connection);
                    self.generation.fetch_add(1, Ordering::AcqRel);
                    self.readers.reopen();
                    tracing::warn!(path = %self.path.display(), "the store has recovered");
                    return Ok(());
                }
                Err(OpenError::Failed { cause, .. }) if is_full(&cause) => return Ok(()),
                Err(error) => {
                    tracing::error!(path = %self.path.display(), %error, "the store has not recovered");
                }
            }
        }
        Err(GivenUp)
    }
}

fn is_full(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Ends the transaction without a trace, unless SQLite has done so itself.
fn taken_back(connection: &Connection) -> bool {
    connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok()
}

fn refuse(batch: &mut Vec<Job>, why: &str) {
    for job in batch.drain(..) {
        let _ = job.reply.send(Err(StoreError::Unavailable(why.into())));
    }
}

/// Does the whole batch in one transaction. A refused job takes back only what it did itself; an error, everything.
fn commit(connection: &Connection, batch: &[Job]) -> rusqlite::Result<Vec<Outcome>> {
    let run = |sql| connection.prepare_cached(sql)?.execute([]).map(drop);
    run("BEGIN IMMEDIATE")?;
    let mut outcomes = Vec::with_capacity(batch.len());
    let mut mark = None;
    for job in batch {
        run("SAVEPOINT job")?;
        let outcome = match apply(connection, &job.work) {
            Ok(number) => {
                mark = mark.max(job.work.at());
                Ok(number)
            }
            Err(Fault::Refused(why)) => {
                run("ROLLBACK TO job")?;
                Err(why)
            }
            Err(Fault::Broken(error)) => return Err(error),
        };
        run("RELEASE job")?;
        outcomes.push(outcome);
    }
    if let Some(mark) = mark {
        apply::mark(connection, mark)?;
    }
    run("COMMIT")?;
    Ok(outcomes)
}

fn apply(connection: &Connection, work: &Work) -> Result<u64, Fault> {
    match work {
        Work::Change(change) => apply::change(connection, change).map(|()| 0),
        Work::Touch(batch) => batch.iter().try_for_each(|touch| apply::touch(connection, touch)).map(|()| 0),
        Work::Reserve(count) => apply::reserve(connection, *count),
        Work::Doubt => Err(Fault::Broken(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None))),
    }
}

impl Work {
    fn at(&self) -> Option<jiff::Timestamp> {
        match self {
            Self::Change(change) => Some(change.at),
            Self::Touch(_) | Self::Reserve(_) | Self::Doubt => None,
        }
    }
}
