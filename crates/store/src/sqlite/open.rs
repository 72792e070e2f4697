//! How a store comes to be and how it is opened; every refusal. Nothing but SQLite ever opens the database file: closing
//! any other handle on it would drop the locks that SQLite holds.

use super::apply::{self, Fault};
use super::migrate::{self, APPLICATION};
use crate::error::OpenError;
use counterfoil_core::store::Change;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use std::ffi::c_int;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Before this, two connections could corrupt the write-ahead log between them.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How many pages the log may hold before they are carried into the database.
const LOG_PAGES: c_int = 1000;

/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 128;

/// What a store stands on: its lock and a connection that has carried the log over.
pub(super) struct Ground {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) lock: File,
    /// Whether the whole file was found sound.
    pub(super) proved: bool,
}

/// Whether anything lies at the path.
pub(crate) fn exists(path: &Path) -> Result<bool, OpenError> {
    path.try_exists().map_err(|cause| out_of_reach(path, cause))
}

/// Opens what `create` made, once it is sure that it is ours, writable, and nobody else's at the moment. To find it sound
/// takes as long as to read all of it, journal included: that is waited for only where a log says that nobody closed it, or
/// the lock that it was given up.
pub(super) fn open(path: &Path, check: [u8; 16]) -> Result<Ground, OpenError> {
    let file = fs::metadata(path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => OpenError::Missing(path.to_owned()),
        _ => out_of_reach(path, cause),
    })?;
    match () {
        () if file.is_dir() => return Err(OpenError::Directory(path.to_owned())),
        () if !file.is_file() => return Err(OpenError::Irregular(path.to_owned())),
        () if file.len() == 0 => return Err(OpenError::Empty(path.to_owned())),
        () => {}
    }
    let lock = lock(path)?;
    // Asked before anything opens the file: whoever closes it last takes the log away.
    let given_up = lock.metadata().map_err(|cause| out_of_reach(path, cause))?.len() > 0;
    let proved = given_up || exists(&beside(path, "-wal"))?;
    identify(path, check)?;
    let mut connection = if proved { self::proved(path)? } else { carried_over(path)? };
    lock.set_len(0).map_err(|cause| out_of_reach(path, cause))?;
    migrate::migrate(&mut connection, |transaction| {
        // Whether the file can be written shows only in writing.
        transaction.execute("UPDATE meta SET mark = mark", []).map(drop)
    })
    .map_err(|cause| failed(path, cause))?;
    Ok(Ground { path: path.to_owned(), connection, lock, proved })
}

/// Makes a store with its first records.
pub(super) fn create(path: &Path, check: [u8; 16], first: &Change, epoch: Uuid) -> Result<Ground, OpenError> {
    let lock = lock(path)?;
    // A log without its database would be read into the new one.
    for present in [path.to_owned(), beside(path, "-wal"), beside(path, "-journal")] {
        if exists(&present)? {
            return Err(OpenError::Exists(present));
        }
    }
    let new = beside(path, ".new");
    for leftover in ["", "-wal", "-shm", "-journal"].map(|suffix| beside(&new, suffix)) {
        match fs::remove_file(&leftover) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(out_of_reach(&leftover, cause));
            }
            _ => {}
        }
    }
    // Made before SQLite opens it, for its mode; the log and its index get the same.
    private().create_new(true).open(&new).map_err(|cause| unwritable(&new, &cause))?;
    build(&new, check, first, epoch)?;
    fs::rename(&new, path).map_err(|cause| unwritable(path, &cause))?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|cause| out_of_reach(directory, cause))?;
    Ok(Ground { path: path.to_owned(), connection: carried_over(path)?, lock, proved: true })
}

fn build(path: &Path, check: [u8; 16], first: &Change, epoch: Uuid) -> Result<(), OpenError> {
    let mut connection = writer(path).map_err(|cause| failed(path, cause))?;
    migrate::migrate(&mut connection, |transaction| {
        transaction.execute(
            "INSERT INTO meta (only, epoch, root_check, mark, next_token) VALUES (1, ?1, ?2, ?3, 1)",
            params![epoch, check, first.at.as_millisecond()],
        )?;
        apply::change(transaction, first)?;
        transaction
            .execute("UPDATE meta SET next_token = 1 + (SELECT ifnull(max(number), 0) FROM token)", [])?;
        Ok(())
    })
    .map_err(|fault: Fault| match fault {
        Fault::Refused(why) => OpenError::First(why),
        Fault::Broken(cause) => failed(path, cause),
    })?;
    carry_all_over(path, &connection)?;
    prove(path, &connection)?;
    connection.close().map_err(|(_, cause)| failed(path, cause))
}

/// One process a store: the lock lasts as long as the file stays open, and ends with the process.
fn lock(path: &Path) -> Result<File, OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    let lock = beside(path, ".lock");
    let file = private().create(true).open(&lock).map_err(|cause| unwritable(&lock, &cause))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(path.to_owned())),
        Err(TryLockError::Error(cause)) => Err(out_of_reach(&lock, cause)),
    }
}

/// Whether the file is a store of ours that this build and this root secret can read; changes nothing.
fn identify(path: &Path, check: [u8; 16]) -> Result<(), OpenError> {
    let failed = |cause| failed(path, cause);
    let connection = connect(path).map_err(failed)?;
    let found: u32 = connection
        .pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0))
        .map_err(failed)?
        .cast_unsigned();
    if found != APPLICATION {
        return Err(OpenError::Foreign { path: path.to_owned(), found });
    }
    let (found, known) = (migrate::schema(&connection).map_err(failed)?, migrate::newest());
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    let kept: [u8; 16] =
        connection.query_one("SELECT root_check FROM meta", [], |row| row.get(0)).map_err(failed)?;
    if kept != check {
        return Err(OpenError::OtherSecret(path.to_owned()));
    }
    Ok(())
}

/// A fresh connection that has carried the whole log into the database and found it sound: whatever went wrong before,
/// what it shows is on the disk.
pub(super) fn proved(path: &Path) -> Result<Connection, OpenError> {
    let connection = carried_over(path)?;
    prove(path, &connection)?;
    Ok(connection)
}

/// A fresh connection that has carried the whole log into the database.
fn carried_over(path: &Path) -> Result<Connection, OpenError> {
    let connection = writer(path).map_err(|cause| failed(path, cause))?;
    carry_all_over(path, &connection)?;
    Ok(connection)
}

fn carry_all_over(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let checkpoint: [i64; 3] = connection
        .query_one("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))
        .map_err(|cause| failed(path, cause))?;
    if checkpoint != [0; 3] {
        let found = format!("the log could not be carried over: {checkpoint:?}");
        return Err(OpenError::Damaged { path: path.to_owned(), found });
    }
    Ok(())
}

/// Whether the whole file is sound.
pub(super) fn prove(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let found: String = connection
        .query_one("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|cause| failed(path, cause))?;
    if found == "ok" { Ok(()) } else { Err(OpenError::Damaged { path: path.to_owned(), found }) }
}

/// A connection to read with.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn writer(path: &Path) -> rusqlite::Result<Connection> {
    let mut connection = connect(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.wal_hook(Some(carry_over))?;
    Ok(connection)
}

/// Carries the log over as SQLite would by itself, except that SQLite would keep an I/O error to itself.
fn carry_over(log: &mut Wal, pages: c_int) -> rusqlite::Result<()> {
    if pages < LOG_PAGES {
        return Ok(());
    }
    match log.checkpoint() {
        // The log still has it all, and the next commit will tell if it cannot grow.
        Err(cause) if cause.sqlite_error_code() == Some(ErrorCode::DiskFull) => Ok(()),
        carried => carried,
    }
}

/// Never creates a file, never reads a URI.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// What an error of SQLite means to whoever wants to open the file.
pub(super) fn failed(path: &Path, cause: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Alien(path),
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, found: cause.to_string() },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            OpenError::Unwritable { path, why: cause.to_string() }
        }
        _ => OpenError::Failed { path, cause },
    }
}

fn unwritable(path: &Path, cause: &io::Error) -> OpenError {
    OpenError::Unwritable { path: path.to_owned(), why: cause.to_string() }
}

fn out_of_reach(path: &Path, cause: io::Error) -> OpenError {
    OpenError::Unreachable { path: path.to_owned(), cause }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
