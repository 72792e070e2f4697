//! The read connections: few, `query_only`, each lent to one question at a time on a thread that may block. When the
//! store is poisoned they are all closed, and none is opened until the writer has proved the file sound.

use super::open;
use crate::error::OpenError;
use counterfoil_core::store::StoreError;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// After so many steps of SQLite, whoever looks through the file sees whether it still may.
const STEPS: std::ffi::c_int = 10_000;

/// More would only queue for the same cores.
const CONNECTIONS: usize = 4;

pub(super) struct Readers {
    path: PathBuf,
    permits: Semaphore,
    pool: Mutex<Pool>,
    returned: Condvar,
}

struct Pool {
    open: bool,
    idle: Vec<Connection>,
    lent: usize,
}

/// A connection on loan; it comes back when dropped.
struct Loan<'r> {
    readers: &'r Readers,
    /// `None` if the connection is not to be used again.
    connection: Option<Connection>,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.pool();
        pool.lent -= 1;
        if pool.open {
            pool.idle.extend(self.connection.take());
        }
        // Closed before anybody is told: the writer counts on it.
        drop(self.connection.take());
        self.readers.returned.notify_all();
    }
}

impl Readers {
    pub(super) fn of(path: &Path) -> Self {
        let pool = Pool { open: true, idle: Vec::new(), lent: 0 };
        Self {
            path: path.to_owned(),
            permits: Semaphore::new(CONNECTIONS),
            pool: Mutex::new(pool),
            returned: Condvar::new(),
        }
    }

    /// Puts the question to one of the connections.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(self);
        let _permit = self.permits.acquire().await.map_err(unavailable)?;
        tokio::task::spawn_blocking(move || {
            let mut loan = readers.lend()?;
            let connection = loan.connection.as_ref().ok_or_else(closed)?;
            let answer = question(connection);
            if answer.is_err() {
                loan.connection = None;
            }
            answer.map_err(unavailable)
        })
        .await
        .map_err(unavailable)?
    }

    /// Reads the whole file on a thread of its own and says what is wrong with it, unless the readers are shut meanwhile.
    pub(super) fn look_through(self: &Arc<Self>, say: impl FnOnce(OpenError) + Send + 'static) {
        let readers = Arc::clone(self);
        let looking = move || {
            let Ok(mut loan) = readers.lend() else { return };
            // Not to be used again: it would break off other questions too.
            let Some(mut connection) = loan.connection.take() else { return };
            let shut = Arc::clone(&readers);
            let found = connection
                .progress_handler(STEPS, Some(move || !shut.pool().open))
                .map_err(|cause| open::failed(&readers.path, cause))
                .and_then(|()| open::prove(&readers.path, &connection));
            drop(connection);
            drop(loan);
            match found {
                Err(why) if readers.pool().open => say(why),
                _ => {}
            }
        };
        if let Err(why) = std::thread::Builder::new().name("store-check".to_owned()).spawn(looking) {
            tracing::warn!(%why, "the store is not looked through");
        }
    }

    /// Lets nobody read any more; returns when the last connection is closed.
    pub(super) fn shut(&self) {
        let mut pool = self.pool();
        pool.open = false;
        pool.idle.clear();
        while pool.lent > 0 {
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets readers in again, on new connections.
    pub(super) fn reopen(&self) {
        self.pool().open = true;
    }

    fn lend(&self) -> Result<Loan<'_>, StoreError> {
        let mut pool = self.pool();
        if !pool.open {
            return Err(closed());
        }
        let connection = match pool.idle.pop() {
            Some(connection) => connection,
            None => open::reader(&self.path).map_err(unavailable)?,
        };
        pool.lent += 1;
        Ok(Loan { readers: self, connection: Some(connection) })
    }

    /// Nothing is left half done under this lock, so a panic under it spoils nothing.
    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable(cause.into())
}

fn closed() -> StoreError {
    unavailable("the store is not read until its file is proved sound")
}
